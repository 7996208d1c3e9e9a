package tokenizer

import (
	"math"
	"slices"
)

// part is one token of a word while its pairs are merged: a doubly linked list
// in an array.
type part struct {
	id         int32
	prev, next int32
	pair       merge // of this part and the next; rank noMerge if they do not merge
}

const noMerge = math.MaxInt32

// candidate is a pair that may be merged, in the heap of a long word.
type candidate struct {
	rank, at    int32
	left, right int32 // the ids when it was noted: stale if they changed
}

// before orders candidates by rank, then from left to right.
func (a candidate) before(b candidate) bool {
	return a.rank < b.rank || a.rank == b.rank && a.at < b.at
}

// merge appends the tokens of a word: its bytes, of which the pair of the
// lowest rank, the leftmost among equals, is merged until none is left.
func (e *encoder) merge(out []int32, w string) []int32 {
	e.parts = slices.Grow(e.parts[:0], len(w))
	for i := range len(w) {
		e.parts = append(e.parts, part{id: e.t.bytes[w[i]], prev: int32(i - 1), next: int32(i + 1)})
	}
	p := e.parts
	p[len(p)-1].next = -1
	for i := range p {
		p[i].pair = e.lookup(int32(i))
	}
	if len(w) <= shortWord {
		e.scan()
	} else {
		e.queue()
	}
	for i := int32(0); i >= 0; i = p[i].next {
		out = append(out, p[i].id)
	}
	return out
}

func (e *encoder) lookup(i int32) merge {
	p := e.parts
	if n := p[i].next; n >= 0 {
		if m, ok := e.t.ranks[pair(p[i].id, p[n].id)]; ok {
			return m
		}
	}
	return merge{rank: noMerge}
}

// join merges part i with the next.
func (e *encoder) join(i int32) {
	p := e.parts
	n := p[i].next
	p[i].id, p[i].next = p[i].pair.id, p[n].next
	if p[n].next >= 0 {
		p[p[n].next].prev = i
	}
	p[n].id = -1
	p[i].pair = e.lookup(i)
	if prev := p[i].prev; prev >= 0 {
		p[prev].pair = e.lookup(prev)
	}
}

// scan merges by looking for the lowest rank each time.
func (e *encoder) scan() {
	for {
		best, rank := int32(-1), int32(noMerge)
		for i := int32(0); i >= 0; i = e.parts[i].next {
			if r := e.parts[i].pair.rank; r < rank {
				best, rank = i, r
			}
		}
		if best < 0 {
			return
		}
		e.join(best)
	}
}

// queue merges through a heap: n log n for words of any length.
func (e *encoder) queue() {
	e.heap = slices.Grow(e.heap[:0], len(e.parts))
	for i := range e.parts {
		e.note(int32(i))
	}
	for len(e.heap) > 0 {
		c := e.pop()
		p := e.parts
		n := p[c.at].next
		if p[c.at].id != c.left || n < 0 || p[n].id != c.right {
			continue
		}
		e.join(c.at)
		e.note(c.at)
		if prev := p[c.at].prev; prev >= 0 {
			e.note(prev)
		}
	}
}

// note puts a part's pair into the heap.
func (e *encoder) note(i int32) {
	p := e.parts
	if p[i].pair.rank == noMerge {
		return
	}
	h := append(e.heap, candidate{p[i].pair.rank, i, p[i].id, p[p[i].next].id})
	for k := len(h) - 1; k > 0; {
		up := (k - 1) / 2
		if !h[k].before(h[up]) {
			break
		}
		h[k], h[up] = h[up], h[k]
		k = up
	}
	e.heap = h
}

func (e *encoder) pop() candidate {
	h := e.heap
	top := h[0]
	h[0] = h[len(h)-1]
	h = h[:len(h)-1]
	for k := 0; ; {
		c := 2*k + 1
		if c+1 < len(h) && h[c+1].before(h[c]) {
			c++
		}
		if c >= len(h) || !h[c].before(h[k]) {
			break
		}
		h[k], h[c] = h[c], h[k]
		k = c
	}
	e.heap = h
	return top
}
