package cli

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExpertStats: the written choices are tokens × layers × top_k, and the
// answer is the same as without.
func TestExpertStats(t *testing.T) {
	dir := t.TempDir()
	js, svg := filepath.Join(dir, "stats.json"), filepath.Join(dir, "stats.svg")
	args := []string{"run", "--completion", "-p", goPrompt, "-n", "12", "--ignore-eos", "--print-ids"}
	plain := ok(t, moeflow(t, args...))
	if got := ok(t, moeflow(t, append(args, "--expert-stats", js, "--expert-stats", svg)...)); got != plain {
		t.Errorf("counting experts changes the answer: %q, wanted %q", got, plain)
	}
	data, err := os.ReadFile(js)
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Layers, Experts int
		TopK            int    `json:"top_k"`
		Prefill         uint64 `json:"prefill_tokens"`
		Decode          uint64 `json:"decode_tokens"`
		Choices         uint64
		PerLayer        []struct {
			Layer           int
			Prefill, Decode []uint64
		} `json:"per_layer"`
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if r.Prefill != uint64(strings.Count(golden(t, "go_ids", " "), " ")+1) || r.Decode != 11 || len(r.PerLayer) != r.Layers || r.Layers < 2 {
		t.Errorf("%d prefill and %d decode tokens, %d of %d layers", r.Prefill, r.Decode, len(r.PerLayer), r.Layers)
	}
	var sum uint64
	for _, l := range r.PerLayer {
		if len(l.Prefill) != r.Experts || len(l.Decode) != r.Experts {
			t.Fatalf("layer %d has %d and %d of %d experts", l.Layer, len(l.Prefill), len(l.Decode), r.Experts)
		}
		for e := range l.Prefill {
			sum += l.Prefill[e] + l.Decode[e]
		}
	}
	if want := (r.Prefill + r.Decode) * uint64(r.Layers*r.TopK); sum != want || r.Choices != want {
		t.Errorf("%d choices, %d counted, wanted %d", r.Choices, sum, want)
	}
	f, err := os.Open(svg)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := xml.NewDecoder(f); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestExpertStatsFiles: a bad name or place shows before the model runs, and no
// file is left where the run fails.
func TestExpertStatsFiles(t *testing.T) {
	dir := t.TempDir()
	good, nowhere := filepath.Join(dir, "a.json"), filepath.Join(dir, "none", "b.json")
	for args, want := range map[string]string{
		"--expert-stats|stats.txt":                              "--expert-stats: stats.txt ends neither in .json nor in .svg",
		"--expert-stats|" + good + "|--expert-stats|" + nowhere: "--expert-stats: " + nowhere + ": its folder cannot be used",
	} {
		o := moeflow(t, append([]string{"run", "-p", "x"}, strings.Split(args, "|")...)...)
		if o.code != exitUsage || !strings.Contains(o.err, want) || strings.Count(o.err, "\n") != 1 || o.out != "" {
			t.Errorf("%s: exit code %d, %q", args, o.code, o.err)
		}
	}
	if o := moeflow(t, "run", "-p", "x", "--model", filepath.Join(dir, "none.gguf"), "--expert-stats", good); o.code != exitUsage {
		t.Errorf("exit code %d: %s", o.code, o.err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
