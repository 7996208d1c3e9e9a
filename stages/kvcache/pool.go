package kvcache

import (
	"fmt"
	"math"
)

// PageSize is the usual number of positions in a page.
const PageSize = 64

// ID names a sequence; the caller chooses it.
type ID int

// Pool keeps the books. It is not safe for use by several goroutines at once.
type Pool struct {
	pageSize int
	refs     []int32  // a page's owners; 0 is free
	free     []uint32 // free pages, taken from the end
	seqs     map[ID]*sequence
	prefixes prefixes
}

// sequence owns ceil(length/pageSize) pages.
type sequence struct {
	length int
	table  []uint32
	// claims are the entries of its prompt's pages from page number claimed on
	// that it is about to compute.
	claims  []*entry
	claimed int
}

// New makes a cache of that many free pages of pageSize positions each.
func New(pages, pageSize int) (*Pool, error) {
	if pages < 1 || pageSize < 1 || pages > math.MaxInt32 || pageSize > math.MaxInt32 {
		return nil, fmt.Errorf("kv cache of %d pages of %d positions, want at least one of each and at most %d", pages, pageSize, math.MaxInt32)
	}
	p := &Pool{pageSize: pageSize, refs: make([]int32, pages), free: make([]uint32, pages), seqs: map[ID]*sequence{}, prefixes: newPrefixes()}
	for i := range p.free {
		p.free[i] = uint32(pages - 1 - i)
	}
	return p, nil
}

// FullError says that a sequence wants more positions than there are.
type FullError struct {
	Seq  ID
	Want int // positions wanted
	Free int // positions that the sequence could get
}

func (e *FullError) Error() string {
	return fmt.Sprintf("kv cache is full: sequence %d wants %d more positions, %d are free", e.Seq, e.Want, e.Free)
}

// Append gives the sequence n more positions at its end, all or none, and
// starts it if it is not there. The error is a *FullError where pages run out.
func (p *Pool) Append(seq ID, n int) error {
	if n < 0 {
		return fmt.Errorf("kv cache: sequence %d wants %d more positions, want at least 0", seq, n)
	}
	s := p.seqs[seq]
	if s == nil {
		s = &sequence{}
	}
	room := len(s.table)*p.pageSize - s.length
	if most := room + p.FreePositions(); n > most {
		return &FullError{Seq: seq, Want: n, Free: most}
	}
	p.seqs[seq] = s
	s.length += n
	for len(s.table)*p.pageSize < s.length {
		page := p.takePage()
		p.refs[page] = 1
		s.table = append(s.table, page)
	}
	return nil
}

// Free ends a sequence and gives its pages back. One that is not there is no
// error.
func (p *Pool) Free(seq ID) {
	if s := p.seqs[seq]; s != nil {
		p.unclaim(s)
		p.drop(s, 0)
		delete(p.seqs, seq)
	}
}

// Truncate shortens a sequence to at most n positions and returns how many it
// keeps. That is fewer than n where n ends inside a page that other sequences
// share: the page is given up, and its positions have to be computed again. A
// sequence that is shorter than n stays as it is.
func (p *Pool) Truncate(seq ID, n int) int {
	s := p.seqs[seq]
	if s == nil {
		return 0
	}
	if n >= s.length {
		return s.length
	}
	n = max(n, 0)
	if full := n / p.pageSize; n%p.pageSize != 0 && p.refs[s.table[full]] > 1 {
		n = full * p.pageSize
	}
	p.unclaim(s)
	p.drop(s, (n+p.pageSize-1)/p.pageSize)
	if n%p.pageSize != 0 {
		p.overwrite(s.table[len(s.table)-1])
	}
	s.length = n
	return n
}

// drop gives up the pages of s behind the first keep.
func (p *Pool) drop(s *sequence, keep int) {
	// From the end, so that pages taken again come in the order they had.
	for i := len(s.table) - 1; i >= keep; i-- {
		page := s.table[i]
		if p.refs[page]--; p.refs[page] == 0 {
			p.release(page)
		}
	}
	s.table = s.table[:keep]
}

// Fork starts the sequence dst with the first positions of src, in the same
// pages, and returns how many: n, or the length of src if that is less, rounded
// down to full pages. dst must not be there.
func (p *Pool) Fork(dst, src ID, n int) (int, error) {
	s := p.seqs[src]
	if s == nil {
		return 0, fmt.Errorf("kv cache: no sequence %d to fork", src)
	}
	if p.seqs[dst] != nil {
		return 0, fmt.Errorf("kv cache: sequence %d is there already", dst)
	}
	full := min(max(n, 0), s.length) / p.pageSize
	for _, page := range s.table[:full] {
		p.refs[page]++
	}
	p.seqs[dst] = &sequence{length: full * p.pageSize, table: append([]uint32(nil), s.table[:full]...)}
	return full * p.pageSize, nil
}

// Len is the number of positions of a sequence, 0 for one that is not there.
func (p *Pool) Len(seq ID) int {
	if s := p.seqs[seq]; s != nil {
		return s.length
	}
	return 0
}

// Table lists a sequence's pages in the order of positions. It is a view that
// the next change of the sequence ends.
func (p *Pool) Table(seq ID) []uint32 {
	if s := p.seqs[seq]; s != nil {
		return s.table
	}
	return nil
}

// PageSize is the number of positions in a page.
func (p *Pool) PageSize() int { return p.pageSize }

// Pages is the number of pages, free or not.
func (p *Pool) Pages() int { return len(p.refs) }

// FreePositions counts the positions of pages without owner.
func (p *Pool) FreePositions() int { return (len(p.free) + p.prefixes.idle.Len()) * p.pageSize }
