package export

import (
	"bufio"
	_ "embed"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// style is the pictures' CSS, in files and in the page alike.
//
//go:embed page/picture.css
var style string

// writeSVG draws the view.
func writeSVG(w io.Writer, v *view) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, `<?xml version="1.0" encoding="UTF-8"?>`)
	drawSVG(out, v, true)
	return out.Flush()
}

// svg writes elements of a picture.
type svg struct{ io.Writer }

// drawSVG writes the svg element; the page, which has the style and the heading
// of its own, leaves both out.
func drawSVG(out io.Writer, v *view, whole bool) {
	d := svg{out}
	l := newLayout(v)
	top := 0.0
	var head strings.Builder
	if whole {
		l.widen(640)
		top = svg{&head}.heading(v, l.w)
	}
	l.placeDown(top)
	l.placePorts()
	space := ""
	if whole {
		space = ` xmlns="http://www.w3.org/2000/svg"`
	}
	d.printf("<svg%s class=\"plan\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n", space, l.w, l.h, l.w, l.h)
	if whole {
		d.printf("<style>%s</style>\n<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n%s", style, head.String())
	}
	for _, f := range l.frames {
		d.frame(l, f)
	}
	for _, r := range l.rows {
		d.mark(l, r)
	}
	for _, n := range l.nets {
		for _, w := range n.wires {
			d.wire(l, w)
		}
	}
	for _, c := range l.cards {
		d.card(c)
	}
	d.printf("</svg>\n")
}

func (d svg) printf(format string, args ...any) { fmt.Fprintf(d, format, args...) }

// esc makes text fit for elements and attributes.
func esc(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a strings.Builder does not fail
	return b.String()
}

// heading draws title, subtitle and legend and returns where it ends.
func (d svg) heading(v *view, width float64) float64 {
	d.printf("<text class=\"title\" x=\"%g\" y=\"32\">%s</text>\n", margin, esc(clean(v.Title)))
	y := 36.0
	for _, s := range wrap(strings.Split(v.subtitle(), " · "), " · ", int((width-2*margin)/6.1)) {
		y += 16
		d.printf("<text class=\"sub\" x=\"%g\" y=\"%g\">%s</text>\n", margin, y, esc(s))
	}
	x := margin
	y += 20
	for _, t := range v.Legend {
		w := 26 + letterWidth*float64(utf8.RuneCountInString(t.text()))
		if x+w > width && x > margin {
			x, y = margin, y+17
		}
		d.printf("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"/><text class=\"k\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", x+5, y-4, t.Colour, x+14, y, esc(t.text()))
		x += w
	}
	return y + 4
}

// wrap joins words to lines of at most so many letters.
func wrap(words []string, sep string, most int) []string {
	var lines []string
	for _, w := range words {
		if n := len(lines) - 1; n >= 0 && utf8.RuneCountInString(lines[n]+sep+w) <= most {
			lines[n] += sep + w
			continue
		}
		lines = append(lines, w)
	}
	return lines
}

func (d svg) frame(l *layout, f *frame) {
	d.printf("<g class=\"frame\" data-id=\"%s\"><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"8\"/>", f.group.ID, f.x, f.y, f.w, f.h)
	d.printf("<text x=\"%.1f\" y=\"%.1f\">%s</text></g>\n", l.left, f.y+14, esc(f.group.title()))
}

// mark draws where the device waits before a row.
func (d svg) mark(l *layout, r *row) {
	if r.mark == "" {
		return
	}
	right := l.left + l.content
	d.printf("<path class=\"mark\" d=\"M%.1f %.1fH%.1f\"/><text class=\"e end\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", l.left, r.markY, right, right, r.markY-3, esc(r.mark))
}

// card draws a box.
func (d svg) card(c *card) {
	x := c.box
	fill := ""
	if x.Cost != nil {
		fill = fmt.Sprintf(" style=\"fill:%s\"", heatColour(x.Cost.Heat))
	}
	d.printf("<g class=\"card %s\" data-id=\"%s\"><title>%s</title>\n", x.class(), x.ID, esc(clean(x.Name)+"\n"+x.place()))
	d.printf("<rect class=\"body\"%s x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"6\"/>", fill, c.x, c.y, c.w, c.h)
	d.printf("<text class=\"name\" x=\"%.1f\" y=\"%.1f\">%s</text>", c.x+cardPad, c.y+18, esc(x.heading()))
	if b := x.badge(); b != "" {
		d.printf("<text class=\"badge\" x=\"%.1f\" y=\"%.1f\">%s</text>", c.x+c.w-cardPad, c.y+18, b)
	}
	y := c.y + 32
	for _, s := range c.lines {
		at := c.x + cardPad
		if s.colour != "" {
			shape := "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>"
			if s.class == "o" {
				shape = "<path class=\"dot\" d=\"M%.1f %.1fm-4 -3h8l-4 6z\" fill=\"%s\"/>"
			}
			d.printf(shape, at+4, y-3.5, s.colour)
			at += dotWidth
		}
		d.printf("<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", s.class, at, y, esc(s.text))
		y += lineHeight
	}
	if x.Cost != nil {
		d.printf("<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"4\" rx=\"2\"/>", c.x+cardPad, y-8, (c.w-2*cardPad)*x.Cost.Share)
	}
	d.printf("</g>\n")
}

// class names the kind of a box for the style: letters only.
func (x *box) class() string {
	switch x.Kind {
	case "layer", "layers":
		return "many"
	}
	if x.frame == nil {
		return "single"
	}
	return "part"
}

// wire draws an edge, its arrow and, at a card that several enter, its name.
func (d svg) wire(l *layout, w *wire) {
	n, e := w.net, w.edge
	colour := colourOf(e.Type)
	from, to := n.from, w.to
	sy, ty := from.y+from.h, to.y-5
	var path string
	if t := w.via; t == nil {
		bend := (ty - sy) / 2
		path = fmt.Sprintf("M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f", n.x, sy, n.x, sy+bend, w.x, ty-bend, w.x, ty)
	} else {
		under := l.rows[from.row].y + l.rows[from.row].h + 5 + trackGap*float64(t.below)
		over := to.y - 13 - trackGap*float64(t.above[to.row])
		path = rounded(n.x, sy, [][2]float64{{n.x, under}, {t.laneX, under}, {t.laneX, over}, {w.x, over}, {w.x, ty}})
		if e.Back && e.Count > 1 {
			d.printf("<text class=\"e\" x=\"%.1f\" y=\"%.1f\">%s</text>", t.laneX+7, under+9, times(e.Count))
		}
	}
	d.printf("<g class=\"wire\" data-id=\"%s\" data-from=\"%s\" data-to=\"%s\" stroke=\"%s\" fill=\"%s\"><title>%s</title>", e.ID, e.From, e.To,
		colour, colour, esc(clean(e.Name)+"\n"+e.text()))
	d.printf("<path d=\"%s\" stroke-width=\"%.2f\"/><path class=\"tip\" d=\"M%.1f %.1fl-4 -7h8z\"/></g>\n", path, e.width(), w.x, to.y)
	name := clean(e.short)
	if room := to.w / float64(len(to.ins)+1); len(to.ins) > 1 && letterWidth*float64(utf8.RuneCountInString(name)) < room-8 {
		d.printf("<text class=\"e\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", w.x+6, to.y-3, esc(name))
	}
}

// rounded is a path along corners, each cut by a small curve.
func rounded(x, y float64, corners [][2]float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "M%.1f %.1f", x, y)
	for i, c := range corners {
		if i == len(corners)-1 {
			fmt.Fprintf(&b, "L%.1f %.1f", c[0], c[1])
			break
		}
		next := corners[i+1]
		bx, by := towards(c, [2]float64{x, y})
		ax, ay := towards(c, next)
		fmt.Fprintf(&b, "L%.1f %.1fQ%.1f %.1f %.1f %.1f", bx, by, c[0], c[1], ax, ay)
		x, y = c[0], c[1]
	}
	return b.String()
}

// towards is the point a few pixels, at most half the way, from a to b along an
// axis.
func towards(a, b [2]float64) (x, y float64) {
	step := func(a, b float64) float64 { return a + max(-5, min(5, (b-a)/2)) }
	return step(a[0], b[0]), step(a[1], b[1])
}
