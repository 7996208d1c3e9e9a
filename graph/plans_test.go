package graph_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"moeflow/gguf"
	"moeflow/gguf/ggufwrite"
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/graph/export"
	"moeflow/stages/qwen3moe"
	"moeflow/vk/shaders"
)

var update = flag.Bool("update", false, "rewrite the golden plans in testdata/plans")

// models are the shapes that golden plans are of.
var models = []ggufwrite.Shapes{
	{Name: "tiny", Layers: 6, Hidden: 256, Heads: 4, KVHeads: 2, HeadDim: 64, Experts: 8, TopK: 4, Width: 512, Vocab: 4096},
	{Name: "30b-a3b", Layers: 48, Hidden: 2048, Heads: 32, KVHeads: 4, HeadDim: 128, Experts: 128, TopK: 8, Width: 768, Vocab: 151936},
	{Name: "235b-a22b", Layers: 94, Hidden: 4096, Heads: 64, KVHeads: 4, HeadDim: 128, Experts: 128, TopK: 8, Width: 1536, Vocab: 151936},
}

// file is one of a model's shapes, without weights.
func file(t *testing.T, s ggufwrite.Shapes) *gguf.File {
	t.Helper()
	var w ggufwrite.Writer
	s.Put(&w)
	path := filepath.Join(t.TempDir(), s.Name+".gguf")
	if err := w.WriteSparse(path); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// stepSizes are the rows of the steps that golden plans are of. Those of generated
// tokens want logits for all rows, those of prompts for one.
var stepSizes = []struct{ rows, outs int }{
	{1, 1}, {2, 2}, {8, 8}, {16, 16}, {32, 32}, {64, 64}, {65, 65}, {128, 128}, {160, 160}, {256, 1}, {512, 1}, {2048, 1},
}

// plan compiles a step's plan for a class of devices.
func plan(t *testing.T, f *gguf.File, class shaders.Class, kv quant.Type, rows, outs int) *graph.Plan {
	t.Helper()
	c, err := qwen3moe.ReadConfig(f)
	if err != nil {
		t.Fatal(err)
	}
	g, err := qwen3moe.Build(f, c, qwen3moe.Options{Layout: graph.StepLayout{Rows: rows, Outs: outs, Pages: 512},
		KVType: kv, Positions: 32768, PageSize: 64, MaxRows: 2048, Slots: 160})
	if err != nil {
		t.Fatal(err)
	}
	choice := class.Choice
	choice.Without = []string{"q8"} // as the commands have it
	p, err := graph.Compile(g, graph.Options{Kernels: shaders.For(choice), Counters: class.Ordered})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestGoldenPlans compares the plans of every class of devices with files, so that
// a change of a kernel's header, of an order or of a rule shows which plans it
// changes and how; -update rewrites them.
func TestGoldenPlans(t *testing.T) {
	counts := map[string]map[string]int{}
	for _, m := range models {
		f := file(t, m)
		for _, kv := range []quant.Type{quant.F16, quant.Q8_0} {
			if kv != quant.F16 && m.Name != "30b-a3b" {
				continue // attention alone differs, and shows with one model
			}
			for _, class := range shaders.Classes() {
				name := fmt.Sprintf("%s-%s.txt", m.Name, kv)
				t.Run(class.Name+"/"+name, func(t *testing.T) {
					var b bytes.Buffer
					for _, s := range stepSizes {
						p := plan(t, f, class, kv, s.rows, s.outs)
						for rule, n := range p.Rules {
							if counts[rule] == nil {
								counts[rule] = map[string]int{}
							}
							counts[rule][class.Name] += n
						}
						if err := export.Write(&b, p, export.Options{Format: "text", Title: m.Name, Device: class.Name}); err != nil {
							t.Fatal(err)
						}
						b.WriteByte('\n')
					}
					golden(t, filepath.Join("testdata", "plans", class.Name, name), b.Bytes())
				})
			}
		}
	}
	goldenCounts(t, counts)
}

// goldenCounts compares how often each rule did something in all those plans. One that
// does nothing there is for choices that these plans do not have: TestAllIsReached
// wants every rule to do something in some plan.
func goldenCounts(t *testing.T, counts map[string]map[string]int) {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "%-40s", "rule")
	for _, class := range shaders.Classes() {
		fmt.Fprintf(&b, "%10s", class.Name)
	}
	for _, rule := range graph.Rules() {
		fmt.Fprintf(&b, "\n%-40s", rule)
		for _, class := range shaders.Classes() {
			fmt.Fprintf(&b, "%10d", counts[rule][class.Name])
		}
	}
	b.WriteByte('\n')
	golden(t, filepath.Join("testdata", "plans", "rules.txt"), b.Bytes())
}

// golden compares with a file, or writes it.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || !bytes.Equal(g[i], w[i]) {
			line := func(l [][]byte) []byte { return append(l, []byte("(the end)"))[min(i, len(l))] }
			t.Fatalf("%s differs from line %d on; run with -update and look at the difference\ngot  %s\nwant %s", path, i+1, line(g), line(w))
		}
	}
}
