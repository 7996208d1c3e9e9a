package export_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/graph/export"
)

// element is an XML element with what is inside it.
type element struct {
	name  string
	attrs map[string]string
	text  string // of itself and all inside
	in    []*element
}

// parse reads XML strictly.
func parse(t *testing.T, data []byte) *element {
	t.Helper()
	root := &element{}
	at := []*element{root}
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		tok, err := d.Token()
		if err == io.EOF {
			return root.in[0]
		}
		if err != nil {
			t.Fatalf("the SVG is no XML: %v", err)
		}
		switch x := tok.(type) {
		case xml.StartElement:
			e := &element{name: x.Name.Local, attrs: map[string]string{}}
			for _, a := range x.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			at[len(at)-1].in = append(at[len(at)-1].in, e)
			at = append(at, e)
		case xml.EndElement:
			at = at[:len(at)-1]
		case xml.CharData:
			for _, e := range at {
				e.text += string(x)
			}
		}
	}
}

// all finds the elements of a class.
func (e *element) all(class string) []*element {
	var out []*element
	for _, x := range e.in {
		if strings.Fields(x.attrs["class"] + " -")[0] == class {
			out = append(out, x)
		}
		out = append(out, x.all(class)...)
	}
	return out
}

type rect struct{ x, y, w, h float64 }

func (e *element) rect(t *testing.T) rect {
	t.Helper()
	var r rect
	for k, p := range map[string]*float64{"x": &r.x, "y": &r.y, "width": &r.w, "height": &r.h} {
		if _, err := fmt.Sscan(e.attrs[k], p); err != nil {
			t.Fatalf("%s of %v: %v", k, e.attrs, err)
		}
	}
	return r
}

func (r rect) inside(o rect) bool {
	return r.x >= o.x && r.y >= o.y && r.x+r.w <= o.x+o.w && r.y+r.h <= o.y+o.h
}

func (r rect) overlaps(o rect) bool {
	return r.x < o.x+o.w && o.x < r.x+r.w && r.y < o.y+o.h && o.y < r.y+r.h
}

// TestSVG: the picture is XML, whatever the names; every node and edge is in
// it; cards do not overlap, and lie within the picture, frames too.
func TestSVG(t *testing.T) {
	for _, p := range []*graph.Plan{mixed(t), small(t, graph.PerLayer, hostile, quant.Q4_K, quant.Q4_K, quant.Q6_K)} {
		for _, level := range export.Levels() {
			for _, unfold := range []bool{false, true} {
				o := export.Options{Level: level, Unfold: unfold, Title: p.Name, Device: p.Name, Profile: profile(p)}
				v := read(t, p, o)
				o.Format = "svg"
				e := parse(t, write(t, p, o))
				cards, wires, frames := e.all("card"), e.all("wire"), e.all("frame")
				if len(cards) != len(v.Nodes) || len(wires) != len(v.Edges) || len(frames) != len(v.Groups) {
					t.Errorf("%s: %d cards, %d wires, %d frames, wanted %d, %d, %d", level, len(cards), len(wires), len(frames), len(v.Nodes), len(v.Edges), len(v.Groups))
				}
				e.attrs["x"], e.attrs["y"] = "0", "0"
				whole := e.rect(t)
				var placed []rect
				for i, c := range cards {
					r := c.all("body")[0].rect(t)
					if !r.inside(whole) {
						t.Errorf("%s: card %d at %v is outside %v", level, i, r, whole)
					}
					for _, o := range placed {
						if r.overlaps(o) {
							t.Errorf("%s: card %d at %v overlaps another at %v", level, i, r, o)
						}
					}
					placed = append(placed, r)
				}
				for _, f := range frames {
					if r := f.in[0].rect(t); !r.inside(whole) {
						t.Errorf("%s: frame at %v is outside %v", level, r, whole)
					}
				}
			}
		}
	}
}

// TestSVGText: a card says what a node is: kernel, grid, tensors with shape,
// type and bytes, time; the wires have the colours of the legend.
func TestSVGText(t *testing.T) {
	p := mixed(t)
	e := parse(t, write(t, p, export.Options{Device: "device 0", Profile: profile(p)}))
	first := e.all("card")[1].text
	for _, want := range []string{"half", "linear[Q4_K] grid 4×2×1 ×3", "up 256×256 Q4_K 36.0 KiB ×3", "y 256×2 F32 2.00 KiB", "device 0", "segment device", "µs", "GB/s", "% of bandwidth"} {
		if !strings.Contains(first, want) {
			t.Errorf("the card says nothing of %q: %s", want, first)
		}
	}
	if !strings.Contains(e.all("frame")[0].text, "layers 0-1,3 ×3") || !strings.Contains(e.text, "Q6_K: 1 weight, 52.5 KiB") {
		t.Errorf("frame %s", e.all("frame")[0].text)
	}
	for _, w := range e.all("wire") {
		if w.attrs["stroke"] != "#7b8794" || !strings.Contains(w.text, "F32 2.00 KiB") {
			t.Errorf("a wire of %s with the colour %s", w.text, w.attrs["stroke"])
		}
	}
}

// TestSame: equal plans give equal bytes.
func TestSame(t *testing.T) {
	for _, f := range export.Formats() {
		o := export.Options{Format: f, Level: "dispatch"}
		if a, b := write(t, mixed(t), o), write(t, mixed(t), o); !bytes.Equal(a, b) {
			t.Errorf("%s differs from one run to the next", f)
		}
	}
}
