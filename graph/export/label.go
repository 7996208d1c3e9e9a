package export

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mostName is how many letters of a name a picture shows. Names come from a
// file, which may say anything; the JSON has them whole.
const mostName = 80

// clean makes a name fit for a picture: one line, no control characters or
// others that do not show, bounded in length. What it replaces shows as Go's
// escape. Each format still escapes what is special to it.
func clean(name string) string {
	var b strings.Builder
	n := 0
	for len(name) > 0 {
		r, size := utf8.DecodeRuneInString(name)
		switch {
		case n == mostName:
			b.WriteRune('…')
			return b.String()
		case r == utf8.RuneError && size == 1, !unicode.IsPrint(r):
			q := strconv.Quote(name[:size])
			b.WriteString(q[1 : len(q)-1])
		default:
			b.WriteRune(r)
		}
		name = name[size:]
		n++
	}
	return b.String()
}

// heading is a box's first line.
func (x *box) heading() string {
	name := x.Name
	switch {
	case x.Params != nil:
		name = x.Kind // the frame around it has the stage's name
	case x.Group != "":
		name = short(x.Name)
	}
	return clean(brief(name))
}

// brief cuts a long list of layers.
func brief(name string) string {
	const most = 34
	if !strings.HasPrefix(name, "layers ") || len(name) <= most {
		return name
	}
	return name[:strings.LastIndexByte(name[:most], ',')+1] + "…"
}

// facts are the lines below it: what the box is and what runs in it.
func (x *box) facts() []string {
	var lines []string
	if x.Params == nil && x.Kind != x.heading() {
		lines = append(lines, clean(x.Kind))
	}
	for _, k := range x.Kernels {
		s := k.Name
		if x.Kind != "layers" {
			s += " grid " + groupsText(k.Groups)
		}
		if k.Count > 1 {
			s += " " + times(k.Count)
		}
		lines = append(lines, s)
	}
	if x.Params != nil {
		lines = append(lines, paramsText(x.Params))
	}
	if x.Barriers > 0 && x.Params == nil {
		lines = append(lines, fmt.Sprintf("%d %s", x.Barriers, plural(x.Barriers, "barrier")))
	}
	return lines
}

// place is where a box runs.
func (x *box) place() string {
	s := "segment " + clean(x.Segment)
	if x.Device != "" {
		s += " · " + clean(x.Device)
	}
	return s
}

// badge is ×N where no frame around the box says so.
func (x *box) badge() string {
	if x.frame != nil {
		return ""
	}
	return times(x.Count)
}

func paramsText(ps []param) string {
	parts := make([]string, len(ps))
	for i, p := range ps {
		parts[i] = p.Name + "=" + strconv.FormatFloat(p.Value, 'g', -1, 64)
	}
	return strings.Join(parts, " ")
}

// shown are the ports that a picture shows: what the host writes for every step
// is read by nearly every dispatch, and drawn where it is read first.
func (x *box) shown() []*port {
	var out []*port
	for _, q := range x.Ports {
		if !q.again {
			out = append(out, q)
		}
	}
	return out
}

// text is a port's line: access where it is not read only, tensor, how many.
func (q *port) text() string {
	s := q.tensor.text(q.short)
	if q.Count > 1 {
		s += " " + times(q.Count)
	}
	switch q.Access {
	case "w":
		s = "writes " + s
	case "rw":
		s = "updates " + s
	}
	if q.Moved > 0 {
		s += " · " + bytesText(q.Moved) + "/step"
	}
	return s
}

// text is an edge's line.
func (e *edge) text() string {
	s := e.tensor.text(e.short)
	if e.Count > 1 {
		s += " " + times(e.Count)
	}
	if e.Moved > 0 {
		s += " · " + bytesText(e.Moved) + "/step"
	}
	return s
}

// title is a frame's line; one inside another does not repeat its layers.
func (g *group) title() string {
	if g.up != nil {
		return clean(short(g.Name))
	}
	return strings.TrimSpace(clean(brief(g.Name)) + " " + times(g.Count))
}

// text is a legend's line.
func (l *legend) text() string {
	if l.Weights == 0 {
		return l.Type
	}
	return fmt.Sprintf("%s: %d %s, %s", l.Type, l.Weights, plural(l.Weights, "weight"), bytesText(l.Bytes))
}
