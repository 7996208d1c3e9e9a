package cli

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/testmodel"
)

// changedModel is the shipped model with change made to its bytes.
func changedModel(t *testing.T, change func([]byte)) string {
	t.Helper()
	b, err := os.ReadFile(testmodel.TinyPath)
	if err != nil {
		t.Fatal(err)
	}
	change(b)
	path := filepath.Join(t.TempDir(), "changed.gguf")
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// after is the value behind a key of four bytes, or behind any other text.
func after(t *testing.T, b []byte, text string, skip int) []byte {
	t.Helper()
	at := bytes.Index(b, []byte(text))
	if at < 0 {
		t.Fatalf("the shipped model has no %q", text)
	}
	return b[at+len(text)+skip:]
}

// TestResumeWithAnotherModel: a model that would answer otherwise is refused,
// whatever it is that differs; one with another description goes on.
func TestResumeWithAnotherModel(t *testing.T) {
	in, out := write(t, "p.txt", "a\nb\n"), filepath.Join(t.TempDir(), "r")
	run := func(model string) outcome {
		return moeflow(t, "batch", in, "-o", out, "--resume", "-n", "1", "--model", model)
	}
	ok(t, run(changedModel(t, func([]byte) {})))
	whole := readFile(t, out)
	for what, change := range map[string]func([]byte){
		"rope base":      func(b []byte) { putU32(after(t, b, "qwen3moe.rope.freq_base", 4), math.Float32bits(5e5)) },
		"experts used":   func(b []byte) { putU32(after(t, b, "qwen3moe.expert_used_count", 4), 3) },
		"end token":      func(b []byte) { putU32(after(t, b, "tokenizer.ggml.eos_token_id", 4), 1) },
		"chat template":  func(b []byte) { copy(after(t, b, "{%- for m in messages %}{{- ", 0), "'<|im_other|>'") },
		"a tensor's end": func(b []byte) { b[len(b)-3] ^= 0x40 },
	} {
		if o := run(changedModel(t, change)); o.code != exitUsage || !strings.Contains(o.err, "has results of another model") || readFile(t, out) != whole {
			t.Errorf("%s: exit code %d, %s", what, o.code, o.err)
		}
	}
	ok(t, run(changedModel(t, func(b []byte) { copy(after(t, b, "general.description", 12), "Large") })))
}

func putU32(b []byte, n uint32) { binary.LittleEndian.PutUint32(b, n) }
