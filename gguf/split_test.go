package gguf

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"moeflow/gguf/ggufwrite"
	"moeflow/gguf/quant"
)

// splitModel is a model of n one-element tensors, t0 holding 0 and so on.
func splitModel(n int) *ggufwrite.Writer {
	w := &ggufwrite.Writer{}
	w.Set("general.architecture", "qwen3moe")
	for i := range n {
		w.Tensor(fmt.Sprintf("t%d", i), quant.F32, []float32{float32(i)}, 1)
	}
	return w
}

// TestSplit opens a split model by each of its parts.
func TestSplit(t *testing.T) {
	dir := t.TempDir()
	paths, err := splitModel(5).WriteSplit(filepath.Join(dir, "m"), 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if arch, err := f.String("general.architecture"); arch != "qwen3moe" || err != nil {
			t.Errorf("%s: architecture %q, %v", path, arch, err)
		}
		if got := f.Paths(); strings.Join(got, " ") != strings.Join(paths, " ") || f.Path() != path {
			t.Errorf("paths %v", got)
		}
		var x [1]float32
		for i, ten := range f.Tensors() {
			if err := ten.Type.Decode(x[:], ten.Data); err != nil || ten.Name != fmt.Sprintf("t%d", i) || x[0] != float32(i) {
				t.Errorf("tensor %d is %s, holds %v, %v", i, ten.Name, x[0], err)
			}
		}
		if n := len(f.Tensors()); n != 5 {
			t.Errorf("%d tensors", n)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// writePart writes a file with split keys of the given values.
func writePart(t *testing.T, path string, no, count, tensors any, names ...string) {
	w := &ggufwrite.Writer{}
	w.Set("split.no", no)
	w.Set("split.count", count)
	if tensors != nil {
		w.Set("split.tensors.count", tensors)
	}
	for _, n := range names {
		w.Tensor(n, quant.F32, []float32{1}, 1)
	}
	if err := w.WriteFile(path); err != nil {
		t.Fatal(err)
	}
}

func TestSplitErrors(t *testing.T) {
	const one, two = "m-00001-of-00002.gguf", "m-00002-of-00002.gguf"
	type write func(t *testing.T, dir string)
	part := func(name string, no, count, tensors any, names ...string) write {
		return func(t *testing.T, dir string) { writePart(t, filepath.Join(dir, name), no, count, tensors, names...) }
	}
	for _, c := range []struct {
		name  string
		files []write
		open  string
		want  string // after the folder's name is taken out
	}{
		{"missing sibling", []write{part(one, uint16(0), uint16(2), int32(1), "a")}, one,
			one + ": part 2 of 2: " + two + " is missing from its folder"},
		{"missing first", []write{part(two, uint16(1), uint16(2), int32(1), "a")}, two,
			two + ": part 1 of 2: " + one + " is missing from its folder"},
		{"broken sibling", []write{part(one, uint16(0), uint16(2), int32(1), "a"), func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, two), []byte("GGUX"), 0o644); err != nil {
				t.Fatal(err)
			}
		}}, one, one + ": part 2 of 2: " + two + `: starts with "GGUX", wanted "GGUF": this is no GGUF file`},
		{"renamed", []write{part("x.gguf", uint16(0), uint16(2), int32(1), "a")}, "x.gguf",
			"x.gguf: is part 1 of 2 of a split model, so its name must end in -00001-of-00002.gguf for its siblings to be found"},
		{"wrong part", []write{part(one, uint16(0), uint16(2), int32(2), "a"), part(two, uint16(0), uint16(2), int32(2), "b")}, one,
			one + ": part 2 of 2: " + two + " says it is part 1 of 2"},
		{"sibling of another model", []write{part(one, uint16(0), uint16(2), int32(2), "a"), part(two, uint16(1), uint16(3), int32(2), "b")}, one,
			one + ": part 2 of 2: " + two + " says it is part 2 of 3"},
		{"tensor count", []write{part(one, uint16(0), uint16(2), int32(3), "a"), part(two, uint16(1), uint16(2), int32(3), "b")}, one,
			one + `: its 2 parts hold 2 tensors, wanted the 3 of key "split.tensors.count"`},
		{"duplicate tensor", []write{part(one, uint16(0), uint16(2), int32(2), "a"), part(two, uint16(1), uint16(2), int32(2), "a")}, one,
			two + `: tensor "a" stands in an earlier part too`},
		{"number too large", []write{part(one, uint16(5), uint16(2), int32(1), "a")}, one,
			one + `: key "split.no" is 5 of "split.count" 2, wanted 0 to count-1, count up to 99999`},
		{"absurd count", []write{part(one, uint16(0), uint64(1)<<60, int32(1), "a")}, one,
			one + `: key "split.no" is 0 of "split.count" 1152921504606846976, wanted 0 to count-1, count up to 99999`},
		{"count of wrong type", []write{part(one, uint16(0), "2", int32(1), "a")}, one,
			one + `: key "split.count" is string, wanted an integer not below 0`},
		{"no tensor count", []write{part(one, uint16(0), uint16(2), nil, "a")}, one,
			one + `: key "split.tensors.count" is missing, wanted an integer not below 0`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, w := range c.files {
				w(t, dir)
			}
			_, err := Open(filepath.Join(dir, c.open))
			if err == nil || strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "") != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestSplitBytes: bytes have no siblings, but a split of one part is whole.
func TestSplitBytes(t *testing.T) {
	for parts, want := range map[int]string{1: "<nil>", 2: "m: is part 1 of 2 of a split model, wanted a whole one"} {
		paths, err := splitModel(2).WriteSplit(filepath.Join(t.TempDir(), "m"), parts)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(paths[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := FromBytes("m", b); fmt.Sprint(err) != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
