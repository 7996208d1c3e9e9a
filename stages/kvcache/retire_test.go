package kvcache

import (
	"math/rand/v2"
	"testing"
)

// TestRandomConversations lets sequences generate beyond their prompts, end in
// every way, and be gone on with: what a sequence finds is what its prompt begins
// with, to the position, and nobody's pages are overwritten.
func TestRandomConversations(t *testing.T) {
	partial := 0
	for seed := range uint64(80) {
		r := rand.New(rand.NewPCG(seed, 5))
		size := 1 + r.IntN(5)
		c, err := New(8+r.IntN(30), size)
		if err != nil {
			t.Fatal(err)
		}
		cells := make([]int32, c.Pages()*size)
		runs := map[ID]*run{}
		var past []int32 // what was retired last
		for id := ID(1); id < 300; id++ {
			q := &run{ids: make([]int32, 1+r.IntN(4*size))}
			for i := range q.ids {
				q.ids[i] = int32(r.IntN(2) * r.IntN(2))
			}
			if n := r.IntN(len(past) + 1); r.IntN(2) == 0 { // the next turn
				q.ids = append(append([]int32(nil), past[:n]...), q.ids[:1+r.IntN(len(q.ids))]...)
			}
			q.chain = c.Chain(q.ids)
			full, _ := c.Match(&q.chain, len(q.ids)-1)
			n := c.Resume(id, &q.chain, len(q.ids)-1, r.IntN(2) == 0)
			if n < full || n >= len(q.ids) || n > full+size {
				t.Fatalf("seed %d: Resume finds %d of %d positions, %d in full pages", seed, n, len(q.ids), full)
			}
			partial += n - full
			runs[id] = q
			c.Claim(id, &q.chain)
			for p, want := range q.ids[:n] {
				if got := cells[at(c, id, p)]; got != want {
					t.Fatalf("seed %d: position %d of sequence %d is found and has %d, want %d", seed, p, id, got, want)
				}
			}
			for range 3 {
				generate(r, runs)
				write(t, r, c, runs, cells)
			}
			for other, x := range runs {
				switch r.IntN(8) {
				case 0:
					past = x.ids[:r.IntN(c.Len(other)+1)]
					c.Retire(other, past)
				case 1:
					c.Discard(other)
				case 2:
					c.Free(other)
				default:
					if c.FreePositions() > 0 {
						continue
					}
					c.Retire(other, x.ids)
				}
				delete(runs, other)
			}
			checkPrefixes(t, c)
		}
		for id := range runs {
			c.Free(id)
		}
		if c.FreePositions() != c.Pages()*size {
			t.Fatalf("seed %d: %d of %d positions are free at the end", seed, c.FreePositions(), c.Pages()*size)
		}
	}
	if partial < 1000 {
		t.Errorf("only %d positions of pages that were not shared whole", partial)
	}
}

// generate adds tokens to a sequence whose prompt is written.
func generate(r *rand.Rand, runs map[ID]*run) {
	for _, q := range runs {
		if r.IntN(2) == 0 {
			q.ids = append(q.ids[:len(q.ids):len(q.ids)], int32(r.IntN(2)*r.IntN(2)))
		}
	}
}

// TestResume: the next turn of a conversation finds all of the turn before; a page
// that others come behind is left to them unless it may be pruned.
func TestResume(t *testing.T) {
	c, err := New(6, 4)
	if err != nil {
		t.Fatal(err)
	}
	begin := func(id ID, ids []int32, prune bool, want int) {
		t.Helper()
		k := c.Chain(ids)
		if n := c.Resume(id, &k, len(ids)-1, prune); n != want {
			t.Errorf("sequence %d finds %d positions of %v, want %d", id, n, ids, want)
		}
		c.Claim(id, &k)
		if err := c.Append(id, len(ids)-c.Len(id)); err != nil {
			t.Fatal(err)
		}
		c.Publish(id)
	}
	first := []int32{1, 2, 3, 4, 5, 6, 7}
	begin(1, first, false, 0)
	c.Retire(1, first)
	second := append(first[:7:7], 8, 9, 10)
	begin(2, second, false, 7)
	c.Retire(2, second[:9]) // the last token is not known
	begin(3, append(second[:9:9], 11), false, 9)
	c.Retire(3, second[:9])
	begin(4, []int32{1, 2, 3, 20}, false, 0)
	c.Retire(4, []int32{1, 2, 3, 20})
	begin(5, second, false, 9)
	c.Retire(5, second)
	begin(6, []int32{1, 2, 3, 4, 5, 30}, true, 5)
	c.Discard(6)
	begin(7, second, false, 3) // of sequence 4, since the pages of 6 are forgotten
	if c.Free(7); c.FreePositions() != 24 {
		t.Errorf("%d positions are free, want 24", c.FreePositions())
	}
}
