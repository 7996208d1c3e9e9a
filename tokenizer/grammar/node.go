package grammar

import (
	"encoding/binary"
	"slices"
)

// A node is a set of stacks: each entry is a cell on top of the stacks of another
// node. Stacks that share what lies on top share the entry, and equal nodes are
// one, so that an ambiguous text needs few nodes where it has many readings. As
// the state of a matcher, each entry is a cell that waits for a byte.
type node struct {
	entries []entry // in rising order of their cells
	end     bool    // one of the stacks is empty
	serial  uint32
	closed  *node // of what lies below a cell: the state when the cell is left
	known   bool  // arcs is set
	arcs    []nodeArc
	mask    []uint32 // if kept
}

type entry struct {
	cell int32
	rest *node
}

// nodeArc leads to the state behind the bytes lo to hi.
type nodeArc struct {
	lo, hi byte
	to     *node
}

// intern returns the node of some entries, in rising order of their cells.
func (g *Grammar) intern(entries []entry, end bool) *node {
	if len(entries) == 0 && end {
		return g.bottom
	}
	var space [128]byte
	key := space[:0]
	for _, e := range entries {
		key = binary.LittleEndian.AppendUint32(key, uint32(e.cell))
		key = binary.LittleEndian.AppendUint32(key, e.rest.serial)
	}
	if end {
		key = append(key, 1)
	}
	if n, ok := g.nodes[string(key)]; ok {
		return n
	}
	if len(g.nodes) >= maxNodes {
		// Those in use stay alive and right; they are only made once more if a text
		// comes by again.
		clear(g.nodes)
	}
	g.serial++
	n := &node{entries: slices.Clone(entries), end: end, serial: g.serial}
	g.nodes[string(key)] = n
	return n
}

// push is a cell on top of the stacks of rest.
func (g *Grammar) push(c int32, rest *node) *node {
	return g.intern([]entry{{c, rest}}, false)
}

// union has the stacks of both.
func (g *Grammar) union(a, b *node) *node {
	if a == b {
		return a
	}
	g.work++
	entries := make([]entry, 0, len(a.entries)+len(b.entries))
	i, j := 0, 0
	for i < len(a.entries) || j < len(b.entries) {
		switch {
		case j == len(b.entries) || i < len(a.entries) && a.entries[i].cell < b.entries[j].cell:
			entries = append(entries, a.entries[i])
			i++
		case i == len(a.entries) || b.entries[j].cell < a.entries[i].cell:
			entries = append(entries, b.entries[j])
			j++
		default:
			entries = append(entries, entry{a.entries[i].cell, g.union(a.entries[i].rest, b.entries[j].rest)})
			i, j = i+1, j+1
		}
	}
	return g.intern(entries, a.end || b.end)
}

// builder collects a state: what is reached without a further byte.
type builder struct {
	g       *Grammar
	entries []entry
	seen    []entry
	more    map[entry]bool // instead of seen, once that is long
	end     bool
}

func newBuilder(g *Grammar) *builder { return &builder{g: g} }

func (b *builder) reset() {
	b.entries, b.seen, b.more, b.end = b.entries[:0], b.seen[:0], nil, false
}

// first tells whether a cell with a stack comes by for the first time.
func (b *builder) first(e entry) bool {
	if b.more == nil {
		if slices.Contains(b.seen, e) {
			return false
		}
		if b.seen = append(b.seen, e); len(b.seen) > 32 {
			b.more = map[entry]bool{}
			for _, e := range b.seen {
				b.more[e] = true
			}
		}
		return true
	}
	if b.more[e] {
		return false
	}
	b.more[e] = true
	return true
}

// visit goes through a cell on top of some stacks.
func (b *builder) visit(c int32, rest *node) {
	g := b.g
	if g.work++; g.work > maxWork {
		g.err = errWork
	}
	if g.err != nil || !b.first(entry{c, rest}) {
		return
	}
	at := g.at(c)
	final, steps := at.final, at.steps
	if len(at.arcs) > 0 {
		b.entries = append(b.entries, entry{c, rest})
	}
	if final {
		b.leave(rest)
	}
	for i := range steps {
		s := &steps[i]
		if s.jumps() {
			b.visit(s.next, rest)
			continue
		}
		below := rest
		if s.next != noCell {
			below = g.push(s.next, rest)
		}
		if s.term != exprNone {
			b.visit(g.pattern(s.term), below)
		} else {
			b.visit(s.call, below)
		}
	}
}

// leave goes on with what lies below a cell that has ended.
func (b *builder) leave(rest *node) {
	b.end = b.end || rest.end
	for _, e := range rest.entries {
		b.visit(e.cell, e.rest)
	}
}

// node is the state collected.
func (b *builder) node() *node {
	if len(b.entries) == 0 && b.end {
		return b.g.bottom
	}
	slices.SortStableFunc(b.entries, func(x, y entry) int { return int(x.cell) - int(y.cell) })
	out := b.entries[:0]
	for _, e := range b.entries {
		if n := len(out) - 1; n >= 0 && out[n].cell == e.cell {
			out[n].rest = b.g.union(out[n].rest, e.rest)
			continue
		}
		out = append(out, e)
	}
	return b.g.intern(out, b.end)
}

// close is the state when the cell above rest is left.
func (g *Grammar) close(rest *node) *node {
	if rest.closed == nil {
		b := newBuilder(g)
		b.leave(rest)
		rest.closed = b.node()
	}
	return rest.closed
}

// follow finds the arc for a byte.
func follow(arcs []arc, b byte) (int32, bool) {
	for _, a := range arcs {
		if b <= a.hi {
			return a.to, a.lo <= b
		}
	}
	return 0, false
}

// step is the state behind a byte, or nil.
func (g *Grammar) step(n *node, c byte, b *builder) *node {
	if n.known {
		for _, a := range n.arcs {
			if c <= a.hi {
				if a.lo <= c {
					return a.to
				}
				break
			}
		}
		return nil
	}
	b.reset()
	for _, e := range n.entries {
		if to, ok := follow(g.at(e.cell).arcs, c); ok {
			b.visit(to, e.rest)
		}
	}
	if len(b.entries) == 0 && !b.end {
		return nil
	}
	return b.node()
}

// arcs lists the states behind every byte.
func (g *Grammar) arcs(n *node) []nodeArc {
	if n.known {
		return n.arcs
	}
	var bounds byteSet
	for _, e := range n.entries {
		for _, a := range g.at(e.cell).arcs {
			bounds.add(a.lo)
			if a.hi < 255 {
				bounds.add(a.hi + 1)
			}
		}
	}
	var arcs []nodeArc
	b := newBuilder(g)
	for lo := bounds.next(0); lo < 256; {
		end := bounds.next(lo + 1)
		if to := g.step(n, byte(lo), b); to != nil {
			if last := len(arcs) - 1; last >= 0 && arcs[last].to == to && int(arcs[last].hi)+1 == lo {
				arcs[last].hi = byte(end - 1)
			} else {
				arcs = append(arcs, nodeArc{byte(lo), byte(end - 1), to})
			}
		}
		lo = end
	}
	n.arcs, n.known = arcs, g.err == nil
	return arcs
}
