package batch

import (
	"fmt"
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

// rows bounds a step's rows only.
func rows(n int) Limits { return Limits{Rows: n, Outs: n, Pages: 1 << 30} }

func next(t *testing.T, s *Scheduler, most Limits) Step {
	t.Helper()
	var step Step
	if err := s.Next(&step, most, most); err != nil {
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

func push(t *testing.T, s *Scheduler, id kvcache.ID, token int32) {
	t.Helper()
	if err := s.Push(id, token); err != nil {
		t.Fatal(err)
	}
}

// numbers are n ids from first on.
func numbers(first, n int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(first + i)
	}
	return ids
}

// brief says which sequences a step has rows of, and how many.
func brief(step Step) string {
	var out []string
	for i := 0; i < len(step.Rows); {
		n := 1
		for i+n < len(step.Rows) && step.Rows[i+n].Seq == step.Rows[i].Seq {
			n++
		}
		out = append(out, fmt.Sprintf("%d×%d", step.Rows[i].Seq, n))
		i += n
	}
	return strings.Join(out, " ")
}

// One sequence: its prompt in pieces, then a row a step.
func TestOneSequence(t *testing.T) {
	s, cache := scheduler(t, Config{Context: 100, Sequences: 2}, 4, 8)
	join(t, s, Request{ID: 5, Prompt: []int32{10, 11, 12}, Generate: 3, OnDevice: true})
	want := [][]Row{
		{{Seq: 5, Token: 10}, {Seq: 5, Position: 1, Token: 11}},
		{{Seq: 5, Position: 2, Token: 12, Sample: true}},
		{{Seq: 5, Position: 3, Sampled: true, Sample: true}},
		{{Seq: 5, Position: 4, Sampled: true, Sample: true}},
		nil,
	}
	for i, rows := range want {
		step := next(t, s, Limits{Rows: 2, Outs: 2, Pages: 4})
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
	next(t, s, rows(8))
	if step := next(t, s, rows(8)); len(step.Rows) != 0 {
		t.Errorf("rows without a token: %+v", step.Rows)
	}
	push(t, s, 1, 77)
	if err := s.Push(1, 78); err == nil {
		t.Error("a second token for one row is no error")
	}
	step := next(t, s, rows(8))
	if want := []Row{{Seq: 1, Position: 1, Token: 77, Sample: true}}; !slices.Equal(step.Rows, want) || len(step.Finished) != 1 {
		t.Errorf("rows %+v, finished %v; want %+v", step.Rows, step.Finished, want)
	}
	push(t, s, 1, 79)
	push(t, s, 9, 1) // one that left
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
	s, _ := scheduler(t, Config{Context: 1000, Sequences: 5}, 50, 8)
	for id := range 5 {
		join(t, s, Request{ID: kvcache.ID(id), Prompt: []int32{1}, Generate: 70, OnDevice: true})
	}
	next(t, s, rows(5))
	turns := map[kvcache.ID]int{}
	for range 50 {
		step := next(t, s, rows(3))
		if len(step.Rows) != 3 {
			t.Fatalf("%d rows, want 3", len(step.Rows))
		}
		for _, r := range step.Rows {
			turns[r.Seq]++
		}
	}
	for id := range 5 {
		if turns[kvcache.ID(id)] != 30 {
			t.Errorf("sequence %d had %d turns of 150 among 5", id, turns[kvcache.ID(id)])
		}
	}
}

// Prompts ride along with decoding, oldest first, in what rows are left.
func TestPromptsRideAlong(t *testing.T) {
	s, _ := scheduler(t, Config{Context: 1000, Sequences: 4}, 50, 8)
	join(t, s, Request{ID: 1, Prompt: numbers(0, 2), Generate: 9, OnDevice: true})
	for i, want := range []string{"1×2", "1×1 2×5", "2×1 1×1 3×4", "2×1 1×1 3×4", "2×1 3×1 1×1"} {
		if got := brief(next(t, s, rows(6))); got != want {
			t.Errorf("step %d: %s, want %s", i, got, want)
		}
		switch i {
		case 0:
			join(t, s, Request{ID: 2, Prompt: numbers(100, 5), Generate: 9, OnDevice: true})
		case 1:
			join(t, s, Request{ID: 3, Prompt: numbers(200, 8), Generate: 9, OnDevice: true})
		}
	}
}

// No step has more logits or page numbers than it may.
func TestLimits(t *testing.T) {
	s, _ := scheduler(t, Config{Context: 1000, Sequences: 8}, 60, 8)
	for id := range 6 {
		join(t, s, Request{ID: kvcache.ID(id), Prompt: numbers(100*id, 20), Generate: 9, OnDevice: true})
	}
	for i, c := range []struct {
		most Limits
		want string
	}{
		{Limits{Rows: 64, Outs: 2, Pages: 9}, "0×20 1×20 2×19"},
		{Limits{Rows: 64, Outs: 2, Pages: 9}, "0×1 1×1 3×19"}, // no logits are left for 2
		{Limits{Rows: 64, Outs: 3, Pages: 12}, "0×1 1×1 2×1 4×19"},
		{Limits{Rows: 3, Outs: 9, Pages: 6}, "2×1 0×1"}, // no page numbers for a third
		{Limits{Rows: 64, Outs: 9, Pages: 1}, "1×1"},
	} {
		if step := next(t, s, c.most); brief(step) != c.want || step.Outs > c.most.Outs || step.Pages > max(3, c.most.Pages) {
			t.Errorf("step %d: %s with %d logits and %d pages, want %s", i, brief(step), step.Outs, step.Pages, c.want)
		}
	}
}

// At the end the longest goes first; before, the first come.
func TestTail(t *testing.T) {
	for _, tail := range []bool{false, true} {
		s, _ := scheduler(t, Config{Context: 1000, Sequences: 1}, 100, 8)
		for id, n := range []int{3, 1, 5, 4} {
			join(t, s, Request{ID: kvcache.ID(id), Prompt: numbers(100*id, 2), Generate: n, OnDevice: true})
		}
		if tail {
			s.Drain()
		}
		var order []int
		for range 13 {
			if id := int(next(t, s, rows(8)).Rows[0].Seq); !slices.Contains(order, id) {
				order = append(order, id)
			}
		}
		if want := map[bool][]int{false: {0, 1, 2, 3}, true: {2, 3, 0, 1}}[tail]; !slices.Equal(order, want) {
			t.Errorf("tail %v: %v, want %v", tail, order, want)
		}
	}
}

// Of prompts that begin alike, the first computes the beginning, and the others
// wait for it; one that begins in another way does not.
func TestSharedBeginnings(t *testing.T) {
	s, cache := scheduler(t, Config{Context: 1000, Sequences: 8}, 100, 8)
	common := numbers(0, 20)
	for id, ids := range [][]int32{slices.Concat(common, numbers(100, 4)), slices.Concat(common, numbers(200, 4)), numbers(300, 4), common[:17]} {
		join(t, s, Request{ID: kvcache.ID(id), Prompt: ids, Generate: 9, OnDevice: true})
	}
	for i, want := range []string{"0×10", "0×10", "0×4 2×4 1×2", "0×1 2×1 1×6 3×1"} {
		step := next(t, s, rows(10))
		if brief(step) != want {
			t.Errorf("step %d: %s, want %s", i, brief(step), want)
		}
		for _, e := range step.Entered {
			if want := map[kvcache.ID]int{0: 0, 1: 16, 2: 0, 3: 16}[e.ID]; e.Shared != want {
				t.Errorf("sequence %d shares %d positions, want %d", e.ID, e.Shared, want)
			}
		}
	}
	if !slices.Equal(cache.Table(0)[:2], cache.Table(3)[:2]) {
		t.Errorf("pages %v and %v", cache.Table(0), cache.Table(3))
	}
}

// Where sequences end sooner than they might, more are let in than there would
// be room for if all went on; if they do go on, the last gives its place up, and
// is let in again with what it has.
func TestGivingUp(t *testing.T) {
	s, cache := scheduler(t, Config{Context: 64, Sequences: 4}, 8, 8)
	join(t, s, Request{ID: 0, Prompt: numbers(0, 4), Generate: 60, OnDevice: true})
	next(t, s, rows(8))
	s.Leave(0) // after one token
	for id := 1; id <= 3; id++ {
		join(t, s, Request{ID: kvcache.ID(id), Prompt: numbers(100*id, 4), Generate: 60, OnDevice: true})
	}
	next(t, s, rows(16))
	if s.Running() != 3 {
		t.Fatalf("%d sequences run, want 3", s.Running())
	}
	steps := 0
	for ; s.Running() == 3; steps++ {
		next(t, s, rows(16))
	}
	if s.Waiting() != 1 || cache.Table(3) != nil || cache.Len(1) != cache.Len(2) || steps < 12 {
		t.Fatalf("after %d steps %d wait; pages %v, %v, %v", steps, s.Waiting(), cache.Table(1), cache.Table(2), cache.Table(3))
	}
	s.Leave(1)
	next(t, s, rows(16))
	if s.Running() != 1 {
		t.Error("a sequence is let in before all its tokens are known")
	}
	for i := range steps {
		push(t, s, 3, int32(1000+i))
	}
	step := next(t, s, rows(64))
	last := step.Rows[len(step.Rows)-1]
	if n := 3 + steps; last.Seq != 3 || last.Position != n || last.Token != int32(999+steps) || !last.Sample || step.Outs != 2 || len(step.Entered) != 0 {
		t.Errorf("after %d steps: %s, the last row %+v", steps, brief(step), last)
	}
}

// A long prompt takes whole steps while nobody generates, and pieces of them
// beside others.
func TestPiece(t *testing.T) {
	s, _ := scheduler(t, Config{Context: 100, Sequences: 3, Piece: 4}, 40, 8)
	join(t, s, Request{ID: 1, Prompt: numbers(1, 12), Generate: 3, OnDevice: true})
	for i, want := range []string{"1×10", "1×2"} {
		if got := brief(next(t, s, rows(10))); got != want {
			t.Errorf("step %d is %s, want %s", i, got, want)
		}
	}
	join(t, s, Request{ID: 2, Prompt: numbers(20, 15), Generate: 2, OnDevice: true})
	for i, want := range []string{"1×1 2×4", "1×1 2×4", "2×7", "2×1"} {
		if got := brief(next(t, s, rows(10))); got != want {
			t.Errorf("step %d beside another is %s, want %s", i, got, want)
		}
	}
}
