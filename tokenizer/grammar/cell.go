package grammar

import (
	"encoding/binary"
	"sync"
)

// A cell is a state of the pushdown automaton that a grammar is: a place in a
// rule, in a pattern, in an object with the properties written so far. Cells are
// made when a text first reaches them.
type cell struct {
	expander      // nil for a cell of a pattern
	pattern  expr // what is left of it
	expanded bool
	expansion
	local *reading
}

// expansion is what may happen in a cell.
type expansion struct {
	final bool // the cell may be left: what is on the stack goes on
	steps []step
	arcs  []arc // bytes and the cells behind them
}

// step goes on without a byte: first the pattern term, or the cell call, whose end
// leads to the cell next.
type step struct {
	term expr // exprNone for none
	call int32
	next int32
}

// noCell stands for no cell: as step.next, the cell is left behind the step.
const noCell = -1

func match(e expr, next int32) step { return step{e, noCell, next} }
func call(c int32, next int32) step { return step{exprNone, c, next} }
func (s *step) jumps() bool         { return s.term == exprNone && s.call == noCell }
func steps(all ...step) expansion   { return expansion{steps: all} }

// expander tells what may happen in a cell.
type expander interface{ expand(g *Grammar) expansion }

// fixed is a cell whose steps are known from the start.
type fixed struct{ expansion }

func (f *fixed) expand(*Grammar) expansion { return f.expansion }

// Grammar is a compiled grammar for one vocabulary. Matchers of one grammar may be
// used by several goroutines, each by one at a time; they share what the grammar
// has worked out.
type Grammar struct {
	mu       sync.Mutex
	v        *Vocabulary
	x        *exprs
	std      standard
	cells    []cell
	patterns map[expr]int32   // cells of patterns
	named    map[string]int32 // other cells, by what they are
	nodes    map[string]*node
	serial   uint32
	bottom   *node
	root     *node // the state before the first byte
	kept     []*node
	work     int
	err      error
	warnings []Warning
}

// newGrammar is a grammar without cells.
func newGrammar(v *Vocabulary) *Grammar {
	g := &Grammar{v: v, x: newExprs(maxStates), patterns: map[expr]int32{}, named: map[string]int32{}, nodes: map[string]*node{}}
	g.std = g.x.standard()
	g.bottom = &node{end: true, known: true}
	g.bottom.closed = g.bottom
	return g
}

// begin makes a cell the grammar's first.
func (g *Grammar) begin(c int32) error {
	b := newBuilder(g)
	b.visit(c, g.bottom)
	g.root = b.node()
	if len(g.root.entries) == 0 && !g.root.end && g.failure() == nil {
		g.err = errDead
	}
	return g.failure()
}

// failure is the first error: a bound that was reached.
func (g *Grammar) failure() error {
	if g.err == nil {
		g.err = g.x.err
	}
	return g.err
}

func (g *Grammar) addCell(c cell) int32 {
	if len(g.cells) >= maxStates {
		g.err = errStates
		return 0
	}
	g.cells = append(g.cells, c)
	return int32(len(g.cells) - 1)
}

// pattern is the cell of a pattern.
func (g *Grammar) pattern(e expr) int32 {
	c, ok := g.patterns[e]
	if !ok {
		c = g.addCell(cell{pattern: e})
		g.patterns[e] = c
	}
	return c
}

// cell is the cell of a name, made the first time.
func (g *Grammar) cell(name string, e func() expander) int32 {
	c, ok := g.named[name]
	if !ok {
		c = g.addCell(cell{expander: e()})
		g.named[name] = c
	}
	return c
}

// rule adds a cell whose steps are set later, as those of a rule that calls itself.
func (g *Grammar) rule() (int32, *fixed) {
	f := &fixed{}
	return g.addCell(cell{expander: f}), f
}

// sequence is a cell of steps one after the other; the next of each is filled in.
func (g *Grammar) sequence(parts []step, next int32) int32 {
	for i := len(parts) - 1; i >= 0; i-- {
		parts[i].next = next
		next = g.single(parts[i])
	}
	return next
}

// single is the cell of one step.
func (g *Grammar) single(s step) int32 {
	key := []byte{'s'}
	for _, n := range []int32{int32(s.term), s.call, s.next} {
		key = binary.LittleEndian.AppendUint32(key, uint32(n))
	}
	return g.cell(string(key), func() expander { return &fixed{steps(s)} })
}

// at is a cell, expanded. The pointer is good until the next cell is made.
func (g *Grammar) at(c int32) *cell {
	if at := &g.cells[c]; at.expanded {
		return at
	}
	var e expansion
	if x := g.cells[c].expander; x != nil {
		e = x.expand(g)
	} else {
		p := g.cells[c].pattern
		e.final = g.x.nullable(p)
		for _, a := range g.x.arcs(p) {
			a.to = g.pattern(expr(a.to))
			e.arcs = append(e.arcs, a)
		}
	}
	at := &g.cells[c]
	at.expansion, at.expanded = e, true
	return at
}
