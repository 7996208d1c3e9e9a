package batch

import (
	"math/rand/v2"
	"slices"
	"testing"

	"moeflow/stages/kvcache"
)

// life is what a sequence of a random test has to go through.
type life struct {
	Request
	ids     []int32 // the prompt and every token sampled so far
	next    int     // position of its next row
	late    []int32 // tokens sampled and not yet pushed
	sampled int
	entered bool
	done    bool // finished, and not yet told to leave
}

// world follows a scheduler as a device and a host would.
type world struct {
	t       *testing.T
	r       *rand.Rand
	s       *Scheduler
	c       *kvcache.Pool
	lives   map[kvcache.ID]*life
	cells   []int32 // the ids whose keys and values lie in the cache
	held    []int32 // the token last sampled for each slot
	evicted int
	shared  int
	partly  int // positions of Entered.Shared in pages that are not full
	steps   int
}

// TestRandom joins, ends and runs sequences at random, in little memory, and
// checks every row of every step against what the sequence should compute.
func TestRandom(t *testing.T) {
	evicted, shared, partly := 0, 0, 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		c := Config{Context: 5 + r.IntN(50), Sequences: 1 + r.IntN(9), Apart: r.IntN(2) == 0, Keep: r.IntN(2) == 0, Piece: max(0, r.IntN(12)-6)}
		size := 1 + r.IntN(5)
		s, cache := scheduler(t, c, (c.Context+size-1)/size+r.IntN(20), size)
		w := &world{t: t, r: r, s: s, c: cache, lives: map[kvcache.ID]*life{}, cells: make([]int32, cache.Pages()*size), held: make([]int32, c.Sequences)}
		w.play(c)
		evicted, shared, partly = evicted+w.evicted, shared+w.shared, partly+w.partly
		if cache.FreePositions() != cache.Pages()*size || len(s.all)+len(s.running)+len(s.waiting) > 0 || slices.Contains(s.slots, true) || s.resting != 0 {
			t.Fatalf("seed %d: something is left behind: %+v", seed, s)
		}
	}
	if evicted < 100 || shared < 1000 || partly < 1000 {
		t.Errorf("%d sequences gave their place up, %d positions were shared, %d of pages that were not full: too few for a test", evicted, shared, partly)
	}
}

func (w *world) play(c Config) {
	id, most := kvcache.ID(0), 120
	for int(id) < most || len(w.lives) > 0 {
		for range w.r.IntN(4) {
			if id++; int(id) <= most {
				w.join(id, c)
			} else if int(id) == most+1 {
				w.s.Drain()
			}
		}
		if w.r.IntN(12) == 0 {
			for gone := range w.lives {
				leave := w.s.Leave
				if w.r.IntN(3) == 0 {
					leave = w.s.Discard
				}
				leave(gone)
				delete(w.lives, gone)
				break
			}
		}
		prompts, decode := 1+w.r.IntN(20), 1+w.r.IntN(9)
		if !c.Apart {
			decode = prompts
		}
		before := w.s.Waiting()
		step := Step{}
		if err := w.s.Next(&step, Limits{prompts, 1 + w.r.IntN(9), w.c.Pages()}, Limits{decode, 1 + w.r.IntN(9), w.c.Pages()}); err != nil {
			w.t.Fatal(err)
		}
		if n := w.s.Waiting() - before; n > 0 {
			w.evicted += n
		}
		w.follow(step, c)
		w.push(len(step.Rows) == 0)
		if w.steps++; w.steps > 20000 {
			w.t.Fatalf("sequences never finish: %d run, %d wait", w.s.Running(), w.s.Waiting())
		}
	}
	if err := w.s.Next(&Step{}, rows(1), rows(1)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) join(id kvcache.ID, c Config) {
	prompt := make([]int32, w.r.IntN(c.Context+3))
	for i := range prompt { // of two ids, so that beginnings meet
		prompt[i] = int32(w.r.IntN(2) * w.r.IntN(2))
	}
	q := Request{ID: id, Prompt: prompt, Generate: w.r.IntN(25), OnDevice: w.r.IntN(2) == 0}
	err := w.s.Join(q)
	if (err != nil) != (len(prompt) == 0 || len(prompt) > c.Context) {
		w.t.Fatalf("%+v: %v", q, err)
	}
	if err == nil {
		w.lives[id] = &life{Request: q, ids: slices.Clone(prompt)}
	}
}

// follow computes a step: every row must be the next of its sequence, with the
// token that stands there, and find in the cache what it attends to.
func (w *world) follow(step Step, c Config) {
	t := w.t
	for _, e := range step.Entered {
		l := w.lives[e.ID]
		if l.entered {
			t.Fatalf("sequence %d enters twice", e.ID)
		}
		l.entered = true
		w.shared += e.Shared
		w.partly += e.Shared % w.c.PageSize()
	}
	// All keys and values of a step are stored before any row attends.
	slots, kinds, outs := map[int]kvcache.ID{}, [2]bool{}, 0
	for _, row := range step.Rows {
		l := w.lives[row.Seq]
		if l == nil || !l.entered {
			t.Fatalf("a row of sequence %d, which is not there", row.Seq)
		}
		if other, used := slots[row.Slot]; used && other != row.Seq {
			t.Fatalf("sequences %d and %d in slot %d", row.Seq, other, row.Slot)
		}
		slots[row.Slot] = row.Seq
		token := row.Token
		if row.Sampled {
			token = w.held[row.Slot]
		}
		if row.Position >= len(l.ids) || token != l.ids[row.Position] {
			t.Fatalf("%+v, where the sequence has %v", row, l.ids)
		}
		kinds[min(1, row.Position/len(l.Prompt))] = true
		w.cells[w.cell(row.Seq, row.Position)] = token
	}
	if c.Apart && kinds[0] && kinds[1] {
		t.Fatal("rows of prompts and of generated tokens are in one step")
	}
	for _, row := range step.Rows {
		l := w.lives[row.Seq]
		for p := range row.Position + 1 {
			if got := w.cells[w.cell(row.Seq, p)]; got != l.ids[p] {
				t.Fatalf("sequence %d finds %d at position %d, want %d", row.Seq, got, p, l.ids[p])
			}
		}
		if row.Sample != (row.Position == len(l.ids)-1 && l.sampled < l.Generate) {
			t.Fatalf("%+v of %d tokens", row, len(l.ids))
		}
	}
	for _, row := range step.Rows {
		if row.Sample {
			outs++
			l := w.lives[row.Seq]
			token := int32(w.r.IntN(3))
			w.held[row.Slot] = token
			l.ids, l.late = append(l.ids, token), append(l.late, token)
			l.sampled++
		}
	}
	if outs != step.Outs {
		t.Fatalf("%d rows are sampled, the step says %d", outs, step.Outs)
	}
	for _, id := range step.Finished {
		l := w.lives[id]
		if want := min(l.Generate, c.Context-len(l.Prompt)+1); l.sampled != want {
			t.Fatalf("sequence %d of %d+%d in a context of %d finished after %d samples", id, len(l.Prompt), l.Generate, c.Context, l.sampled)
		}
		if l.done = true; !c.Keep {
			delete(w.lives, id)
		}
	}
}

func (w *world) cell(id kvcache.ID, p int) int {
	return int(w.c.Table(id)[p/w.c.PageSize()])*w.c.PageSize() + p%w.c.PageSize()
}

// push tells the scheduler of tokens, some time after they were sampled; of all
// if it waits for them.
func (w *world) push(all bool) {
	for id, l := range w.lives {
		for len(l.late) > 0 && (all || w.r.IntN(3) > 0) {
			if err := w.s.Push(id, l.late[0]); err != nil {
				w.t.Fatal(err)
			}
			l.late = l.late[1:]
		}
		if l.done && len(l.late) == 0 {
			w.s.Leave(id)
			delete(w.lives, id)
		}
	}
}
