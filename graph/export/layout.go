package export

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A plan is a sequence, so a picture of it goes down in the order of execution:
// rows of cards, those side by side that need not wait for each other. An edge
// to the next row is a curve; one that passes rows by runs in a lane beside
// them, on the right if it goes down, on the left if it goes back up to the
// next of the equal layers.

// Measures in pixels. Text widths are those of an average font; monospaced
// lines are exact.
const (
	lineHeight  = 14.0
	letterWidth = 6.35 // of the monospaced lines
	titleWidth  = 7.6
	cardPad     = 10.0
	cardLeast   = 170.0
	colGap      = 22.0
	laneGap     = 9.0
	trackGap    = 7.0
	frameSide   = 9.0
	frameHead   = 20.0
	frameFoot   = 10.0
	rowMost     = 4 // cards side by side
)

// line is one line of text on a card; one of a tensor has its type's colour.
type line struct{ class, text, colour string }

// card is a box at its place.
type card struct {
	box        *box
	lines      []line
	row        int
	x, y, w, h float64
	outs       []*net
	ins        []*wire
}

// net is one tensor on its way from one card to any number of others.
type net struct {
	from   *card
	edge   *edge // the first
	wires  []*wire
	x      float64 // where it leaves the card
	right  *trunk  // of the wires that pass rows by, nil if none does
	left   *trunk  // of those that go back
	moved  uint64
	number int // among those of the card
}

// trunk is the part of a net that runs in a lane.
type trunk struct {
	net       *net
	from, to  int // rows: the upper and the lower end
	lane      int
	below     int         // track under the row that it comes from
	above     map[int]int // track over each row that it goes to
	laneX     float64
	rightSide bool
}

// wire is one edge.
type wire struct {
	edge *edge
	net  *net
	to   *card
	x    float64 // where it enters the card
	via  *trunk  // nil: straight to the next row
}

// frame is a group at its place.
type frame struct {
	group      *group
	depth      int
	x, y, w, h float64
}

// row is the cards side by side.
type row struct {
	cards        []*card
	y, h         float64
	above, below int // tracks
	mark         string
	markY        float64
}

// layout is a view with places.
type layout struct {
	v             *view
	cards         []*card
	rows          []*row
	nets          []*net
	frames        []*frame
	depth         int // of frames
	lanes         [2]int
	edge          float64 // where the outermost frames begin
	left, content float64 // where cards begin, and how wide they are together
	w, h          float64
}

// newLayout places everything across; placeDown and placePorts do the rest.
func newLayout(v *view) *layout {
	l := &layout{v: v}
	byID := map[string]*card{}
	for _, x := range v.Nodes {
		c := &card{box: x}
		l.cards = append(l.cards, c)
		byID[x.ID] = c
	}
	l.makeRows(byID)
	l.makeNets(byID)
	for _, c := range l.cards {
		c.fill()
	}
	l.makeLanes()
	l.placeAcross()
	return l
}

// makeRows starts a row where a card reads what one of the same row wrote, waits,
// or lies in another frame.
func (l *layout) makeRows(byID map[string]*card) {
	from := map[string][]string{}
	for _, e := range l.v.Edges {
		if !e.Back {
			from[e.To] = append(from[e.To], e.From)
		}
	}
	for i, c := range l.cards {
		x := c.box
		fresh := i == 0 || x.Params == nil || x.frame != l.cards[i-1].box.frame || x.waits(l.cards[i-1].box)
		var r *row
		if !fresh {
			r = l.rows[len(l.rows)-1]
			fresh = len(r.cards) == rowMost
			for _, id := range from[x.ID] {
				fresh = fresh || byID[id].row == len(l.rows)-1
			}
		}
		if fresh {
			r = &row{}
			if i == 0 || x.waits(l.cards[i-1].box) {
				r.mark = x.mark()
			}
			l.rows = append(l.rows, r)
		}
		r.cards = append(r.cards, c)
		c.row = len(l.rows) - 1
	}
}

// waits tells whether a box waits for more than the one before it does.
func (x *box) waits(before *box) bool {
	return x.Barrier || x.Starts || x.Wait > 0 && x.Wait != before.Wait
}

// mark says what the device waits for before a box.
func (x *box) mark() string {
	switch {
	case x.Starts:
		return "segment " + clean(x.Segment)
	case x.Barrier:
		return "barrier"
	case x.Wait > 0:
		return fmt.Sprintf("waits for %d workgroups", x.Wait)
	}
	return ""
}

// makeNets gathers the edges that carry one tensor from one card.
func (l *layout) makeNets(byID map[string]*card) {
	all := map[string]*net{}
	for _, e := range l.v.Edges {
		key := strings.Join([]string{e.From, e.Name, e.Type, shapeText(e.Shape)}, " ")
		n := all[key]
		if n == nil {
			n = &net{from: byID[e.From], edge: e, number: len(byID[e.From].outs)}
			all[key] = n
			n.from.outs = append(n.from.outs, n)
			l.nets = append(l.nets, n)
		}
		w := &wire{edge: e, net: n, to: byID[e.To]}
		n.wires = append(n.wires, w)
		n.moved += e.Moved
		w.to.ins = append(w.to.ins, w)
		switch {
		case e.Back:
			n.left = n.left.add(w, false)
		case w.to.row > n.from.row+1:
			n.right = n.right.add(w, true)
		}
	}
}

// add makes a wire part of a trunk, and the trunk if there is none yet.
func (t *trunk) add(w *wire, right bool) *trunk {
	if t == nil {
		t = &trunk{net: w.net, from: w.net.from.row, to: w.net.from.row, above: map[int]int{}, rightSide: right}
	}
	t.from, t.to = min(t.from, w.to.row), max(t.to, w.to.row)
	t.above[w.to.row] = 0
	w.via = t
	return t
}

// fill writes a card's lines and takes its size from them.
func (c *card) fill() {
	x := c.box
	for _, s := range x.facts() {
		c.lines = append(c.lines, line{class: "k", text: s})
	}
	for _, q := range x.shown() {
		c.lines = append(c.lines, line{"p", q.text(), colourOf(q.Type)})
	}
	for _, n := range c.outs {
		s := n.edge.tensor.text(n.edge.short)
		if n.moved > 0 {
			s += " · " + bytesText(n.moved) + "/step"
		}
		c.lines = append(c.lines, line{"o", s, colourOf(n.edge.Type)})
	}
	if x.Cost != nil {
		c.lines = append(c.lines, line{class: "c", text: x.Cost.text()})
	}
	c.w = max(cardLeast, 2*cardPad+titleWidth*float64(utf8.RuneCountInString(x.heading()+"  "+x.badge())))
	for _, s := range c.lines {
		w := 2*cardPad + letterWidth*float64(utf8.RuneCountInString(s.text))
		if s.colour != "" {
			w += dotWidth
		}
		c.w = max(c.w, w)
	}
	c.h = 28 + lineHeight*float64(len(c.lines)) + 4
	if x.Cost != nil {
		c.h += 6
	}
}

// dotWidth is the room of the dot before a tensor's line.
const dotWidth = 12.0
