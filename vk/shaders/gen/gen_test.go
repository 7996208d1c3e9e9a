package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

const root = ".."

// TestFresh fails if a source, a .spv, the manifest or the Go table was changed
// without the others. It needs no compiler.
func TestFresh(t *testing.T) {
	vs, err := variants(root)
	if err != nil {
		t.Fatal(err)
	}
	want, err := manifest(root, vs)
	if err != nil {
		t.Fatal(err)
	}
	same(t, filepath.Join(root, "spv", "manifest.txt"), want)
	files, err := derived(root)
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range files {
		same(t, filepath.Join(root, path), text)
	}
	sizes, err := blockSizes(root, vs)
	if err != nil {
		t.Fatal(err)
	}
	table, err := goTable(root, vs, sizes)
	if err != nil {
		t.Fatal(err)
	}
	same(t, filepath.Join(root, "zz_generated.go"), table)
	spirv, _ := filepath.Glob(filepath.Join(root, "spv", "*.spv"))
	if len(spirv) != len(vs) {
		t.Errorf("%d .spv files for %d kernels: one is left over", len(spirv), len(vs))
	}
}

func same(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale: run go run ./vk/shaders/gen", path)
	}
}

// TestStaleSource shows that the check sees a change in any of the parts.
func TestStaleSource(t *testing.T) {
	dir := t.TempDir()
	write := func(path, text string) {
		p := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	head := "// op: swiglu\n// types: Q4_K\n// tile: 8 all 1\n// local: 64\n// spec: n\n#include \"weight.glsl\"\n"
	write("kernels/rows/a.comp", head)
	write("types/q4_k/weight.glsl", "#include \"core/deep.glsl\"\n")
	write("lib/core/deep.glsl", "one\n")
	hash := func() string {
		vs, err := variants(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(vs) != 1 || len(vs[0].sources) != 3 || vs[0].tile != [3]uint32{8, 0, 1} {
			t.Fatalf("variants %+v", vs)
		}
		return vs[0].hash
	}
	first := hash()
	for _, path := range []string{"lib/core/deep.glsl", "kernels/rows/a.comp", "types/q4_k/weight.glsl"} {
		old, _ := os.ReadFile(filepath.Join(dir, path))
		write(path, string(old)+"// more\n")
		if hash() == first {
			t.Errorf("a change of %s was not seen", path)
		}
		write(path, string(old))
	}
	if hash() != first {
		t.Error("the hash depends on more than the sources")
	}
}

func TestHeaderErrors(t *testing.T) {
	good := map[string]string{"op": "a", "types": "F32", "tile": "1 1 1", "local": "64", "spec": "", "max_workgroups": "9", "min_workgroups": "0.9 per_sm"}
	bad := map[string]string{"types": "", "tile": "1 1", "local": "12", "op": "a b", "max_workgroups": "65536", "min_workgroups": "-0.5 per_sm"}
	for name, value := range bad {
		text := ""
		for k, v := range good {
			if k == name {
				v = value
			}
			text += "// " + k + ": " + v + "\n"
		}
		p := filepath.Join(t.TempDir(), "x.comp")
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readKernels(filepath.Dir(p), "x.comp"); err == nil {
			t.Errorf("field %s = %q was accepted", name, value)
		}
	}
	if _, err := (&variant{typ: "Q2_K"}).resolve(root, "weight.glsl"); err == nil {
		t.Error("a type without a decoder was accepted")
	}
}
