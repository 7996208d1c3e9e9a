package gguf

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"moeflow/gguf/ggufwrite"
	"moeflow/gguf/quant"
)

const shipped = "../models/tiny-go-q4_k_m.gguf"

// TestShippedModel reads the real file that llama.cpp wrote.
func TestShippedModel(t *testing.T) {
	f, err := Open(shipped)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.CheckTypes(); err != nil {
		t.Error(err)
	}
	tokens, err := f.Strings("tokenizer.ggml.tokens")
	if err != nil || len(tokens) != 4096 || tokens[2] != "<|im_end|>" {
		t.Errorf("%d tokens, %v", len(tokens), err)
	}
	types, err := f.Ints("tokenizer.ggml.token_type")
	if err != nil || len(types) != 4096 || types[2] != 3 || types[100] != 1 {
		t.Errorf("%d token types, %v", len(types), err)
	}
	if n, err := f.Uint("qwen3moe.expert_count"); n != 16 || err != nil {
		t.Errorf("expert_count is %d, %v", n, err)
	}
	if x, err := f.Float("qwen3moe.attention.layer_norm_rms_epsilon"); float32(x) != 1e-6 || err != nil {
		t.Errorf("epsilon is %v, %v", x, err)
	}
	if b, err := f.Bool("tokenizer.ggml.add_bos_token"); b || err != nil {
		t.Errorf("add_bos_token is %v, %v", b, err)
	}
	if n := len(f.Tensors()); n != 75 || f.Version() != 3 || !f.Has("tokenizer.chat_template") {
		t.Errorf("%d tensors, version %d", n, f.Version())
	}
	checkWeights(t, f)
}

// checkWeights decodes every tensor: a wrong offset or layout would show as
// values that no trained weight has.
func checkWeights(t *testing.T, f *File) {
	types := map[quant.Type]bool{}
	for _, x := range f.Tensors() {
		types[x.Type] = true
		n := uint64(1)
		for _, s := range x.Shape {
			n *= s
		}
		w := make([]float32, n)
		if err := x.Type.Decode(w, x.Data); err != nil {
			t.Fatal(x.Name, err)
		}
		var sum float64
		for _, v := range w {
			sum += float64(v) * float64(v)
		}
		if rms := math.Sqrt(sum / float64(n)); !(rms > 1e-3 && rms < 10) {
			t.Errorf("%s: root mean square %v", x.Name, rms)
		}
	}
	if len(types) != 3 || !types[quant.F32] || !types[quant.Q4_K] || !types[quant.Q6_K] {
		t.Errorf("types %v", types)
	}
}

// small is a valid file with a key of each sort and two tensors.
func small() *ggufwrite.Writer {
	w := &ggufwrite.Writer{}
	w.Set("name", "tiny")
	w.Set("count", uint32(7))
	w.Set("below", int32(-7))
	w.Set("huge", uint64(1<<63))
	w.Set("eps", float32(0.5))
	w.Set("yes", true)
	w.Set("words", []string{"a", "", "bcd"})
	w.Set("ints", []int32{-1, 2})
	w.Set("wide", []uint64{1 << 63})
	w.Tensor("a.weight", quant.Q8_0, make([]float32, 64), 32, 2)
	w.Tensor("b.weight", quant.F32, []float32{1, 2, 3}, 3)
	return w
}

func smallBytes(t testing.TB) []byte {
	b, err := small().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLookups(t *testing.T) {
	f, err := FromBytes("m.gguf", smallBytes(t))
	if err != nil {
		t.Fatal(err)
	}
	get := map[string]func(string) (any, error){
		"String":  func(k string) (any, error) { return f.String(k) },
		"Uint":    func(k string) (any, error) { return f.Uint(k) },
		"Float":   func(k string) (any, error) { return f.Float(k) },
		"Bool":    func(k string) (any, error) { return f.Bool(k) },
		"Strings": func(k string) (any, error) { return f.Strings(k) },
		"Ints":    func(k string) (any, error) { return f.Ints(k) },
	}
	for _, c := range []struct {
		call, key string
		want      any // the value, or the error's text
	}{
		{"String", "name", "tiny"}, {"Uint", "count", uint64(7)}, {"Uint", "huge", uint64(1 << 63)},
		{"Float", "eps", 0.5}, {"Float", "below", -7.0}, {"Float", "huge", 0x1p63}, {"Bool", "yes", true},
		{"Strings", "words", []string{"a", "", "bcd"}}, {"Ints", "ints", []int64{-1, 2}},
		{"String", "count", errors.New(`m.gguf: key "count" is uint32, wanted a string`)},
		{"String", "none", errors.New(`m.gguf: key "none" is missing, wanted a string`)},
		{"Uint", "below", errors.New(`m.gguf: key "below" is -7, wanted an integer not below 0`)},
		{"Uint", "eps", errors.New(`m.gguf: key "eps" is float32, wanted an integer not below 0`)},
		{"Uint", "none", errors.New(`m.gguf: key "none" is missing, wanted an integer not below 0`)},
		{"Float", "name", errors.New(`m.gguf: key "name" is string, wanted a number`)},
		{"Float", "none", errors.New(`m.gguf: key "none" is missing, wanted a number`)},
		{"Bool", "count", errors.New(`m.gguf: key "count" is uint32, wanted a bool`)},
		{"Strings", "ints", errors.New(`m.gguf: key "ints" is int32[2], wanted an array of strings`)},
		{"Ints", "words", errors.New(`m.gguf: key "words" is string[3], wanted an array of integers`)},
		{"Ints", "wide", errors.New(`m.gguf: key "wide" is 9223372036854775808 at element 0, wanted integers of 63 bits`)},
	} {
		got, err := get[c.call](c.key)
		if want, ok := c.want.(error); ok {
			if err == nil || err.Error() != want.Error() {
				t.Errorf("%s(%s)\ngot  %v\nwant %v", c.call, c.key, err, want)
			}
		} else if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s(%s) is %v, %v, wanted %v", c.call, c.key, got, err, c.want)
		}
	}
	if keys := f.Keys(); len(keys) != 9 || keys[0] != "name" || keys[8] != "wide" {
		t.Errorf("keys %v", keys)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.gguf")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:   dir + ": is a folder, wanted a GGUF file",
		empty: empty + ": is empty, wanted a GGUF file",
	} {
		if _, err := Open(path); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	gone := filepath.Join(dir, "gone.gguf")
	_, err := Open(gone)
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), gone+": ") || strings.Count(err.Error(), gone) != 1 {
		t.Errorf("a missing file: %v", err)
	}
}

func TestCheckTypes(t *testing.T) {
	w := small()
	w.Raw("c.weight", 17, make([]byte, 74), 256)
	w.Raw("d.weight", 99, make([]byte, 32), 7, 7)
	w.Raw("e.weight", quant.F32, make([]byte, 4), 1)
	b, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	f, err := FromBytes("m.gguf", b)
	if err != nil {
		t.Fatal(err)
	}
	want := `m.gguf: tensor "c.weight" has type IQ2_XS (and 1 more tensors like it), wanted one of F32, F16, Q4_0, Q8_0, Q4_K, Q5_K, Q6_K, BF16`
	if err := f.CheckTypes(); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	c, _ := f.Tensor("c.weight")
	d, _ := f.Tensor("d.weight")
	if c.Bytes() != 74 || len(c.Data) != 74 || d.Bytes() != 0 || d.Data != nil {
		t.Errorf("%d bytes of a known size, %d of an unknown one", c.Bytes(), d.Bytes())
	}
	if _, ok := f.Tensor("x"); ok {
		t.Error("found a tensor that is not there")
	}
}

// TestCloseAndPrefetch maps, advises and unmaps a file, twice closing it.
func TestCloseAndPrefetch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.gguf")
	if err := small().WriteFile(path); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	f.Prefetch()
	words, err := f.Strings("words")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if fmt.Sprint(words) != "[a  bcd]" {
		t.Errorf("strings after Close: %q", words)
	}
}

// BenchmarkStrings decodes a vocabulary of the real size.
func BenchmarkStrings(b *testing.B) {
	words := make([]string, 151936)
	for i := range words {
		words[i] = fmt.Sprint("Ġtoken", i)
	}
	var w ggufwrite.Writer
	w.Set("tokens", words)
	data, err := w.Bytes()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		f, err := FromBytes("m.gguf", data)
		if err != nil {
			b.Fatal(err)
		}
		if got, err := f.Strings("tokens"); err != nil || len(got) != len(words) {
			b.Fatal(len(got), err)
		}
	}
}
