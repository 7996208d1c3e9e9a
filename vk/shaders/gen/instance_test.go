package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree writes files under a new folder and returns the folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range files {
		p := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const table = `// op: swiglu
// types: F32
// spec:
// instances: tile | local | rows | WIDTH DEEP
//   narrow: 8 1 1  | 64       | -    | 8 0
//   broad:  64 1 1 | 64 exact | 16 0 | 64 1
`

func TestInstances(t *testing.T) {
	dir := tree(t, map[string]string{"kernels/rows/x.comp": table})
	got, err := readKernels(dir, "kernels/rows/x.comp")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].name != "narrow" || got[1].name != "broad" {
		t.Fatalf("kernels %+v", got)
	}
	a, b := got[0], got[1]
	if a.op != "swiglu" || a.tile != [3]uint32{8, 1, 1} || a.exact || a.rows != [2]uint32{} || !slices.Equal(a.macros, []string{"WIDTH=8", "DEEP=0"}) {
		t.Errorf("the first is %+v", a)
	}
	if b.op != "swiglu" || b.tile != [3]uint32{64, 1, 1} || !b.exact || b.rows != [2]uint32{16, 0} || !slices.Equal(b.macros, []string{"WIDTH=64", "DEEP=1"}) {
		t.Errorf("the second is %+v", b)
	}
	vs, err := variants(dir)
	if err != nil || len(vs) != 2 || vs[0].hash == vs[1].hash || vs[0].file() != "narrow_f32.spv" {
		t.Errorf("variants %+v, %v", vs, err)
	}
}

func TestInstanceErrors(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"cells":    {"| -    | 8 0", "| 8 0", "3 cells, wanted 4"},
		"macros":   {"8 0\n", "8\n", "1 values of macros, wanted 2"},
		"name":     {"broad: ", "narrow:", "second row"},
		"value":    {"8 1 1  |", "8 1    |", "narrow: tile"},
		"twice":    {"// spec:\n", "// spec:\n// rows: 1 1\n", "field rows stands in the header and in the table"},
		"missing":  {"// spec:\n", "", "the header has no field spec"},
		"no rows":  {table[strings.Index(table, "//   narrow"):], "", "no row"},
		"no macro": {" | WIDTH DEEP", " | ", "behind the last |, macros"},
	} {
		dir := tree(t, map[string]string{"kernels/rows/x.comp": strings.Replace(table, c.old, c.new, 1)})
		if _, err := readKernels(dir, "kernels/rows/x.comp"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, wanted one with %q", name, err, c.want)
		}
	}
}

// TestTypesOf finds the types of a kernel by the files that the types' folders have.
func TestTypesOf(t *testing.T) {
	head := "// op: swiglu\n// tile: 1 1 1\n// local: 64\n// spec:\n"
	files := map[string]string{
		"lib/core/a.glsl":         "#include \"deep.glsl\"\n",
		"types/q4_k/weight.glsl":  "\n",
		"types/q4_k/deep.glsl":    "\n",
		"types/q8_0/weight.glsl":  "\n",
		"types/f32/deep.glsl":     "\n",
		"kernels/rows/both.comp":  head + "#include \"weight.glsl\"\n#include \"core/a.glsl\"\n",
		"kernels/rows/one.comp":   head + "#include \"weight.glsl\"\n",
		"kernels/rows/told.comp":  head + "// types: F32\n",
		"kernels/rows/other.comp": head + "// types: Q4_K\n#include \"weight.glsl\"\n",
	}
	vs, err := variants(tree(t, files))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range vs {
		got = append(got, v.file())
	}
	if want := []string{"both_q4_k.spv", "one_q8_0.spv", "one_q4_k.spv", "other_q4_k.spv", "told_f32.spv"}; !slices.Equal(got, want) {
		t.Errorf("variants %v, wanted %v", got, want)
	}
	for path, text := range map[string]string{
		"kernels/rows/none.comp":  head,
		"kernels/rows/never.comp": head + "#include \"nowhere.glsl\"\n",
	} {
		if _, err := variants(tree(t, map[string]string{path: text})); err == nil || !strings.Contains(err.Error(), "type") {
			t.Errorf("%s: error %v, wanted one about types", path, err)
		}
	}
}

func TestUses(t *testing.T) {
	head := "// op: swiglu\n// tile: 1 1 1\n// local: 64\n// spec:\n// types: F32\n"
	dir := tree(t, map[string]string{
		"lib/core/a.glsl":        "#include \"core/b.glsl\"\n",
		"lib/core/b.glsl":        "\n",
		"kernels/rows/far.comp":  head + "#include \"core/a.glsl\"\n",
		"kernels/rows/near.comp": head + "#include \"core/b.glsl\"\n",
		"kernels/rows/none.comp": head,
	})
	var out strings.Builder
	if err := listUses(&out, dir, "lib/core/b.glsl"); err != nil || out.String() != "kernels/rows/far.comp\nkernels/rows/near.comp\n" {
		t.Errorf("got %q, %v", out.String(), err)
	}
	if err := listUses(&out, dir, "lib/core/c.glsl"); err == nil {
		t.Error("a file that nobody includes was found")
	}
}
