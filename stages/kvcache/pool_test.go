package kvcache

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// model is the plain truth beside the cache: each sequence's positions, as the
// content that was written there.
type model struct {
	t     *testing.T
	c     *Pool
	seqs  map[ID][]int
	cells map[int]int // page*pageSize+slot → content
	next  int         // contents are never written twice
}

// write appends n new contents to a sequence and writes them where the table
// says.
func (m *model) write(seq ID, n int) {
	for range n {
		m.next++
		p := len(m.seqs[seq])
		m.seqs[seq] = append(m.seqs[seq], m.next)
		m.cells[m.cell(seq, p)] = m.next
	}
}

func (m *model) cell(seq ID, p int) int {
	return int(m.c.Table(seq)[p/m.c.pageSize])*m.c.pageSize + p%m.c.pageSize
}

// check holds the invariants: every sequence reads what it wrote or shared, no
// page is lost, and reference counts are those of the tables.
func (m *model) check() {
	m.t.Helper()
	c := m.c
	refs := make([]int32, c.Pages())
	for seq, contents := range m.seqs {
		if c.Len(seq) != len(contents) {
			m.t.Fatalf("sequence %d has %d positions, want %d", seq, c.Len(seq), len(contents))
		}
		if want := (len(contents) + c.pageSize - 1) / c.pageSize; len(c.Table(seq)) != want {
			m.t.Fatalf("sequence %d has %d pages for %d positions, want %d", seq, len(c.Table(seq)), len(contents), want)
		}
		for p, want := range contents {
			if got := m.cells[m.cell(seq, p)]; got != want {
				m.t.Fatalf("sequence %d reads %d at position %d, want %d: another sequence wrote there", seq, got, p, want)
			}
		}
		for _, page := range c.Table(seq) {
			refs[page]++
		}
	}
	if !slices.Equal(refs, c.refs) {
		m.t.Fatalf("reference counts are %v, the tables say %v", c.refs, refs)
	}
	free := 0
	for _, page := range c.free {
		if refs[page] != 0 {
			m.t.Fatalf("page %d is free and owned", page)
		}
		refs[page] = -1
	}
	for _, r := range refs {
		if r == -1 {
			free++
		}
	}
	if owned := slices.DeleteFunc(slices.Clone(refs), func(r int32) bool { return r <= 0 }); free != len(c.free) || free+len(owned) != c.Pages() {
		m.t.Fatalf("%d pages free, %d owned, of %d: some are lost or free twice", free, len(owned), c.Pages())
	}
}

func TestRandomOperations(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		c, err := New(1+r.IntN(24), 1+r.IntN(5))
		if err != nil {
			t.Fatal(err)
		}
		m := &model{t: t, c: c, seqs: map[ID][]int{}, cells: map[int]int{}}
		for range 600 {
			m.step(r)
			m.check()
		}
		for seq := range m.seqs {
			c.Free(seq)
		}
		if c.FreePositions() != c.Pages()*c.PageSize() {
			t.Fatalf("%d positions are free after all sequences ended, want %d", c.FreePositions(), c.Pages()*c.PageSize())
		}
	}
}

// step does one random operation on cache and model.
func (m *model) step(r *rand.Rand) {
	seq, other, n := ID(r.IntN(6)), ID(r.IntN(6)), r.IntN(12)
	old, there := m.seqs[seq]
	switch r.IntN(6) {
	case 0, 1, 2:
		room := m.c.FreePositions() + len(m.c.Table(seq))*m.c.pageSize - len(old)
		err := m.c.Append(seq, n)
		var full *FullError
		switch {
		case err == nil && n <= room:
			if !there {
				m.seqs[seq] = nil
			}
			m.write(seq, n)
		case !errors.As(err, &full) || n <= room || full.Free != room || full.Want != n || full.Seq != seq:
			m.t.Fatalf("Append(%d, %d) with room for %d says %v", seq, n, room, err)
		}
	case 3:
		kept := m.c.Truncate(seq, n)
		if kept > min(n, len(old)) || min(n, len(old))-kept >= m.c.pageSize {
			m.t.Fatalf("Truncate(%d, %d) of %d positions keeps %d", seq, n, len(old), kept)
		}
		if there {
			m.seqs[seq] = slices.Clip(old[:kept])
		}
	case 4:
		m.c.Free(seq)
		delete(m.seqs, seq)
	case 5:
		src, has := m.seqs[other]
		shared, err := m.c.Fork(seq, other, n)
		if (err == nil) != (has && !there) {
			m.t.Fatalf("Fork(%d, %d) with source %t and target %t there says %v", seq, other, has, there, err)
		}
		if err == nil {
			if want := min(n, len(src)) / m.c.pageSize * m.c.pageSize; shared != want {
				m.t.Fatalf("Fork of %d of %d positions shares %d, want %d", n, len(src), shared, want)
			}
			m.seqs[seq] = slices.Clone(src[:shared])
		}
	}
}

func TestShareAndTruncate(t *testing.T) {
	c, err := New(8, 4)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Append(1, 10); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Fork(2, 1, 10); n != 8 || err != nil {
		t.Fatalf("Fork shares %d positions (%v), want the 8 of two full pages", n, err)
	}
	if !slices.Equal(c.Table(2), c.Table(1)[:2]) || c.FreePositions() != 20 {
		t.Errorf("tables %v and %v, %d positions free", c.Table(1), c.Table(2), c.FreePositions())
	}
	// Inside a shared page the cut moves back to the page's start; once the
	// other owner is gone it does not.
	if n := c.Truncate(2, 7); n != 4 {
		t.Errorf("Truncate inside a shared page keeps %d, want 4", n)
	}
	if n := c.Truncate(1, 7); n != 7 {
		t.Errorf("Truncate inside an own page keeps %d, want 7", n)
	}
	if n := c.Truncate(1, 100); n != 7 {
		t.Errorf("Truncate beyond the end keeps %d, want 7", n)
	}
}

func TestBadCalls(t *testing.T) {
	for _, v := range [][2]int{{0, 1}, {1, 0}, {-1, 64}, {1 << 40, 64}} {
		if _, err := New(v[0], v[1]); err == nil {
			t.Errorf("New(%d, %d) is no error", v[0], v[1])
		}
	}
	c, err := New(2, 64)
	if err != nil {
		t.Fatal(err)
	}
	if c.Append(1, -1) == nil {
		t.Error("appending -1 positions is no error")
	}
	err = c.Append(7, 129)
	if want := "kv cache is full: sequence 7 wants 129 more positions, 128 are free"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if c.Append(7, 1<<62) == nil || c.Len(7) != 0 || c.Table(7) != nil || c.FreePositions() != 128 {
		t.Error("a refused Append left something behind")
	}
	c.Free(99)
	if c.Truncate(99, 5) != 0 {
		t.Error("a sequence that is not there keeps positions")
	}
}
