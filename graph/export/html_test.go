package export_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/graph/export"
)

// network is what would make a browser ask for something.
var network = regexp.MustCompile(`(?i)https?:|//[a-z0-9.-]+\.[a-z]{2,}/|\ssrc=|\shref=|url\(|@import|fetch\(|XMLHttpRequest|WebSocket|EventSource|import\(|sendBeacon`)

// TestPage: the page refers to nothing outside of itself, has its two scripts
// and no other, and its data are all views of the plan, with pictures that
// parse.
func TestPage(t *testing.T) {
	for _, c := range []struct {
		p     *graph.Plan
		title string
	}{{mixed(t), "small"}, {small(t, graph.PerLayer, hostile, quant.Q4_K, quant.Q4_K, quant.Q6_K), hostile}} {
		page := write(t, c.p, export.Options{Format: "html", Level: "layer", Title: c.title, Profile: profile(c.p)})
		if m := network.FindAll(page, -1); m != nil {
			t.Errorf("the page refers to a network: %q", m)
		}
		if a, b := bytes.Count(page, []byte("<script")), bytes.Count(page, []byte("</script>")); a != 2 || b != 2 {
			t.Errorf("%d scripts begin, %d end, wanted 2", a, b)
		}
		if bytes.Contains(page, []byte("{{")) && c.title == "small" {
			t.Error("a part of the page was left out")
		}
		_, rest, _ := bytes.Cut(page, []byte(`<script type="application/json" id="data">`))
		data, _, _ := bytes.Cut(rest, []byte("</script>"))
		var d struct {
			Title, Level     string
			Folded, Profiled bool
			Views            []struct {
				Level  string
				Folded bool
				View   picture
				SVG    string
			}
		}
		if err := json.Unmarshal(data, &d); err != nil {
			t.Fatalf("the page's data: %v", err)
		}
		if d.Title != strings.ToValidUTF8(c.title, "\ufffd") || d.Level != "layer" || !d.Folded || !d.Profiled || len(d.Views) != 7 {
			t.Errorf("the page shows %q at level %s, folded %v, profiled %v, %d views", d.Title, d.Level, d.Folded, d.Profiled, len(d.Views))
		}
		for _, v := range d.Views {
			want := read(t, c.p, export.Options{Level: v.Level, Unfold: !v.Folded})
			e := parse(t, []byte(v.SVG))
			if v.View.names() != want.names() || len(e.all("card")) != len(want.Nodes) || len(e.all("wire")) != len(want.Edges) {
				t.Errorf("%s, folded %v: nodes %s, wanted %s", v.Level, v.Folded, v.View.names(), want.names())
			}
		}
	}
}

// TestLivePage: only a page that was asked to be live has the script that
// listens, and the policy that lets it, and no more than that.
func TestLivePage(t *testing.T) {
	o := export.Options{Format: "html", Level: "stage", Title: "small"}
	dead := write(t, mixed(t), o)
	o.Live = true
	live := write(t, mixed(t), o)
	for _, c := range []struct {
		text       string
		live, dead int
	}{{"<script", 3, 2}, {"</script>", 3, 2}, {"connect-src", 1, 0}, {"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'\"", 1, 0},
		{"new EventSource('events')", 1, 0}, {"{{", 0, 0}} {
		if a, b := strings.Count(string(live), c.text), strings.Count(string(dead), c.text); a != c.live || b != c.dead {
			t.Errorf("%q stands %d times in the live page, %d in the other; wanted %d and %d", c.text, a, b, c.live, c.dead)
		}
	}
	if m := network.FindAllString(strings.ReplaceAll(string(live), "EventSource", ""), -1); m != nil {
		t.Errorf("the live page refers to more: %q", m)
	}
}
