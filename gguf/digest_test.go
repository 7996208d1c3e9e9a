package gguf_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"moeflow/gguf"
	"moeflow/gguf/ggufwrite"
	"moeflow/gguf/quant"
)

type pair struct {
	key   string
	value any
}

// base is the metadata of a small model.
var base = []pair{
	{"general.architecture", "qwen3moe"}, {"general.name", "one"}, {"general.sampling.temp", float32(0.7)},
	{"qwen3moe.rope.freq_base", float32(1e6)}, {"qwen3moe.expert_used_count", uint32(4)},
	{"tokenizer.chat_template", "{{ messages }}"}, {"tokenizer.ggml.tokens", []string{"a", "bc"}}, {"tokenizer.ggml.eos_token_id", uint32(1)},
}

// with is base with another value at key; nil leaves the key out.
func with(key string, value any) []pair {
	out := append([]pair(nil), base...)
	for i := range out {
		if out[i].key == key {
			out[i].value = value
			return out
		}
	}
	return append(out, pair{key, value})
}

// digest is that of a file with these keys and tensors, of which change may change
// the first.
func digest(t *testing.T, pairs []pair, names []string, change func([]float32)) string {
	t.Helper()
	var w ggufwrite.Writer
	for _, p := range pairs {
		if p.value != nil {
			w.Set(p.key, p.value)
		}
	}
	for i, name := range names {
		x := make([]float32, 4096)
		for k := range x {
			x[k] = float32(k + len(name))
		}
		if i == 0 && change != nil {
			change(x)
		}
		w.Tensor(name, quant.F32, x, 4096)
	}
	b, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	f, err := gguf.FromBytes("m.gguf", b)
	if err != nil {
		t.Fatal(err)
	}
	d, err := f.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDigest: what changes an answer changes the digest, and nothing else does.
func TestDigest(t *testing.T) {
	names := []string{"a", "bb"}
	want := digest(t, base, names, nil)
	for _, p := range []pair{
		{"general.name", "two"}, {"general.description", "of it"}, {"general.license", nil}, {"general.tags", []string{"x"}},
		{"quantize.imatrix.file", "f"},
	} {
		if got := digest(t, with(p.key, p.value), names, nil); got != want {
			t.Errorf("%s changes the digest", p.key)
		}
	}
	if got := digest(t, []pair{base[7], base[2], base[0], base[1], base[3], base[6], base[5], base[4]}, []string{"bb", "a"}, nil); got != want {
		t.Error("the order of keys and tensors changes the digest")
	}
	seen := map[string]string{want: "nothing"}
	other := func(what, got string) {
		if was, ok := seen[got]; ok {
			t.Errorf("%s has the digest of %s", what, was)
		}
		seen[got] = what
	}
	for _, p := range []pair{
		{"general.architecture", "other"}, {"general.sampling.temp", float32(0.8)}, {"qwen3moe.rope.freq_base", float32(1e5)},
		{"qwen3moe.expert_used_count", uint32(2)}, {"qwen3moe.expert_used_count", int32(4)}, {"qwen3moe.rope.scaling.factor", float32(4)},
		{"tokenizer.chat_template", "{{ messages | upper }}"}, {"tokenizer.chat_template", nil}, {"tokenizer.chat_template.tool_use", "x"},
		{"tokenizer.ggml.tokens", []string{"ab", "c"}}, {"tokenizer.ggml.eos_token_id", uint32(0)}, {"other.key", true},
	} {
		other(fmt.Sprintf("%s = %v", p.key, p.value), digest(t, with(p.key, p.value), names, nil))
	}
	other("another name", digest(t, base, []string{"a", "bc"}, nil))
	other("one tensor less", digest(t, base, names[:1], nil))
	for _, k := range []int{0, 4095} {
		other(fmt.Sprint("element ", k), digest(t, base, names, func(x []float32) { x[k]++ }))
	}
	other("another scale", digest(t, base, names, func(x []float32) {
		for k := range x {
			x[k] *= 1.01
		}
	}))
}

// TestDigestOfParts: a split model is the same as whole.
func TestDigestOfParts(t *testing.T) {
	var w ggufwrite.Writer
	w.Set("general.architecture", "qwen3moe")
	for i := range 3 {
		w.Tensor(fmt.Sprint("t", i), quant.F32, make([]float32, 32), 32)
	}
	dir := t.TempDir()
	if err := w.WriteFile(filepath.Join(dir, "whole.gguf")); err != nil {
		t.Fatal(err)
	}
	paths, err := w.WriteSplit(filepath.Join(dir, "parts"), 2)
	if err != nil {
		t.Fatal(err)
	}
	var digests []string
	for _, path := range []string{filepath.Join(dir, "whole.gguf"), paths[0]} {
		f, err := gguf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		d, err := f.Digest()
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, d)
	}
	if digests[0] != digests[1] {
		t.Errorf("whole and in parts: %v", digests)
	}
}
