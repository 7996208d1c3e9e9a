package export

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// dotText escapes text for a quoted string of DOT, whose labels give meaning to
// backslashes and to HTML's entities.
var dotText = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;", "<", "&lt;", ">", "&gt;")

// dotLines is a quoted label of left-justified lines.
func dotLines(lines ...string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, l := range lines {
		b.WriteString(dotText.Replace(l))
		b.WriteString(`\l`)
	}
	b.WriteByte('"')
	return b.String()
}

// writeDOT writes the view in Graphviz's language.
func writeDOT(w io.Writer, v *view) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "digraph plan {\n  label=%s; labelloc=t; labeljust=l; compound=true; newrank=true;\n", dotLines(clean(v.Title), v.subtitle()))
	fmt.Fprintln(out, `  graph [fontname="Helvetica"]; edge [fontname="Helvetica", fontsize=9];`)
	fmt.Fprintln(out, `  node [fontname="Helvetica", fontsize=10, shape=box, style="rounded,filled", fillcolor="#f6f8fa", color="#57606a"];`)
	v.walk(func(g *group, depth int) {
		fmt.Fprintf(out, "%ssubgraph cluster_%s { label=%s; color=\"#afb8c1\"; style=rounded;\n", indent(depth), g.ID, dotLines(g.title()))
	}, func(x *box, depth int) {
		x.dot(out, indent(depth))
	}, func(depth int) {
		fmt.Fprintf(out, "%s}\n", indent(depth))
	})
	for _, e := range v.Edges {
		fmt.Fprintf(out, "  %s -> %s [color=%q, penwidth=%s, label=%s%s];\n", e.From, e.To, colourOf(e.Type), digits(e.width()),
			dotLines(e.text()), map[bool]string{true: ", constraint=false, style=dashed"}[e.Back])
	}
	fmt.Fprintln(out, `  subgraph cluster_legend { label="types"; color="#afb8c1"; node [shape=plaintext, style=""];`)
	for i, l := range v.Legend {
		fmt.Fprintf(out, "    legend%d [fontcolor=%q, label=%s];\n", i, l.Colour, dotLines("■ "+l.text()))
	}
	fmt.Fprint(out, "  }\n}\n")
	return out.Flush()
}

// dot writes a box, and the tensors from outside as nodes beside it.
func (x *box) dot(out io.Writer, in string) {
	lines := append([]string{strings.TrimSpace(x.heading() + " " + x.badge()), x.place()}, x.facts()...)
	fill := ""
	if x.Cost != nil {
		lines = append(lines, x.Cost.text())
		fill = fmt.Sprintf(", fillcolor=%q", heatColour(x.Cost.Heat))
	}
	fmt.Fprintf(out, "%s%s [label=%s%s];\n", in, x.ID, dotLines(lines...), fill)
	for i, q := range x.shown() {
		c := colourOf(q.Type)
		fmt.Fprintf(out, "%s%s_t%d [shape=plaintext, style=\"\", fontcolor=%q, label=%s];\n", in, x.ID, i, c, dotLines(q.text()))
		arrow := map[string]string{"r": "forward", "w": "back", "rw": "both"}[q.Access]
		fmt.Fprintf(out, "%s%s_t%d -> %s [color=%q, dir=%s, penwidth=%s];\n", in, x.ID, i, x.ID, c, arrow, digits(q.width()))
	}
}

func indent(depth int) string { return strings.Repeat("  ", depth+1) }
