package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"moeflow/gguf/ggufwrite"
)

// qwen30B is a file with the shapes and types of Qwen3-Coder-30B-A3B in Q4_K_M.
func qwen30B(t *testing.T) string {
	t.Helper()
	var w ggufwrite.Writer
	const vocab = 151936
	ggufwrite.Shapes{Name: "Qwen3-Coder-30B-A3B shapes", Layers: 48, Hidden: 2048, Heads: 32, KVHeads: 4, HeadDim: 128,
		Experts: 128, TopK: 8, Width: 768, Vocab: vocab}.Put(&w)
	w.Set("tokenizer.ggml.model", "gpt2")
	w.Set("tokenizer.ggml.pre", "qwen2")
	w.Set("tokenizer.ggml.tokens", manyTokens(vocab))
	w.Set("tokenizer.ggml.merges", []string{"a b"})
	path := filepath.Join(t.TempDir(), "shapes.gguf")
	if err := w.WriteSparse(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// manyTokens is a vocabulary: every byte in the alphabet of byte-level BPE, then
// numbered words.
func manyTokens(n int) []string {
	var out []string
	next := rune(256)
	for b := range rune(256) {
		r := b
		if !(b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae) {
			r, next = next, next+1
		}
		out = append(out, string(r))
	}
	for len(out) < n {
		out = append(out, fmt.Sprint("word", len(out)))
	}
	return out
}

// TestGraphLarge: a file of 18.5 GB is drawn from its header alone, in less than
// two seconds, and its 48 layers fold into the two kinds that it has.
func TestGraphLarge(t *testing.T) {
	path := qwen30B(t)
	if i, err := os.Stat(path); err != nil || i.Size() < 18_500_000_000 {
		t.Fatalf("the file has %d bytes: %v", i.Size(), err)
	}
	for _, format := range []string{"svg", "html"} {
		start := time.Now()
		out := ok(t, moeflow(t, "graph", "--model", path, "--format", format))
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("%s took %v", format, d)
		}
		if !strings.Contains(out, "Qwen3-Coder-30B-A3B shapes") {
			t.Errorf("%s says nothing of the model", format)
		}
	}
	var got []string
	for _, n := range drawJSON(t, "--model", path, "--level", "layer").Nodes {
		got = append(got, fmt.Sprintf("%s ×%d", n.Name, n.Count))
	}
	want := "embed ×1; layers 0-5,8,11,14,17,20,23,26,29,32,35,38,41-47 ×24; " +
		"layers 6-7,9-10,12-13,15-16,18-19,21-22,24-25,27-28,30-31,33-34,36-37,39-40 ×24; lm_head ×1; sample ×1"
	if s := strings.Join(got, "; "); s != want {
		t.Errorf("nodes %s, wanted %s", s, want)
	}
	if n := len(drawJSON(t, "--model", path, "--level", "layer", "--unfold").Nodes); n != 51 {
		t.Errorf("unfolded there are %d nodes", n)
	}
	if d := drawJSON(t, "--model", path, "--level", "model"); len(d.Nodes) != 4 || d.Nodes[1].Count != 48 {
		t.Errorf("at level model: %+v", d.Nodes)
	}
}
