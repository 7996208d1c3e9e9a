package kvcache

import "slices"

// Retire ends a sequence as Free does and keeps what its pages hold: ids are the
// tokens at its first positions, as far as they are known. Later prompts that
// begin with them find the full pages by Share, and the last page by Resume too.
func (p *Pool) Retire(seq ID, ids []int32) {
	s := p.seqs[seq]
	if s == nil {
		return
	}
	p.unclaim(s)
	c := p.Chain(slices.Clone(ids[:min(len(ids), s.length)]))
	var before *entry
	for i, hash := range c.hashes {
		e := p.prefixes.byHash[hash]
		if e == nil {
			e = p.keep(&entry{hash: hash, before: before, ids: c.page(i, p.pageSize), page: s.table[i]})
		}
		if e == nil || !e.ready || e.before != before || !slices.Equal(e.ids, c.page(i, p.pageSize)) {
			p.Free(seq) // one of two of a hash, or a page that another sequence computes
			return
		}
		before = e
	}
	full := len(c.hashes)
	if rest := c.ids[full*p.pageSize:]; len(rest) > 0 {
		if same, _ := p.nearest(before, rest, nil); same < len(rest) {
			p.keep(&entry{before: before, ids: rest, page: s.table[full]})
		}
	}
	p.Free(seq)
}

// keep notes what a page holds, nil where that was noted already.
func (p *Pool) keep(e *entry) *entry {
	if p.prefixes.byPage[e.page] != nil {
		return nil
	}
	e.ready = true
	p.prefixes.byPage[e.page] = e
	if len(e.ids) == p.pageSize {
		p.prefixes.byHash[e.hash] = e
	}
	p.prefixes.link(e)
	return e
}

// nearest finds, among the entries behind one, or among the first ones if that is
// nil, the ready one that has the most ids in common with the beginning of ids.
// Only those that want, if it is not nil, takes count.
func (p *Pool) nearest(before *entry, ids []int32, want func(*entry) bool) (same int, found *entry) {
	list := p.prefixes.roots
	if before != nil {
		list = before.next
	}
	for _, e := range list {
		if !e.ready || want != nil && !want(e) {
			continue
		}
		n := 0
		for n < len(ids) && n < len(e.ids) && ids[n] == e.ids[n] {
			n++
		}
		if n > same {
			same, found = n, e
		}
	}
	return same, found
}

// Resume is Share, and takes the page behind the shared ones too where a page
// without owner holds the next positions, or some of them: that page becomes the
// sequence's own, and what else it held is forgotten. A page that others come
// behind is taken only where prune is set, since without it they are lost.
func (p *Pool) Resume(seq ID, c *Chain, n int, prune bool) int {
	n = min(n, len(c.ids))
	full := p.Share(seq, c, n) / p.pageSize
	s := p.seqs[seq]
	var before *entry
	if full > 0 {
		before = p.prefixes.byPage[s.table[full-1]]
	}
	same, e := p.nearest(before, c.ids[full*p.pageSize:min(n, (full+1)*p.pageSize)], func(e *entry) bool {
		return e.idle != nil && (prune || len(e.next) == 0)
	})
	if e == nil {
		return s.length
	}
	p.prefixes.idle.Remove(e.idle)
	p.overwrite(e.page)
	p.refs[e.page] = 1
	s.table = append(s.table, e.page)
	s.length += same
	return s.length
}

// Discard ends a sequence as Free does, and forgets what those of its pages hold
// that no other sequence has.
func (p *Pool) Discard(seq ID) {
	if s := p.seqs[seq]; s != nil {
		for _, page := range s.table {
			if p.refs[page] == 1 {
				p.overwrite(page)
			}
		}
		p.Free(seq)
	}
}
