package export

import (
	_ "embed"
	"encoding/json"
	"io"
	"strings"

	"moeflow/graph"
)

// The page's parts. It is one file that asks nothing of a network.
var (
	//go:embed page/page.html
	pageHTML string
	//go:embed page/page.css
	pageCSS string
	//go:embed page/page.js
	pageJS string
	//go:embed page/live.css
	liveCSS string
	//go:embed page/live.js
	liveJS string
)

// pageData is what the page's script reads: the plan at every level, folded and
// not, each with its picture.
type pageData struct {
	Title    string      `json:"title"`
	Level    string      `json:"level"` // what is shown first
	Folded   bool        `json:"folded"`
	Profiled bool        `json:"profiled"`
	Views    []*pageView `json:"views"`
}

type pageView struct {
	Level    string `json:"level"`
	Folded   bool   `json:"folded"`
	Subtitle string `json:"subtitle"`
	View     *view  `json:"view"`
	SVG      string `json:"svg"`
}

// writeHTML writes a page that shows the plan at every level.
func writeHTML(w io.Writer, p *graph.Plan, o Options) error {
	d := &pageData{Level: o.Level, Folded: !o.Unfold || o.Level == levelModel, Profiled: o.Profile != nil}
	for _, level := range Levels() {
		for _, unfold := range []bool{false, true} {
			if unfold && level == levelModel {
				continue
			}
			o.Level, o.Unfold = level, unfold
			v := newView(p, o)
			var svg strings.Builder
			drawSVG(&svg, v, false)
			d.Title = v.Title
			d.Views = append(d.Views, &pageView{Level: level, Folded: v.Folded, Subtitle: v.subtitle(), View: v, SVG: svg.String()})
		}
	}
	// The encoder writes <, > and & as escapes, so that no name ends the script
	// element.
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	css, connect, live := style+pageCSS, "", ""
	if o.Live {
		css, connect, live = css+liveCSS, "; connect-src 'self'", "\n<script>"+liveJS+"</script>"
	}
	_, err = strings.NewReplacer("{{title}}", esc(clean(d.Title)), "{{style}}", css, "{{data}}", string(data), "{{script}}", pageJS,
		"{{connect}}", connect, "{{live}}", live).WriteString(w, pageHTML)
	return err
}
