package engine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/model"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/gguf/quant"
	"moeflow/graph/backend"
	"moeflow/stages/ref"
)

// sound is a file that runs, for tests to spoil.
var sound = testmodel.Synth{Name: "sound", Layers: 1, Hidden: 64, Heads: 2, KV: 1, Dim: 32, Experts: 3, TopK: 2, Width: 32, Vocab: 256, Kind: quant.Q8_0}

// TestBadFiles: each is one clear line before anything reaches a device.
func TestBadFiles(t *testing.T) {
	good := sound.Write(t)
	with := func(change func(*testmodel.Synth)) []byte {
		s := sound
		change(&s)
		return s.Write(t)
	}
	meta := func(key string, v any) []byte {
		return with(func(s *testmodel.Synth) { s.Meta = map[string]any{key: v} })
	}
	unknown := bytes.Clone(good) // the type that follows the name and shape of a tensor
	at := bytes.Index(good, []byte("blk.0.attn_q.weight")) + len("blk.0.attn_q.weight") + 4 + 2*8
	binary.LittleEndian.PutUint32(unknown[at:], 3) // Q4_1
	for _, c := range []struct {
		name string
		data []byte
		want []string
	}{
		{"empty", nil, []string{"wanted"}},
		{"magic", append([]byte("GGML"), good[4:]...), []string{"GGML"}},
		{"half", good[:len(good)/2], []string{"tensor"}},
		{"header alone", good[:40], nil},
		{"last byte gone", good[:len(good)-1], []string{"tensor"}},
		{"architecture", meta("general.architecture", "llama"), []string{"general.architecture", `"llama"`, "qwen3moe"}},
		{"no architecture", meta("general.architecture", nil), []string{"general.architecture", "missing"}},
		{"no block count", meta("qwen3moe.block_count", nil), []string{"qwen3moe.block_count", "missing"}},
		{"block count", meta("qwen3moe.block_count", uint32(1<<30)), []string{"qwen3moe.block_count is 1073741824"}},
		{"block count within limits", meta("qwen3moe.block_count", uint32(1<<24)), []string{"qwen3moe.block_count is 16777216", "blk.1.attn_norm.weight"}},
		{"no tokens", meta("tokenizer.ggml.tokens", nil), []string{"tokenizer.ggml.tokens", "missing"}},
		{"tokenizer", meta("tokenizer.ggml.model", "llama"), []string{"tokenizer.ggml.model", "llama", "gpt2"}},
		{"type", unknown, []string{"blk.0.attn_q.weight", "Q4_1", "wanted one of"}},
		{"no embeddings", with(func(s *testmodel.Synth) { s.Drop = []string{"token_embd"} }), []string{"token_embd.weight"}},
		{"vocabulary", with(func(s *testmodel.Synth) { s.Vocab = 200 }), []string{"tokenizer.ggml.tokens has 256 tokens", "200 rows"}},
		{"token types", meta("tokenizer.ggml.token_type", make([]uint8, 1<<20)), []string{"tokenizer.ggml.token_type has 1048576 entries for 256 tokens"}},
		{"token types of text", meta("tokenizer.ggml.token_type", "normal"), []string{"tokenizer.ggml.token_type", "wanted an array"}},
		{"end token", meta("tokenizer.ggml.fim_sep_token_id", "x"), []string{"tokenizer.ggml.fim_sep_token_id", "wanted an integer"}},
		{"missing tensors", with(func(s *testmodel.Synth) { s.Drop = []string{"blk.0.attn_k", "output_norm"} }),
			[]string{"blk.0.attn_k.weight is missing", "output_norm.weight is missing"}},
		{"missing layer", meta("qwen3moe.block_count", uint32(2)), []string{"qwen3moe.block_count is 2", "blk.1.attn_norm.weight"}},
		{"shape", with(func(s *testmodel.Synth) { s.Shape = map[string][]uint64{"blk.0.attn_v": {64, 64}} }),
			[]string{"blk.0.attn_v.weight has shape {64, 64}, wanted {64, 32}"}},
		{"norm type", with(func(s *testmodel.Synth) { s.Kinds = map[string]quant.Type{"blk.0.attn_norm": quant.F16} }),
			[]string{"blk.0.attn_norm.weight is F16, wanted one of [F32]"}},
		{"experts", meta("qwen3moe.expert_count", uint32(4)), []string{"blk.0.ffn_gate_inp.weight has shape {64, 3}, wanted {64, 4}"}},
	} {
		path := filepath.Join(t.TempDir(), "bad.gguf")
		if err := os.WriteFile(path, c.data, 0o666); err != nil {
			t.Fatal(err)
		}
		m, err := model.Open(path)
		if err == nil {
			var e *Engine
			if e, err = Open(m, Options{Load: Load{Open: func(bool) (backend.Device, error) { return ref.NewDevice(), nil }}, Plans: Plans{KVType: quant.F16}}); err == nil {
				e.Close()
			}
			m.Close()
		}
		if err == nil {
			t.Errorf("%s: opened", c.name)
			continue
		}
		line := err.Error()
		if !strings.Contains(line, path) {
			t.Errorf("%s: %q does not name the file", c.name, line)
		}
		for _, want := range c.want {
			if !strings.Contains(line, want) {
				t.Errorf("%s: %q says nothing of %q", c.name, line, want)
			}
		}
	}
	if _, err := model.Open(filepath.Join(t.TempDir(), "none.gguf")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "none.gguf") {
		t.Errorf("no file: %v", err)
	}
}

func TestUnservedCacheType(t *testing.T) {
	s := sound
	s.Dim = 80
	m, err := s.Model(t)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Needs(m, Options{Plans: Plans{KVType: quant.Q8_0}})
	if err == nil || !strings.Contains(err.Error(), "heads of 80 elements do not fit a kv cache of type Q8_0") {
		t.Errorf("a head of 80 in blocks of 32: %v", err)
	}
}

// TestTooLargeForTheDevice: the error says what is needed, what there is and
// which context would fit; and that context does.
func TestTooLargeForTheDevice(t *testing.T) {
	m := testmodel.Tiny(t)
	const context = 1 << 20
	need, err := Needs(m, Options{Plans: Plans{KVType: quant.F16, Context: context, BeyondModel: true}})
	if err != nil {
		t.Fatal(err)
	}
	e := &Engine{Model: m, positions: context, Memory: need, Device: backend.Info{Name: "small card", Memory: 1 << 30}}
	err = e.fits()
	if err == nil {
		t.Fatalf("%s fit into 1 GiB", Bytes(need.Total()))
	}
	for _, want := range []string{m.File.Path(), Bytes(need.Total()), "kv cache of 1048576 positions " + Bytes(need.KV), "small card has 1.00 GiB"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q says nothing of %q", err, want)
		}
	}
	var fit int
	_, advice, _ := strings.Cut(err.Error(), "--set context.length=")
	if n, _ := fmt.Sscanf(advice, "%d would fit", &fit); n != 1 || fit < PageSize || fit >= context {
		t.Fatalf("%q names no context that would fit", err)
	}
	for n, want := range map[int]bool{fit: true, fit * 3 / 2: false} {
		if e.Memory, err = Needs(m, Options{Plans: Plans{KVType: quant.F16, Context: n, BeyondModel: true}}); err != nil {
			t.Fatal(err)
		}
		e.positions = n
		if err := e.fits(); (err == nil) != want {
			t.Errorf("a context of %d: %v, wanted it to fit: %v", n, err, want)
		}
	}
	// No context helps where the weights alone are too large.
	e.Device.Memory = 1 << 20
	if err := e.fits(); err == nil || !strings.Contains(err.Error(), "choose a smaller model or a device with more memory") {
		t.Errorf("weights that do not fit: %v", err)
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1536: "1.50 KiB", 3 << 20: "3.00 MiB", 18 << 30: "18.00 GiB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d is %q, wanted %q", n, got, want)
		}
	}
}
