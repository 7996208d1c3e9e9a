package export

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"moeflow/graph"
)

// writeText lists the dispatches of a plan, one a line, whatever the level: stage,
// kernel, grid, what it waits for, the weights that it reads. Layers whose lines
// are equal stand once.
//
//	barrier     it starts when all before it are done
//	after -2    its workgroups wait until the dispatch two lines before, and all
//	            before that one, have reported
//	early -3    and read some arguments as soon as that one has reported; with
//	            "aside", on the second counter
//	once        it runs when the plan is loaded
//
// A dispatch without any of these starts beside the one before it.
func writeText(w io.Writer, p *graph.Plan, o Options) error {
	b := bufio.NewWriter(w)
	title := o.Title
	if title == "" {
		title = p.Name
	}
	fmt.Fprintf(b, "%s: %s\n", clean(title), newView(p, o).subtitle())
	l := newListing(p, o)
	for _, g := range l.blocks(o.Unfold) {
		fmt.Fprintf(b, "%s\n", g.name())
		for _, line := range g.lines {
			fmt.Fprintf(b, "  %s\n", line)
		}
	}
	return b.Flush()
}

// listing turns dispatches into lines.
type listing struct {
	p *graph.Plan
	o Options
	// all and aside count the reports up to and with each dispatch, from the start
	// of its segment.
	all, aside []uint64
}

func newListing(p *graph.Plan, o Options) *listing {
	l := &listing{p: p, o: o}
	var all, aside uint64
	next := map[int]bool{}
	for _, s := range p.Segments {
		next[s.First] = true
	}
	for i := range p.Dispatches {
		d := &p.Dispatches[i]
		if next[i] {
			all, aside = 0, 0
		}
		if d.Signals {
			all += d.WorkgroupCount()
		}
		if d.SignalsSide {
			aside += d.WorkgroupCount()
		}
		l.all, l.aside = append(l.all, all), append(l.aside, aside)
	}
	return l
}

// block is the lines of one layer, or of one stage outside layers.
type block struct {
	stage  string // "" for layers
	layers []int
	lines  []string
}

func (b *block) name() string {
	if b.stage != "" {
		return clean(b.stage)
	}
	return layersText(b.layers)
}

// blocks gathers the lines; equal layers are one block, where the first stands.
func (l *listing) blocks(unfold bool) []*block {
	var out []*block
	open := map[string]*block{} // by stage or layer
	at := func(node int) *block {
		n := &l.p.Nodes[node]
		key := "stage " + n.Name
		b := &block{stage: n.Name}
		if n.Layer >= 0 {
			key, b = fmt.Sprint("layer ", n.Layer), &block{layers: []int{n.Layer}}
		}
		if open[key] == nil {
			open[key] = b
			out = append(out, b)
		}
		return open[key]
	}
	for i := range l.p.Nodes { // in the order of the stages, those without dispatches left out below
		at(i)
	}
	for i := range l.p.Prepare {
		d := &l.p.Prepare[i]
		b := at(d.Node)
		b.lines = append(b.lines, l.line(d, "once", 0))
	}
	for i := range l.p.Dispatches {
		d := &l.p.Dispatches[i]
		ns := 0.0
		if l.o.Profile != nil {
			ns = l.o.Profile.Nanoseconds[i]
		}
		b := at(d.Node)
		b.lines = append(b.lines, l.line(d, l.waits(i), ns))
	}
	var kept []*block
	seen := map[string]*block{}
	for _, b := range out {
		text := strings.Join(b.lines, "\n")
		switch first := seen[text]; {
		case len(b.lines) == 0:
		case b.stage == "" && !unfold && first != nil:
			first.layers = append(first.layers, b.layers...)
		default:
			if b.stage == "" {
				seen[text] = b
			}
			kept = append(kept, b)
		}
	}
	return kept
}

// line is one dispatch; ns is its time, 0 if not known.
func (l *listing) line(d *graph.Dispatch, waits string, ns float64) string {
	s := fmt.Sprintf("%-13s %-36s %-10s %-22s", clean(l.p.Nodes[d.Node].Kind), d.Kernel, gridText(d.Workgroups), waits)
	if ns > 0 {
		s += fmt.Sprintf(" %-8s", timeText(ns))
	}
	for _, a := range d.Args {
		if a.Tensor != graph.NoTensor && l.p.Tensors[a.Tensor].Role == graph.Weight {
			s += " " + clean(short(l.p.Tensors[a.Tensor].Name))
		}
	}
	return strings.TrimRight(s, " ")
}

// waits says when dispatch i may start.
func (l *listing) waits(i int) string {
	d := &l.p.Dispatches[i]
	var parts []string
	if d.Barrier {
		parts = append(parts, "barrier")
	}
	if d.Wait > 0 {
		parts = append(parts, "after "+l.reached(i, l.all, d.Wait))
		switch {
		case d.EarlySide:
			parts = append(parts, "early "+l.reached(i, l.aside, d.Early)+" aside")
		case d.Early > 0:
			parts = append(parts, "early "+l.reached(i, l.all, d.Early))
		}
	}
	return strings.Join(parts, " ")
}

// reached is the dispatch, counted from i, with which so many reports are made.
func (l *listing) reached(i int, counts []uint64, reports uint32) string {
	for j := i - 1; j >= 0; j-- {
		if counts[j] == uint64(reports) && (j == 0 || counts[j-1] != counts[j]) {
			return fmt.Sprint(j - i)
		}
	}
	return fmt.Sprint(reports, " reports")
}

// gridText is a grid without the axes behind its last that is more than 1.
func gridText(g [3]uint32) string {
	switch {
	case g[2] > 1:
		return groupsText(g)
	case g[1] > 1:
		return fmt.Sprintf("%d×%d", g[0], g[1])
	}
	return fmt.Sprint(g[0])
}
