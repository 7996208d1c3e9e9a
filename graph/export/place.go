package export

import "slices"

// makeLanes gives each trunk a lane that no other uses between the same rows,
// the short ones nearest to the cards, and tracks in the gaps at both ends.
func (l *layout) makeLanes() {
	var all []*trunk
	for _, n := range l.nets {
		for _, t := range []*trunk{n.right, n.left} {
			if t != nil {
				all = append(all, t)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *trunk) int { return (a.to - a.from) - (b.to - b.from) })
	var used [2][][]*trunk
	for _, t := range all {
		side := t.side()
		lane := 0
		for lane < len(used[side]) && slices.ContainsFunc(used[side][lane], t.meets) {
			lane++
		}
		if lane == len(used[side]) {
			used[side] = append(used[side], nil)
		}
		used[side][lane] = append(used[side][lane], t)
		t.lane = lane
		t.below = l.rows[t.net.from.row].below
		l.rows[t.net.from.row].below++
		for r := range l.rows {
			if _, ok := t.above[r]; ok {
				t.above[r] = l.rows[r].above
				l.rows[r].above++
			}
		}
	}
	l.lanes = [2]int{len(used[0]), len(used[1])}
}

func (t *trunk) side() int {
	if t.rightSide {
		return 1
	}
	return 0
}

// meets tells whether two trunks would touch in one lane.
func (t *trunk) meets(o *trunk) bool { return t.from <= o.to && o.from <= t.to }

// placeAcross sets the x of cards and lanes.
func (l *layout) placeAcross() {
	for _, c := range l.cards {
		l.depth = max(l.depth, len(c.box.chain()))
	}
	widths := make([]float64, len(l.rows))
	for i, r := range l.rows {
		widths[i] = colGap * float64(len(r.cards)-1)
		for _, c := range r.cards {
			widths[i] += c.w
		}
		l.content = max(l.content, widths[i])
	}
	l.edge = margin
	inner := margin + frameSide*float64(l.depth) + 8
	l.left = inner + laneGap*float64(l.lanes[0])
	if l.lanes[0] > 0 {
		l.left += laneGap
	}
	for i, r := range l.rows {
		x := l.left + (l.content-widths[i])/2
		for _, c := range r.cards {
			c.x = x
			x += c.w + colGap
		}
	}
	right := l.left + l.content
	for _, n := range l.nets {
		for _, t := range []*trunk{n.left, n.right} {
			switch {
			case t == nil:
			case t.rightSide:
				t.laneX = right + laneGap*float64(t.lane+1)
			default:
				t.laneX = l.left - laneGap*float64(t.lane+1)
			}
		}
	}
	l.w = right + laneGap*float64(l.lanes[1]) + inner
	if l.lanes[1] > 0 {
		l.w += laneGap
	}
}

// widen makes the picture at least so wide, with what there is in the middle.
func (l *layout) widen(least float64) {
	by := (least - l.w) / 2
	if by <= 0 {
		return
	}
	l.edge, l.left, l.w = l.edge+by, l.left+by, least
	for _, c := range l.cards {
		c.x += by
	}
	for _, n := range l.nets {
		for _, t := range []*trunk{n.left, n.right} {
			if t != nil {
				t.laneX += by
			}
		}
	}
}

// margin is the empty border of the picture.
const margin = 16.0

// placeDown sets the y of rows and frames.
func (l *layout) placeDown(top float64) {
	y := top
	var open []*frame
	for i, r := range l.rows {
		if i > 0 {
			y += 8 + trackGap*float64(l.rows[i-1].below)
		}
		chain := r.cards[0].box.chain()
		same := 0
		for same < len(open) && same < len(chain) && open[same].group == chain[same] {
			same++
		}
		for len(open) > same {
			f := open[len(open)-1]
			y += frameFoot
			f.h = y - f.y
			open = open[:len(open)-1]
		}
		if i > 0 && same < len(chain) || same == 0 {
			y += 10
		}
		for _, g := range chain[same:] {
			f := &frame{group: g, depth: len(open), y: y}
			f.x = l.edge + frameSide*float64(f.depth)
			f.w = l.w - 2*f.x
			l.frames = append(l.frames, f)
			open = append(open, f)
			y += frameHead
		}
		if r.mark != "" {
			r.markY = y + 6
			y += 10
		}
		y += 16 + trackGap*float64(r.above)
		r.y = y
		for _, c := range r.cards {
			c.y = y
			r.h = max(r.h, c.h)
		}
		y += r.h
	}
	y += 8 + trackGap*float64(l.rows[len(l.rows)-1].below)
	for len(open) > 0 {
		y += frameFoot
		open[len(open)-1].h = y - open[len(open)-1].y
		open = open[:len(open)-1]
	}
	l.h = y + margin
}

// placePorts spreads the ends of wires over the edges of their cards, those of
// lanes towards their lane.
func (l *layout) placePorts() {
	for _, c := range l.cards {
		for i, n := range c.outs {
			n.x = c.x + c.w*float64(i+1)/float64(len(c.outs)+1)
		}
	}
	for _, c := range l.cards {
		from := func(w *wire) float64 {
			if w.via != nil {
				return w.via.laneX
			}
			return w.net.x
		}
		slices.SortStableFunc(c.ins, func(a, b *wire) int {
			switch x, y := from(a), from(b); {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		})
		for i, w := range c.ins {
			w.x = c.x + c.w*float64(i+1)/float64(len(c.ins)+1)
		}
	}
}
