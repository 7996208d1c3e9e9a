package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"moeflow/gguf"
)

// brokenModel is the shipped model with a NaN among its weights.
func brokenModel(t *testing.T) string {
	t.Helper()
	const shipped = "../../../../models/tiny-go-q4_k_m.gguf"
	f, err := gguf.Open(shipped)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	norm, ok := f.Tensor("blk.3.attn_norm.weight")
	b, err := os.ReadFile(shipped)
	if err != nil || !ok {
		t.Fatal(err, ok)
	}
	copy(b[bytes.Index(b, norm.Data):], "\x00\x00\xc0\x7f")
	path := filepath.Join(t.TempDir(), "broken.gguf")
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBatchEngineFails: where the engine fails on prompts, their results say so,
// the exit code does too, and --resume computes them again.
func TestBatchEngineFails(t *testing.T) {
	model, in, dir := brokenModel(t), write(t, "p", "a\nb\n"), t.TempDir()
	for _, c := range [][2]string{{"0.5", "--resume=false"}, {"0.5", "--resume"}, {"0", "--resume=false"}} {
		temperature, resume := c[0], c[1]
		out := filepath.Join(dir, temperature)
		o := moeflow(t, "batch", in, "-o", out, "--model", model, "--temp", temperature, "-n", "3", resume)
		if o.code != exitFailed || !strings.Contains(o.err, "2 prompts (2 with errors)") || !strings.HasSuffix(o.err, "go on with --resume\n") {
			t.Errorf("%s: exit code %d, %s", c, o.code, o.err)
		}
		got := batchResults(t, readFile(t, out))
		if len(got) != 2 || got[1].text() != "error engine_error" || !strings.Contains(got[2].Error.Message, "logits are not finite") {
			t.Errorf("%s: %s", c, readFile(t, out))
		}
	}
}
