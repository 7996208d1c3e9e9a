package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"moeflow/graph"
)

// dialect lists words that a name does not have, each with the field's own. A name is
// read in parts, between underscores.
var dialect = map[string]string{
	"matvec": "linear", "matmul": "linear or grouped_gemm", "route": "topk", "fold": "absorb", "ahead": "prefetch or absorbed",
	"fixed": "q16", "fragment": "mma", "fragments": "mma", "coop": "coopmat", "coop16": "coopmat_f16",
	"few": "the range of rows, b2_15", "one": "the range of rows, b1_128", "some": "the range of rows", "wide": "the number of outputs, n16k",
	"long": "the length of a row, k4096", "broad": "the tile, m128n128", "tall": "the tile, m128", "teams": "splitk2", "wait": "the tile",
	"place": "assignment", "places": "assignment", "slot": "frame, choice or split", "slots": "splits", "share": "partial", "shares": "partial",
	"halves": "f16", "half": "f16", "half16": "f16", "when": "requires", "aside": "side", "processor": "sm", "most": "max_workgroups", "groups": "workgroups",
	"take": "load", "put": "store", "give": "emit", "keep": "store_kv", "settle": "round_kv",
	"same": "uniform", "across": "subgroup_reduce", "turn": "rotate", "turned": "rotated", "join": "merge", "weigh": "softmax",
	"bands": "TILE_M", "outs": "TILE_N", "team": "SPLIT_K",
}

// layoutNames are the names of files that describe a layout of package graph by its own
// name.
var layoutNames = []string{"lib/moe/groups.glsl"}

func checkName(t *testing.T, where, name string) {
	t.Helper()
	for _, part := range strings.Split(strings.ToLower(name), "_") {
		if field, bad := dialect[part]; bad {
			t.Errorf("%s: the name %s has %q, the field says %s", where, name, part, field)
		}
	}
}

// headerKey is a line of a header that looks like a field.
var headerKey = regexp.MustCompile(`(?m)^// ([a-z_0-9]+): `)

// macro is a macro that a kernel or a header's table defines.
var macro = regexp.MustCompile(`(?m)^#define ([A-Z]\w*)`)

// TestNames holds the names of operations, kernels, files, fields of headers and macros
// of kernels to the field's terms.
func TestNames(t *testing.T) {
	for _, op := range graph.Ops() {
		checkName(t, "package graph", op.String())
	}
	list, err := kernels(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range list {
		checkName(t, k.path, k.name)
		for _, m := range k.macros {
			name, _, _ := strings.Cut(m, "=")
			checkName(t, k.path, name)
		}
		for _, n := range k.needs {
			checkName(t, k.path, n)
		}
	}
	files, err := filepath.Glob(filepath.Join(root, "*", "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, f := range files {
		path := slashed(root, f)
		if ext := filepath.Ext(f); ext != ".glsl" && ext != ".comp" || slices.Contains(layoutNames, path) {
			continue
		}
		checkName(t, path, strings.TrimSuffix(filepath.Base(f), filepath.Ext(f)))
		if filepath.Ext(f) != ".comp" {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range headerKey.FindAllSubmatch(text, -1) {
			checkName(t, path, string(m[1]))
		}
		for _, m := range macro.FindAllSubmatch(text, -1) {
			if !strings.HasPrefix(string(m[1]), "PUSH_") { // named as the argument
				checkName(t, path, string(m[1]))
			}
		}
	}
}

// TestDescribed asks for a README in every folder that kernels share, which names every
// file of the folder, or its family with a star.
func TestDescribed(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join(root, "lib", "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no folders: %v", err)
	}
	word := regexp.MustCompile("`[^`]*`")
	for _, folder := range folders {
		text, err := os.ReadFile(filepath.Join(folder, "README.md"))
		if err != nil {
			t.Error(err)
			continue
		}
		files, _ := filepath.Glob(filepath.Join(folder, "*.glsl"))
		for _, f := range files {
			name := filepath.Base(f)
			if !slices.ContainsFunc(word.FindAllString(string(text), -1), func(w string) bool {
				w = strings.Trim(w, "`")
				if strings.HasSuffix(w, "*") {
					w += ".glsl"
				}
				ok, err := filepath.Match(w, name)
				return err == nil && ok
			}) {
				t.Errorf("%s/README.md does not name %s", slashed(root, folder), name)
			}
		}
	}
}
