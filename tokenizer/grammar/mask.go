package grammar

import "slices"

// reading is what one cell alone says about the tokens: which of them it takes
// whatever lies below it on the stack, and where the others leave it.
type reading struct {
	plain  int       // the plain tokens of at most so many characters are taken
	tokens []int32   // so are these,
	mask   []uint32  // or these if they are many
	rest   []subtrie // what is left of the tokens that leave the cell on their way
}

// local works out what a cell says about the tokens.
func (g *Grammar) local(c int32) *reading {
	at := g.at(c)
	if at.local != nil {
		return at.local
	}
	p := at.pattern
	if at.expander == nil && p < g.std.count {
		g.v.standard.mu.Lock()
		defer g.v.standard.mu.Unlock()
		if l := g.v.standard.locals[p]; l != nil {
			at.local = l
			return l
		}
	}
	plain, c2 := g.takesPlain(c)
	l := &reading{plain: plain}
	if c2 != c {
		same := *g.local(c2)
		same.plain = plain
		l = &same
	} else {
		t := g.v.all
		if plain > 0 {
			t = g.v.special
		}
		w := walker{g: g}
		w.walk(t, 0, g.push(c, g.bottom))
		l.tokens = w.tokens
		if len(w.tokens) > 2*g.v.words {
			l.mask = make([]uint32, g.v.words)
			for _, id := range w.tokens {
				l.mask[id>>5] |= 1 << (id & 31)
			}
			l.tokens = nil
		}
		l.rest = gather(w.rest)
	}
	if g.err != nil {
		return l // not complete
	}
	if at := g.at(c); at.expander == nil && p < g.std.count {
		if g.v.standard.locals == nil {
			g.v.standard.locals = map[expr]*reading{}
		}
		g.v.standard.locals[p] = l
	}
	g.at(c).local = l
	return l
}

// takesPlain tells up to how many characters a cell takes any plain token, and no
// longer one, with a cell that says the same of all other tokens: far from the
// bounds of its length all states of a string are alike.
func (g *Grammar) takesPlain(c int32) (chars int, same int32) {
	const all = 1 << 30
	e := g.at(c).pattern
	if x := g.at(c).expander; x != nil {
		if k, ok := x.(interface{ body() expr }); !ok || !g.endless(k.body()) {
			return 0, c
		}
		return all, c
	}
	if g.endless(e) {
		chars = all
	}
	d := g.x.all[e]
	if d.kind != kindConcat || d.b != g.std.quote {
		return chars, c
	}
	r := g.x.all[d.a]
	if r.kind != kindRepeat || r.a != g.std.char && r.a != g.std.key {
		return chars, c
	}
	far := g.v.specialChars + 1
	lo, hi := min(int(r.lo), far), int(r.hi)
	if chars == 0 {
		chars = hi
	}
	if hi > far {
		hi = forever
	}
	return chars, g.pattern(g.x.concat(g.x.repeat(r.a, lo, hi), g.std.quote))
}

// endless tells whether e takes any number of plain characters.
func (g *Grammar) endless(e expr) bool {
	d := &g.x.all[e]
	switch d.kind {
	case kindConcat:
		return g.endless(d.a) && (!d.hard || g.x.live(d.b))
	case kindOr:
		return slices.ContainsFunc(d.list, g.endless)
	case kindRepeat:
		return d.hi == forever && (d.a == g.std.char || d.a == g.std.key || d.a == g.std.rune)
	}
	return false
}

// walker goes through a trie together with the states that its bytes lead to.
type walker struct {
	g      *Grammar
	tokens []int32
	rest   []subtrie
}

// walk visits what lies below a trie's node in a state whose stacks end at the
// cell that is looked at.
func (w *walker) walk(t *trie, at int32, n *node) {
	arcs := w.g.arcs(n)
	if len(arcs) == 0 {
		return
	}
	parent := &t.nodes[at]
	children := t.nodes[parent.first : parent.first+parent.count]
	w.g.work += 1 + len(children)
	if w.g.work > maxWork {
		w.g.err = errWork
		return
	}
	first := 0
	if len(arcs) == 1 && len(children) > 8 {
		first, _ = slices.BinarySearchFunc(children, arcs[0].lo, func(n trieNode, b byte) int { return int(n.byte) - int(b) })
	}
	a := 0
	for i := first; i < len(children); i++ {
		c := &children[i]
		for a < len(arcs) && arcs[a].hi < c.byte {
			a++
		}
		if a == len(arcs) {
			return
		}
		if c.byte < arcs[a].lo {
			continue
		}
		to := arcs[a].to
		w.tokens = append(w.tokens, t.ends(c)...)
		if c.count == 0 {
			continue
		}
		here := parent.first + int32(i)
		if to.end {
			w.rest = append(w.rest, subtrie{t, here})
		}
		if len(to.entries) > 0 {
			w.walk(t, here, to)
		}
	}
}

// fill sets the bits of the tokens that may follow in a state.
func (g *Grammar) fill(n *node, mask []uint32) {
	clear(mask)
	for _, e := range n.entries {
		l := g.local(e.cell)
		if l.plain > 0 {
			or(mask, g.v.plain[min(l.plain, plainMasks)])
			for _, t := range g.v.long {
				if t.chars <= l.plain {
					mask[t.id>>5] |= 1 << (t.id & 31)
				}
			}
		}
		if l.mask != nil {
			or(mask, l.mask)
		}
		set(mask, l.tokens)
		if len(l.rest) > 0 {
			g.beyond(l.rest, g.close(e.rest), mask)
		}
	}
	if n.end {
		set(mask, g.v.ends)
	}
}

// beyond sets the bits of tokens whose rest may follow in a state.
func (g *Grammar) beyond(rest []subtrie, n *node, mask []uint32) {
	for _, e := range n.entries {
		w := walker{g: g}
		for _, s := range rest {
			w.walk(s.t, s.node, g.push(e.cell, g.bottom))
		}
		set(mask, w.tokens)
		if len(w.rest) > 0 && len(e.rest.entries) > 0 {
			g.beyond(gather(w.rest), g.close(e.rest), mask)
		}
	}
}

func set(mask []uint32, ids []int32) {
	for _, id := range ids {
		mask[id>>5] |= 1 << (id & 31)
	}
}

func or(mask, more []uint32) {
	more = more[:len(mask)]
	for i := range mask {
		mask[i] |= more[i]
	}
}

// mask is the mask of a state, kept for the next time. The slice is the grammar's.
func (g *Grammar) mask(n *node) []uint32 {
	if n.mask != nil {
		return n.mask
	}
	m := make([]uint32, 0)
	if len(g.kept) >= keptMasks {
		m, g.kept[0].mask = g.kept[0].mask, nil
		g.kept = append(g.kept[:0], g.kept[1:]...)
	}
	if m == nil || len(m) == 0 {
		m = make([]uint32, g.v.words)
	}
	g.fill(n, m)
	if g.err == nil {
		n.mask = m
		g.kept = append(g.kept, n)
	}
	return m
}
