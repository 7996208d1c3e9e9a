package export_test

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/graph/export"
)

// picture is what the JSON format holds, as far as tests look at it.
type picture struct {
	Folded bool
	Waits  int `json:"counter_waits"`
	Groups []struct{ ID, Name, Parent string }
	Nodes  []struct {
		ID, Name, Kind, Group, Segment, Device string
		Layers, Dispatches                     []int
		Count, Barriers                        int
		Wait                                   uint32 `json:"waits_for"`
		Kernels                                []struct {
			Name   string
			Groups [3]uint32
			Count  int
		}
		Tensors []struct {
			Name, Type, Access, Role string
			Bytes                    uint64
			Count                    int
			Total                    uint64 `json:"total_bytes"`
			Traffic                  uint64
		}
		Profile *struct {
			Nanoseconds, Heat float64
			Share             float64 `json:"time_share"`
			Bytes             uint64
			GBs               float64 `json:"gb_per_s"`
			Bandwidth         float64 `json:"bandwidth_share"`
		}
	}
	Edges []struct {
		From, To, Name, Type string
		Shape                []uint64
		Bytes, Traffic       uint64
		Count                int
		Back                 bool
	}
	Legend []struct{ Type, Colour string }
}

func read(t *testing.T, p *graph.Plan, o export.Options) picture {
	t.Helper()
	o.Format = "json"
	var v picture
	if err := json.Unmarshal(write(t, p, o), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// names lists a picture's nodes.
func (v picture) names() string {
	var out []string
	for _, n := range v.Nodes {
		out = append(out, fmt.Sprintf("%s×%d", n.Name, n.Count))
	}
	return strings.Join(out, " ")
}

// flow lists a picture's edges between names.
func (v picture) flow() string {
	name := map[string]string{}
	for _, n := range v.Nodes {
		name[n.ID] = n.Name
	}
	var out []string
	for _, e := range v.Edges {
		out = append(out, fmt.Sprintf("%s>%s×%d", name[e.From], name[e.To], e.Count))
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

// TestFold: equal layers are one, also with others between; a layer of other
// types stays visible; --unfold draws all.
func TestFold(t *testing.T) {
	p := small(t, graph.PerLayer, "", quant.Q4_K, quant.Q6_K, quant.Q4_K, quant.Q4_K, quant.Q6_K)
	for _, c := range []struct {
		o           export.Options
		nodes, flow string
	}{
		{export.Options{Level: "model"}, "enter×1 layers 0-4×5 sample×1", "enter>layers 0-4×1; layers 0-4>sample×1"},
		{export.Options{Level: "layer"}, "enter×1 layers 0,2-3×3 layers 1,4×2 sample×1",
			"enter>layers 0,2-3×1; layers 0,2-3>layers 0,2-3×1; layers 0,2-3>layers 1,4×2; layers 1,4>layers 0,2-3×1; layers 1,4>sample×1"},
		{export.Options{Level: "stage"}, "enter×1 blk.*.half×3 blk.*.half×2 sample×1",
			"blk.*.half>blk.*.half×1; blk.*.half>blk.*.half×1; blk.*.half>blk.*.half×2; blk.*.half>sample×1; enter>blk.*.half×1"},
		{export.Options{Level: "layer", Unfold: true}, "enter×1 layer 0×1 layer 1×1 layer 2×1 layer 3×1 layer 4×1 sample×1",
			"enter>layer 0×1; layer 0>layer 1×1; layer 1>layer 2×1; layer 2>layer 3×1; layer 3>layer 4×1; layer 4>sample×1"},
	} {
		v := read(t, p, c.o)
		if got := v.names(); got != c.nodes {
			t.Errorf("%+v: nodes %s, wanted %s", c.o, got, c.nodes)
		}
		if got := v.flow(); got != c.flow {
			t.Errorf("%+v: edges %s, wanted %s", c.o, got, c.flow)
		}
	}
	v := read(t, p, export.Options{Level: "stage"})
	if n := v.Nodes[2]; n.Segment != "blk.1 and 1 more" || v.Groups[1].Name != "layers 1,4" || n.Group != v.Groups[1].ID {
		t.Errorf("the second kind of layer is in segment %q, group %q of %+v", n.Segment, n.Group, v.Groups)
	}
	if a, b := v.Edges[1], v.Edges[2]; a.Back || a.Name != "blk.*.half/y" || fmt.Sprint(a.Shape) != "[256 2]" || a.Bytes != 2048 || !b.Back {
		t.Errorf("edges %+v", v.Edges)
	}
	// Frames of the stages of both kinds are different though they have one name.
	v = read(t, p, export.Options{Level: "dispatch"})
	if len(v.Groups) != 6 || v.Nodes[1].Group == v.Nodes[6].Group {
		t.Errorf("groups %+v", v.Groups)
	}
}

// TestEverything: at every level each dispatch belongs to exactly one node, and
// the weights of all nodes together are those of the plan.
func TestEverything(t *testing.T) {
	p := mixed(t)
	var weights uint64
	for _, x := range p.Tensors {
		if x.Role == graph.Weight {
			weights += x.Bytes
		}
	}
	for _, level := range export.Levels() {
		for _, unfold := range []bool{false, true} {
			v := read(t, p, export.Options{Level: level, Unfold: unfold})
			var parts []int
			var sum uint64
			for _, n := range v.Nodes {
				parts = append(parts, n.Dispatches...)
				for _, x := range n.Tensors {
					if x.Role == "weight" {
						sum += x.Total
					}
				}
			}
			slices.Sort(parts)
			for i, d := range parts {
				if i != d {
					t.Fatalf("%s: dispatches %v, wanted each once", level, parts)
				}
			}
			if len(parts) != len(p.Dispatches) || sum != weights {
				t.Errorf("%s, unfold %v: %d of %d dispatches, %d bytes of weights, wanted %d", level, unfold, len(parts), len(p.Dispatches), sum, weights)
			}
		}
	}
}

// TestProfile: times and bytes of a node are those of its dispatches together.
func TestProfile(t *testing.T) {
	p := mixed(t)
	f := profile(p)
	v := read(t, p, export.Options{Profile: f})
	share, hottest := 0.0, 0.0
	for _, n := range v.Nodes {
		ns, bytes := 0.0, uint64(0)
		for _, d := range n.Dispatches {
			ns, bytes = ns+f.Nanoseconds[d], bytes+f.Bytes[d]
		}
		c := n.Profile
		if c.Nanoseconds != ns || c.Bytes != bytes || c.GBs != float64(bytes)/ns || math.Abs(c.Bandwidth*1000/c.GBs-1) > 1e-12 {
			t.Errorf("%s: %+v, wanted %g ns and %d bytes", n.Name, c, ns, bytes)
		}
		share, hottest = share+c.Share, max(hottest, c.Heat)
	}
	if share < 0.999999 || share > 1.000001 || hottest != 1 {
		t.Errorf("shares add up to %g, the greatest heat is %g", share, hottest)
	}
	// A layer reads the one before it, 2048 bytes, in its norm and as residual.
	for _, e := range v.Edges {
		if e.Back && e.Traffic != 2*2048 {
			t.Errorf("traffic of an edge is %d", e.Traffic)
		}
	}
	for _, c := range []struct {
		f    export.Profile
		want string
	}{
		{export.Profile{Nanoseconds: f.Nanoseconds[1:]}, "profile has 21 times, wanted one for each of 22 dispatches"},
		{export.Profile{Nanoseconds: f.Nanoseconds, Bytes: f.Bytes[2:]}, "profile has 20 byte counts, wanted none or one for each of 22 dispatches"},
		{export.Profile{Nanoseconds: f.Nanoseconds, Args: f.Args[2:]}, "profile has argument bytes of 20 dispatches, wanted none or 22"},
		{export.Profile{Nanoseconds: f.Nanoseconds, Args: append([][]uint64{{1}}, f.Args[1:]...)}, "profile has bytes of 1 arguments for dispatch 0, wanted 4"},
	} {
		if err := export.Write(new(strings.Builder), p, export.Options{Format: "json", Profile: &c.f}); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	for want, o := range map[string]export.Options{
		`format "png", wanted dot, svg, mermaid, json, html or text`: {Format: "png"},
		`level "kernel", wanted model, layer, stage or dispatch`:     {Format: "json", Level: "kernel"},
	} {
		if err := export.Write(new(strings.Builder), mixed(t), o); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestEmptyPlan(t *testing.T) {
	for _, f := range export.Formats() {
		err := export.Write(new(strings.Builder), &graph.Plan{Name: "none"}, export.Options{Format: f})
		if err == nil || err.Error() != `plan "none" has no dispatches to draw` {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// TestWaits: dispatches that wait by themselves are drawn in rows of their own,
// with what they wait for.
func TestWaits(t *testing.T) {
	p := mixed(t)
	for i := range p.Dispatches {
		if d := &p.Dispatches[i]; d.Barrier && i > 5 {
			d.Barrier, d.Wait = false, uint32(i)
		} else if i > 5 {
			d.Wait = p.Dispatches[i-1].Wait
		}
	}
	v := read(t, p, export.Options{Level: "dispatch", Unfold: true})
	waits := 0
	for i, n := range v.Nodes {
		if n.Wait != p.Dispatches[i].Wait {
			t.Errorf("node %d waits for %d, its dispatch for %d", i, n.Wait, p.Dispatches[i].Wait)
		}
		if n.Wait == uint32(i) && i > 0 {
			waits++
		}
	}
	if waits < 5 || v.Waits != waits {
		t.Errorf("%d waits, %d counted", waits, v.Waits)
	}
	if got := strings.Count(string(write(t, p, export.Options{Level: "dispatch", Unfold: true, Format: "svg"})), ">waits for "); got != waits {
		t.Errorf("%d waits are drawn, wanted %d", got, waits)
	}
}

// hostile is in every name of the plan that a file could have.
const hostile = "\"'<script>alert(1)</script>&amp;\\l\n--> x[\"y\"]\t%%{init}%%\u202e\x00\xff ```$$ </svg>]]>#quot;"

// TestHostileNames: what a file says stays text.
func TestHostileNames(t *testing.T) {
	p := small(t, graph.PerLayer, hostile, quant.Q4_K, quant.Q4_K, quant.Q6_K)
	v := read(t, p, export.Options{Level: "dispatch"})
	if want := strings.ToValidUTF8(hostile, "\ufffd"); !strings.HasSuffix(v.Nodes[0].Name, want) {
		t.Errorf("JSON has the name %q", v.Nodes[0].Name)
	}
	for _, level := range export.Levels() {
		o := export.Options{Level: level, Format: "dot", Title: hostile, Device: hostile, Profile: profile(p)}
		for i, l := range strings.Split(strings.TrimSuffix(string(write(t, p, o)), "\n"), "\n") {
			if !dotLine.MatchString(l) {
				t.Errorf("%s: line %d of the DOT is no statement: %s", level, i+1, l)
			}
		}
		o.Format = "mermaid"
		for i, l := range strings.Split(strings.TrimSuffix(string(write(t, p, o)), "\n"), "\n") {
			if !mermaidLine.MatchString(l) {
				t.Errorf("%s: line %d of the Mermaid is no statement: %s", level, i+1, l)
			}
		}
	}
}

// What lines look like: a string holds nothing that ends it or that the
// language gives a meaning to.
var (
	dotLine = regexp.MustCompile(strings.NewReplacer("STR", `"([^"\\<>&]|\\[\\l]|&[a-z]+;)*"`,
		"TAB", `<<table[a-z0-9=" ]*>(<tr><td align="left"><font color="#[0-9a-f]+">(<b>)?([^"<>&]|&[a-z]+;)*(</b>)?</font></td></tr>)+</table>>`).
		Replace(`^ *(digraph plan \{|\}|label=STR;.*|(graph|node|edge) .*|subgraph [a-z0-9_]+ \{ label=STR;.*|` +
			`[a-z0-9_]+( -> [a-z0-9_]+)? \[([a-z]+=(STR|TAB|[a-z0-9.]+)(, )?)+\];)$`))
	mermaidLine = regexp.MustCompile(strings.ReplaceAll(`^ *(---|title: "([^"\\<>&]|\\["\\]|\\u00[0-9a-f]{2})*"|flowchart TB|end|(subgraph )?[a-z0-9]+\[STR\]|`+
		`[a-z0-9]+ -(->|\.->) ?\|STR\| [a-z0-9]+|(linkStyle|style) [a-z0-9]+ [a-z0-9:,.#-]+)$`,
		"STR", `"([^"<>&\\$`+"`"+`]|<br/>)*"`))
)
