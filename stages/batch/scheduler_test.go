package batch

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"moeflow/stages/kvcache"
)

func scheduler(t *testing.T, c Config, pages, pageSize int) (*Scheduler, *kvcache.Pool) {
	t.Helper()
	cache, err := kvcache.New(pages, pageSize)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(c, cache)
	if err != nil {
		t.Fatal(err)
	}
	return s, cache
}

func next(t *testing.T, s *Scheduler, maxRows int) Step {
	t.Helper()
	step, err := s.Next(maxRows)
	if err != nil {
		t.Fatal(err)
	}
	return step
}

func join(t *testing.T, s *Scheduler, r Request) {
	t.Helper()
	if err := s.Join(r); err != nil {
		t.Fatal(err)
	}
}

// One sequence: its prompt in pieces, then a row a step.
func TestOneSequence(t *testing.T) {
	s, cache := scheduler(t, Config{Context: 100, Sequences: 2, OnDevice: true}, 4, 8)
	join(t, s, Request{ID: 5, Prompt: []int32{10, 11, 12}, Generate: 3})
	want := [][]Row{
		{{Seq: 5, Token: 10}, {Seq: 5, Position: 1, Token: 11}},
		{{Seq: 5, Position: 2, Token: 12, Logits: true, Sample: true}},
		{{Seq: 5, Position: 3, Sampled: true, Logits: true, Sample: true}},
		{{Seq: 5, Position: 4, Sampled: true, Logits: true, Sample: true}},
		nil,
	}
	for i, rows := range want {
		step := next(t, s, 2)
		if !slices.Equal(step.Rows, rows) {
			t.Errorf("step %d has rows %+v, want %+v", i, step.Rows, rows)
		}
		if done := slices.Equal(step.Finished, []kvcache.ID{5}); done != (i == 3) {
			t.Errorf("step %d: finished %v", i, step.Finished)
		}
		if i == 3 && cache.Len(5) != 5 {
			t.Errorf("the last step's positions are gone before it ran: %d left", cache.Len(5))
		}
	}
	if cache.FreePositions() != 32 || s.Running() != 0 {
		t.Errorf("%d positions are free and %d sequences run after the end, want 32 and 0", cache.FreePositions(), s.Running())
	}
}

// Tokens that the host samples come back through Push; without it a sequence
// waits and others go on.
func TestPush(t *testing.T) {
	s, _ := scheduler(t, Config{Context: 100, Sequences: 2}, 4, 8)
	join(t, s, Request{ID: 1, Prompt: []int32{10}, Generate: 2})
	if err := s.Push(1, 3); err == nil {
		t.Error("a token for a sequence that still reads its prompt is no error")
	}
	next(t, s, 8)
	if step := next(t, s, 8); len(step.Rows) != 0 {
		t.Errorf("rows without a token: %+v", step.Rows)
	}
	if err := s.Push(1, 77); err != nil {
		t.Fatal(err)
	}
	if err := s.Push(1, 78); err == nil {
		t.Error("a second token for one row is no error")
	}
	step := next(t, s, 8)
	if want := []Row{{Seq: 1, Position: 1, Token: 77, Logits: true, Sample: true}}; !slices.Equal(step.Rows, want) || len(step.Finished) != 1 {
		t.Errorf("rows %+v, finished %v; want %+v", step.Rows, step.Finished, want)
	}
	if err := s.Push(1, 79); err != nil {
		t.Errorf("the last token of a finished sequence: %v", err)
	}
	if err := s.Push(9, 1); err != nil {
		t.Errorf("a token for a sequence that left: %v", err)
	}
}

func TestJoinErrors(t *testing.T) {
	s, _ := scheduler(t, Config{Context: 20, Sequences: 2}, 2, 8)
	join(t, s, Request{ID: 1, Prompt: []int32{1}})
	for want, r := range map[string]Request{
		"the prompt of sequence 2 is empty, want at least one token":                          {ID: 2},
		"the prompt of sequence 2 has 21 tokens, which is more than the context length of 20": {ID: 2, Prompt: make([]int32, 21)},
		"sequence 1 has joined already":                                                       {ID: 1, Prompt: []int32{1}},
		"sequence 2 is to generate -1 tokens, want at least 0":                                {ID: 2, Prompt: []int32{1}, Generate: -1},
		"sequence 2 needs 17 positions, which is more than the 16 of the kv cache":            {ID: 2, Prompt: make([]int32, 17)},
		"sequence 3 needs 20 positions, which is more than the 16 of the kv cache":            {ID: 3, Prompt: make([]int32, 10), Generate: 1 << 62},
	} {
		if err := s.Join(r); err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
	cache, _ := kvcache.New(1, 1)
	if _, err := New(Config{Context: 0, Sequences: 1}, cache); err == nil {
		t.Error("a context of 0 is no error")
	}
	if err := cache.Append(1, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Context: 1, Sequences: 1}, cache); err == nil || !strings.Contains(err.Error(), "0 of 1") {
		t.Errorf("a used cache: %v", err)
	}
}

// With fewer rows than sequences, all get the same number of turns.
func TestTurns(t *testing.T) {
	s, _ := scheduler(t, Config{Context: 1000, Sequences: 5, OnDevice: true}, 50, 8)
	for id := range 5 {
		join(t, s, Request{ID: kvcache.ID(id), Prompt: []int32{1}, Generate: 70})
	}
	next(t, s, 5)
	turns := map[kvcache.ID]int{}
	for range 50 {
		step := next(t, s, 3)
		if len(step.Rows) != 3 {
			t.Fatalf("%d rows, want 3", len(step.Rows))
		}
		for _, r := range step.Rows {
			turns[r.Seq]++
		}
	}
	for id, n := range turns {
		if n != 30 {
			t.Errorf("sequence %d got %d of 150 rows, want 30", id, n)
		}
	}
}

// Decode rows come first, prompts fill the rest, and a sequence that joins late
// does not hold up one that generates.
func TestDecodeFirst(t *testing.T) {
	s, _ := scheduler(t, Config{Context: 100, Sequences: 4, OnDevice: true}, 40, 8)
	join(t, s, Request{ID: 1, Prompt: []int32{1, 2}, Generate: 10})
	next(t, s, 4)
	join(t, s, Request{ID: 2, Prompt: make([]int32, 6), Generate: 1, AllLogits: true})
	step := next(t, s, 4)
	if len(step.Rows) != 4 || step.Rows[0].Seq != 1 || !step.Rows[0].Sampled || step.Rows[3].Seq != 2 || step.Rows[3].Position != 2 {
		t.Errorf("rows %+v", step.Rows)
	}
	for _, r := range step.Rows[1:] {
		if !r.Logits || r.Sample {
			t.Errorf("a prompt row with AllLogits is %+v", r)
		}
	}
	if step.Rows[0].Slot == step.Rows[1].Slot {
		t.Error("two sequences share a slot")
	}
}

func TestBucket(t *testing.T) {
	for rows, want := range map[int]int{-1: 0, 0: 0, 1: 1, 2: 2, 3: 4, 4: 4, 5: 8, 33: 64, 511: 512, 512: 512, 513: 0} {
		if got := Bucket(rows); got != want {
			t.Errorf("Bucket(%d) = %d, want %d", rows, got, want)
		}
	}
	all := Buckets()
	if len(all) != 10 || all[0] != 1 || all[9] != MaxRows {
		t.Errorf("Buckets() = %v", all)
	}
	for _, b := range all {
		if Bucket(b) != b {
			t.Errorf("bucket %d is not its own", b)
		}
	}
}

// life is what a sequence has been given so far in TestRandom.
type life struct {
	Request
	rows    int
	sampled int
	slot    int
}

// Sequences of all sizes join and leave at random; every row is the one that
// its sequence needs next, and all of them finish.
func TestRandom(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 7))
		c := Config{Context: 1 + r.IntN(40), Sequences: 1 + r.IntN(5), OnDevice: seed%2 == 0}
		s, cache := scheduler(t, c, 3+r.IntN(20), 1+r.IntN(8))
		lives := map[kvcache.ID]*life{}
		for id := kvcache.ID(0); id < 60 || len(lives) > 0; id++ {
			if r := request(r, id, c); id < 60 && s.Join(r) == nil {
				lives[id] = &life{Request: r, slot: -1}
			}
			if gone := kvcache.ID(r.IntN(60)); r.IntN(8) == 0 {
				s.Leave(gone)
				delete(lives, gone)
			}
			step := next(t, s, 1+r.IntN(12))
			if len(step.Rows) == 0 && len(lives) > 0 {
				t.Fatalf("seed %d: no rows while %d sequences are not done", seed, len(lives))
			}
			follow(t, s, cache, lives, step)
			if id > 5000 {
				t.Fatalf("seed %d: sequences never finish", seed)
			}
		}
		next(t, s, 1)
		if cache.FreePositions() != cache.Pages()*cache.PageSize() || s.promise != 0 || len(s.all) != 0 || slices.Contains(s.slots, true) {
			t.Fatalf("seed %d: something is left behind: %+v", seed, s)
		}
	}
}

func request(r *rand.Rand, id kvcache.ID, c Config) Request {
	prompt := make([]int32, r.IntN(c.Context+3))
	for i := range prompt {
		prompt[i] = r.Int32()
	}
	return Request{ID: id, Prompt: prompt, Generate: r.IntN(12), AllLogits: r.IntN(4) == 0}
}

// follow checks a step against the lives, and answers it as a host would.
func follow(t *testing.T, s *Scheduler, cache *kvcache.Pool, lives map[kvcache.ID]*life, step Step) {
	t.Helper()
	slots := map[int]kvcache.ID{}
	for _, row := range step.Rows {
		l := lives[row.Seq]
		if l == nil {
			t.Fatalf("a row of sequence %d, which has left", row.Seq)
		}
		if l.slot < 0 {
			l.slot = row.Slot
		}
		if other, used := slots[row.Slot]; l.slot != row.Slot || used && other != row.Seq {
			t.Fatalf("sequence %d moved from slot %d to %d, or shares it", row.Seq, l.slot, row.Slot)
		}
		slots[row.Slot] = row.Seq
		last := l.rows >= len(l.Prompt)-1 && l.Generate > 0
		want := Row{Seq: row.Seq, Slot: l.slot, Position: l.rows, Sample: last, Logits: last || l.AllLogits}
		switch {
		case l.rows < len(l.Prompt):
			want.Token = l.Prompt[l.rows]
		case s.config.OnDevice:
			want.Sampled = true
		default:
			want.Token = int32(l.rows)
		}
		if row != want {
			t.Fatalf("row %+v, want %+v", row, want)
		}
		if l.rows++; last {
			l.sampled++
		}
		if cache.Len(row.Seq) < l.rows {
			t.Fatalf("position %d of sequence %d has no place in the cache", row.Position, row.Seq)
		}
		if last && !s.config.OnDevice {
			if err := s.Push(row.Seq, int32(l.rows)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, id := range step.Finished {
		l := lives[id]
		if want := min(l.Generate, s.config.Context-len(l.Prompt)+1); l.sampled != want || l.rows < len(l.Prompt) {
			t.Fatalf("sequence %d of %d+%d in a context of %d finished with %d rows and %d samples", id, len(l.Prompt), l.Generate, s.config.Context, l.rows, l.sampled)
		}
		delete(lives, id)
	}
}
