package kvcache

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// run is a sequence of a random test: its prompt, and whether all of it is
// written.
type run struct {
	ids   []int32
	chain Chain
}

// TestRandomPrompts lets sequences with common beginnings come and go: what a
// sequence finds shared is what its prompt begins with, and nobody's pages are
// overwritten.
func TestRandomPrompts(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		size := 1 + r.IntN(4)
		c, err := New(8+r.IntN(30), size)
		if err != nil {
			t.Fatal(err)
		}
		cells := make([]int32, c.Pages()*size)
		runs := map[ID]*run{}
		shared := 0
		for id := ID(1); id < 400; id++ {
			q := &run{ids: make([]int32, 1+r.IntN(6*size))}
			for i := range q.ids { // of two ids, so that beginnings meet
				q.ids[i] = int32(r.IntN(2) * r.IntN(2))
			}
			q.chain = c.Chain(q.ids)
			found, claimed := c.Match(&q.chain, len(q.ids)-1)
			idle, free := c.Idle(&q.chain, len(q.ids)-1), c.FreePositions()
			if claimed && len(runs) == 0 {
				t.Fatalf("seed %d: pages are claimed and nobody is there", seed)
			}
			if n := c.Share(id, &q.chain, len(q.ids)-1); n != found || n%size != 0 || n >= len(q.ids) {
				t.Fatalf("seed %d: Share finds %d of %d positions, Match %d", seed, n, len(q.ids), found)
			}
			if c.FreePositions() != free-idle {
				t.Fatalf("seed %d: %d positions were free, %d of them idle, now %d are", seed, free, idle, c.FreePositions())
			}
			shared += found
			runs[id] = q
			c.Claim(id, &q.chain)
			for p, want := range q.ids[:found] {
				if got := cells[at(c, id, p)]; got != want {
					t.Fatalf("seed %d: position %d of sequence %d is shared and has %d, want %d", seed, p, id, got, want)
				}
			}
			for range 3 {
				write(t, r, c, runs, cells)
			}
			for other := range runs {
				if r.IntN(4) == 0 || c.FreePositions() == 0 {
					c.Free(other)
					delete(runs, other)
				}
			}
			if r.IntN(50) == 0 {
				c.Forget()
			}
			checkPrefixes(t, c)
		}
		for id := range runs {
			c.Free(id)
		}
		if c.FreePositions() != c.Pages()*size || shared == 0 && c.Pages() > 16 {
			t.Fatalf("seed %d: %d of %d pages free at the end, %d positions were shared", seed, c.FreePositions()/size, c.Pages(), shared)
		}
		c.Forget()
		if len(c.free) != c.Pages() {
			t.Fatalf("seed %d: %d of %d pages are free after Forget", seed, len(c.free), c.Pages())
		}
	}
}

func at(c *Pool, id ID, p int) int { return int(c.Table(id)[p/c.pageSize])*c.pageSize + p%c.pageSize }

// write lets one sequence go on with its prompt.
func write(t *testing.T, r *rand.Rand, c *Pool, runs map[ID]*run, cells []int32) {
	for id, q := range runs {
		from := c.Len(id)
		n := min(r.IntN(8), len(q.ids)-from)
		if n <= 0 || c.Append(id, n) != nil {
			continue
		}
		for p := from; p < from+n; p++ {
			cells[at(c, id, p)] = q.ids[p]
		}
		c.Publish(id)
		for p, want := range q.ids[:from+n] {
			if got := cells[at(c, id, p)]; got != want {
				t.Fatalf("position %d of sequence %d has %d, want %d: another wrote there", p, id, got, want)
			}
		}
		return
	}
}

// checkPrefixes holds the books against each other.
func checkPrefixes(t *testing.T, c *Pool) {
	t.Helper()
	idle, full := 0, 0
	for page, e := range c.prefixes.byPage {
		if len(e.ids) == c.pageSize {
			full++
		} else if len(e.ids) == 0 || len(e.ids) > c.pageSize {
			t.Fatalf("page %d of %d positions: %+v", page, c.pageSize, e)
		}
		if list := *c.prefixes.siblings(e); list[e.at] != e {
			t.Fatalf("page %d is not in the list behind the page before: %+v", page, e)
		}
		if !e.ready || e.page != page || len(e.ids) == c.pageSize && c.prefixes.byHash[e.hash] != e || (e.idle != nil) != (c.refs[page] == 0) || slices.Contains(c.free, page) {
			t.Fatalf("page %d: %+v with %d owners", page, e, c.refs[page])
		}
		if e.idle != nil {
			idle++
		}
	}
	claims := 0
	for _, s := range c.seqs {
		claims += len(s.claims)
	}
	if idle != c.prefixes.idle.Len() || len(c.prefixes.byHash) != full+claims {
		t.Fatalf("%d idle entries, %d in the list; %d entries of %d full pages and %d claims", idle, c.prefixes.idle.Len(), len(c.prefixes.byHash), full, claims)
	}
}

// TestClaims: the first of two like prompts computes, the second is told to
// wait, then shares; pages of finished sequences are taken last, the one unused
// for longest first.
func TestClaims(t *testing.T) {
	c, err := New(4, 2)
	if err != nil {
		t.Fatal(err)
	}
	a, b := c.Chain([]int32{1, 2, 3, 4, 5}), c.Chain([]int32{1, 2, 3, 9, 9})
	match := func(k Chain, positions int, claimed bool) {
		t.Helper()
		if n, p := c.Match(&k, len(k.ids)-1); n != positions || p != claimed {
			t.Errorf("Match says %d, %v, want %d, %v", n, p, positions, claimed)
		}
	}
	match(b, 0, false)
	c.Share(1, &a, 4)
	c.Claim(1, &a)
	match(b, 0, true)
	if err := c.Append(1, 3); err != nil {
		t.Fatal(err)
	}
	match(b, 0, true) // not before it is published
	c.Publish(1)
	match(b, 2, false)
	match(a, 2, true)
	c.Free(1) // gives its claim of the second page up
	match(a, 2, false)
	if c.FreePositions() != 8 {
		t.Errorf("%d positions are free, want all 8", c.FreePositions())
	}
	if err := c.Append(2, 6); err != nil { // all but the page that is known
		t.Fatal(err)
	}
	match(b, 2, false)
	if err := c.Append(2, 1); err != nil {
		t.Fatal(err)
	}
	match(b, 0, false)
}

// TestSameHash: prompts whose hashes are equal are told apart by their ids.
func TestSameHash(t *testing.T) {
	c, err := New(4, 2)
	if err != nil {
		t.Fatal(err)
	}
	a, b := c.Chain([]int32{1, 2, 3}), c.Chain([]int32{7, 8, 9})
	b.hashes[0] = a.hashes[0]
	c.Share(1, &a, 2)
	c.Claim(1, &a)
	if err := c.Append(1, 3); err != nil {
		t.Fatal(err)
	}
	c.Publish(1)
	if n, claimed := c.Match(&b, 2); n != 0 || claimed {
		t.Errorf("another prompt of the same hash matches: %d, %v", n, claimed)
	}
	c.Share(2, &b, 2)
	c.Claim(2, &b)
	if err := c.Append(2, 3); err != nil {
		t.Fatal(err)
	}
	c.Publish(2)
	if n, _ := c.Match(&a, 2); n != 2 {
		t.Errorf("the first prompt of the hash matches %d positions, want 2", n)
	}
}

// TestTruncateForgets: a page that a sequence goes on writing in is no longer
// what it was.
func TestTruncateForgets(t *testing.T) {
	c, err := New(4, 4)
	if err != nil {
		t.Fatal(err)
	}
	a := c.Chain([]int32{1, 2, 3, 4, 5})
	c.Share(1, &a, 4)
	c.Claim(1, &a)
	if err := c.Append(1, 5); err != nil {
		t.Fatal(err)
	}
	c.Publish(1)
	c.Truncate(1, 2)
	if n, claimed := c.Match(&a, 4); n != 0 || claimed {
		t.Errorf("a truncated page still matches: %d, %v", n, claimed)
	}
}
