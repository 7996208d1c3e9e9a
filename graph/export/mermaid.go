package export

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// mermaidText escapes text for a quoted label of Mermaid, which knows no
// backslashes, reads HTML and Markdown, has entities of its own, formulas
// between dollars, and comments and directives after two percent signs.
var mermaidText = strings.NewReplacer("#", "#35;", `"`, "#quot;", "&", "#amp;", "<", "#lt;", ">", "#gt;", "`", "#96;",
	`\`, "#92;", "*", "#42;", "__", "#95;#95;", "$", "#36;", "%%", "#37;#37;")

// mermaidLines is a quoted label of lines.
func mermaidLines(lines ...string) string {
	for i := range lines {
		lines[i] = mermaidText.Replace(lines[i])
	}
	return `"` + strings.Join(lines, "<br/>") + `"`
}

// writeMermaid writes the view as a Mermaid flowchart. Viewers bound how many
// edges and letters they draw (500 and 50,000 unless told otherwise), so fine
// levels are for folded layers.
func writeMermaid(w io.Writer, v *view) error {
	out := bufio.NewWriter(w)
	// JSON's strings are YAML's.
	title, err := json.Marshal(clean(v.Title) + " · " + v.subtitle())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "---\ntitle: %s\n---\nflowchart TB\n", title)
	v.walk(func(g *group, depth int) {
		fmt.Fprintf(out, "%ssubgraph %s[%s]\n", indent(depth), g.ID, mermaidLines(g.title()))
	}, func(x *box, depth int) {
		lines := append([]string{strings.TrimSpace(x.heading() + " " + x.badge()), x.place()}, x.facts()...)
		for _, q := range x.shown() {
			lines = append(lines, q.text())
		}
		if x.Cost != nil {
			lines = append(lines, x.Cost.text())
		}
		fmt.Fprintf(out, "%s%s[%s]\n", indent(depth), x.ID, mermaidLines(lines...))
		if x.Cost != nil {
			fmt.Fprintf(out, "%sstyle %s fill:%s\n", indent(depth), x.ID, heatColour(x.Cost.Heat))
		}
	}, func(depth int) {
		fmt.Fprintf(out, "%send\n", indent(depth))
	})
	for _, e := range v.Edges {
		arrow := map[bool]string{false: "-->", true: "-.->"}[e.Back]
		fmt.Fprintf(out, "  %s %s|%s| %s\n", e.From, arrow, mermaidLines(e.text()), e.To)
	}
	for i, e := range v.Edges {
		fmt.Fprintf(out, "  linkStyle %d stroke:%s,stroke-width:%spx\n", i, colourOf(e.Type), digits(e.width()))
	}
	fmt.Fprintf(out, "  subgraph legend[%s]\n", mermaidLines("types"))
	for i, l := range v.Legend {
		fmt.Fprintf(out, "    legend%d[%s]\n    style legend%d stroke:%s,stroke-width:3px\n", i, mermaidLines(l.text()), i, l.Colour)
	}
	fmt.Fprint(out, "  end\n")
	return out.Flush()
}
