package export

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// dotText escapes text for DOT's labels, which know HTML's entities, and
// dotQuoted does so for a quoted string, where backslashes have a meaning too.
var (
	dotText   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
	dotQuoted = strings.NewReplacer(`\`, `\\`, "&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
)

// dotLines is a quoted label of left-justified lines.
func dotLines(lines ...string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, l := range lines {
		b.WriteString(dotQuoted.Replace(l))
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

// dot writes a box as a table: a line of a tensor has its type's colour.
func (x *box) dot(out io.Writer, in string) {
	cell := func(colour, bold, text string) {
		fmt.Fprintf(out, `<tr><td align="left"><font color="%s">%s%s%s</font></td></tr>`, colour, bold, dotText.Replace(text), strings.Replace(bold, "<", "</", 1))
	}
	fill := ""
	if x.Cost != nil {
		fill = fmt.Sprintf("fillcolor=%q, ", heatColour(x.Cost.Heat))
	}
	fmt.Fprintf(out, `%s%s [%stooltip=%s, label=<<table border="0" cellspacing="0" cellpadding="1">`, in, x.ID, fill, dotLines(clean(x.Name)))
	cell("#24292f", "<b>", strings.TrimSpace(x.heading()+" "+x.badge()))
	for _, s := range append([]string{x.place()}, x.facts()...) {
		cell("#57606a", "", s)
	}
	for _, q := range x.shown() {
		cell(colourOf(q.Type), "", q.text())
	}
	if x.Cost != nil {
		cell("#8a3412", "<b>", x.Cost.text())
	}
	fmt.Fprintln(out, "</table>>];")
}

func indent(depth int) string { return strings.Repeat("  ", depth+1) }
