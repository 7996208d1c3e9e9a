package kvcache

import (
	"container/list"
	"math/bits"
	"slices"
)

// prefixes finds the pages that hold the beginning of a prompt. It keeps an
// entry for each full page of prompts and of sequences that were retired, and for
// the last page of these, which need not be full: the ids at its positions and the
// entry of the page before, so that two entries are the same exactly if all ids up
// to their ends are. A page that has an entry and no owner stays as it is until no
// other page is free; then the one unused for longest is taken.
type prefixes struct {
	byHash map[uint64]*entry // of full pages; the hash is of all ids up to the page's end
	byPage map[uint32]*entry // ready ones
	idle   list.List         // of *entry: ready, without owner; the first to be taken in front
	roots  []*entry          // those without a page before
}

// entry says what a page holds, or is to hold.
type entry struct {
	hash   uint64
	before *entry // that of the page before, nil for the first
	ids    []int32
	ready  bool          // page holds them; otherwise a sequence has claimed to compute them
	page   uint32        // if ready
	idle   *list.Element // nil while the page has owners
	next   []*entry      // those of pages that come behind
	at     int           // its place in before.next, or in the roots
}

// siblings is the list that e belongs to.
func (p *prefixes) siblings(e *entry) *[]*entry {
	if e.before == nil {
		return &p.roots
	}
	return &e.before.next
}

// link adds an entry to its list.
func (p *prefixes) link(e *entry) {
	list := p.siblings(e)
	e.at = len(*list)
	*list = append(*list, e)
}

// unlink takes an entry out of all lists but that of idle ones.
func (p *prefixes) unlink(e *entry) {
	if p.byHash[e.hash] == e {
		delete(p.byHash, e.hash)
	}
	list := p.siblings(e)
	last := (*list)[len(*list)-1]
	(*list)[e.at], last.at = last, e.at
	(*list)[len(*list)-1] = nil
	*list = (*list)[:len(*list)-1]
}

// Chain is a prompt and the hashes of its full pages, each of all ids up to the
// page's end.
type Chain struct {
	ids    []int32
	hashes []uint64
}

// Chain prepares a prompt for Match, Share, Claim and Publish. The ids are not
// copied and must not change.
func (p *Pool) Chain(ids []int32) Chain {
	c := Chain{ids: ids, hashes: make([]uint64, len(ids)/p.pageSize)}
	h := uint64(1)
	for i := range c.hashes {
		for _, id := range c.page(i, p.pageSize) {
			h = bits.RotateLeft64((h^uint64(uint32(id)))*0x9e3779b97f4a7c15, 29)
		}
		c.hashes[i] = h
	}
	return c
}

func (c *Chain) page(i, size int) []int32 { return c.ids[i*size : (i+1)*size] }

// walk calls each with the entries of the chain's pages, in order, that lie in
// its first n positions, until one is not there or each returns false. It
// returns the number of pages that each was pleased with, and their last entry.
func (p *Pool) walk(c *Chain, n int, each func(*entry) bool) (int, *entry) {
	var before *entry
	for i, hash := range c.hashes {
		e := p.prefixes.byHash[hash]
		if (i+1)*p.pageSize > n || e == nil || e.before != before || !slices.Equal(e.ids, c.page(i, p.pageSize)) || !each(e) {
			return i, before
		}
		before = e
	}
	return len(c.hashes), before
}

// Match tells how many of the first n positions of a prompt lie in full pages of
// the cache, and whether a sequence has claimed to compute the page after those.
func (p *Pool) Match(c *Chain, n int) (positions int, claimed bool) {
	full, _ := p.walk(c, n, func(e *entry) bool {
		claimed = !e.ready
		return e.ready
	})
	return full * p.pageSize, claimed
}

// Share starts a sequence, which must not be there, with the pages that hold the
// beginning of its prompt, of at most n positions, and returns how many
// positions those are.
func (p *Pool) Share(seq ID, c *Chain, n int) int {
	s := &sequence{}
	p.seqs[seq] = s
	full, _ := p.walk(c, n, func(e *entry) bool {
		if !e.ready {
			return false
		}
		if e.idle != nil {
			p.prefixes.idle.Remove(e.idle)
			e.idle = nil
		}
		p.refs[e.page]++
		s.table = append(s.table, e.page)
		return true
	})
	s.length = full * p.pageSize
	return s.length
}

// Idle counts those of the first n positions of a prompt that Share would find in
// pages without owner: they are among FreePositions before and not after.
func (p *Pool) Idle(c *Chain, n int) int {
	idle := 0
	p.walk(c, n, func(e *entry) bool {
		if e.idle != nil {
			idle += p.pageSize
		}
		return e.ready
	})
	return idle
}

// Claim notes that a sequence is about to compute the full pages of its prompt
// that the cache does not have. Publish and Free end it.
func (p *Pool) Claim(seq ID, c *Chain) {
	s := p.seqs[seq]
	if s == nil {
		return
	}
	full, before := p.walk(c, len(c.ids), func(e *entry) bool { return e.ready })
	if full != s.length/p.pageSize {
		return // it computes pages that are there: no use to others
	}
	s.claimed = full
	for i := full; i < len(c.hashes); i++ {
		hash := c.hashes[i]
		if p.prefixes.byHash[hash] != nil {
			return // claimed by another, or one of two prompts of one hash
		}
		e := &entry{hash: hash, before: before, ids: slices.Clone(c.page(i, p.pageSize))}
		p.prefixes.byHash[hash] = e
		p.prefixes.link(e)
		s.claims = append(s.claims, e)
		before = e
	}
}

// Publish says that all positions of a sequence are computed, or will be before
// anything else is: the pages that it claimed can be shared as far as it is long.
func (p *Pool) Publish(seq ID) {
	s := p.seqs[seq]
	for s != nil && len(s.claims) > 0 && (s.claimed+1)*p.pageSize <= s.length {
		e := s.claims[0]
		e.ready, e.page = true, s.table[s.claimed]
		p.prefixes.byPage[e.page] = e
		s.claims = s.claims[1:]
		s.claimed++
	}
}

// Forget drops all that is known of what pages hold: what steps were to compute
// may not be there.
func (p *Pool) Forget() {
	for el := p.prefixes.idle.Front(); el != nil; el = el.Next() {
		p.free = append(p.free, el.Value.(*entry).page)
	}
	for _, s := range p.seqs {
		s.claims = nil
	}
	p.prefixes = newPrefixes()
}

func newPrefixes() prefixes {
	return prefixes{byHash: map[uint64]*entry{}, byPage: map[uint32]*entry{}}
}

// unclaim removes the claims that a sequence did not keep.
func (p *Pool) unclaim(s *sequence) {
	for i := len(s.claims) - 1; i >= 0; i-- {
		p.prefixes.unlink(s.claims[i])
	}
	s.claims = nil
}

// release takes a page that lost its last owner.
func (p *Pool) release(page uint32) {
	if e := p.prefixes.byPage[page]; e != nil {
		e.idle = p.prefixes.idle.PushBack(e)
		return
	}
	p.free = append(p.free, page)
}

// overwrite forgets what a page holds.
func (p *Pool) overwrite(page uint32) {
	if e := p.prefixes.byPage[page]; e != nil {
		delete(p.prefixes.byPage, page)
		p.prefixes.unlink(e)
	}
}

// takePage gives a page that nobody owns. There must be one.
func (p *Pool) takePage() uint32 {
	last := len(p.free) - 1
	if last < 0 {
		e := p.prefixes.idle.Remove(p.prefixes.idle.Front()).(*entry)
		p.overwrite(e.page)
		return e.page
	}
	page := p.free[last]
	p.free = p.free[:last]
	return page
}
