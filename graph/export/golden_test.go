package export_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"moeflow/graph"
	"moeflow/graph/export"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// write is export.Write into memory.
func write(t testing.TB, p *graph.Plan, o export.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := export.Write(&b, p, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// profile gives dispatch i the time i+1 microseconds and its arguments' sizes
// as traffic.
func profile(p *graph.Plan) *export.Profile {
	f := &export.Profile{Bandwidth: 1e12}
	for i, d := range p.Dispatches {
		row, sum := make([]uint64, len(d.Args)), uint64(0)
		for j, a := range d.Args {
			if a.Tensor != graph.NoTensor {
				row[j] = p.Tensors[a.Tensor].Bytes
				sum += row[j]
			}
		}
		f.Nanoseconds = append(f.Nanoseconds, float64(1000*(i+1)))
		f.Bytes = append(f.Bytes, sum)
		f.Args = append(f.Args, row)
	}
	return f
}

// TestGolden compares each text format at each level with a file that a person
// has read; -update rewrites them.
func TestGolden(t *testing.T) {
	p := mixed(t)
	for _, format := range []string{"dot", "mermaid", "json"} {
		for _, level := range export.Levels() {
			golden(t, level+"."+format, write(t, p, export.Options{Format: format, Level: level, Device: "device 0"}))
		}
		golden(t, "stage-unfolded."+format, write(t, p, export.Options{Format: format, Unfold: true}))
		golden(t, "stage-profile."+format, write(t, p, export.Options{Format: format, Profile: profile(p)}))
	}
	golden(t, "plan.text", write(t, p, export.Options{Format: "text", Device: "device 0"}))
	golden(t, "plan-unfolded.text", write(t, p, export.Options{Format: "text", Unfold: true, Title: "all layers", Profile: profile(p)}))
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what was written; look at the difference and run with -update\n%s", path, firstDifference(got, want))
	}
}

// firstDifference shows the first line that differs.
func firstDifference(got, want []byte) string {
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range g {
		if i >= len(w) || !bytes.Equal(g[i], w[i]) {
			line := []byte("(the end)")
			if i < len(w) {
				line = w[i]
			}
			return "got  " + string(g[i]) + "\nwant " + string(line)
		}
	}
	return "the golden file is longer"
}
