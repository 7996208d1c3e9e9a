package moeflow_test

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// imports is every package and the packages of the project that its code may
// import; tests may import what they like. A package that is missing here is an
// error, so a new one says where it belongs. "*" allows all.
var imports = map[string][]string{
	".":               {},
	"gguf/quant":      {},
	"gguf/fault":      {},
	"gguf":            {"gguf/quant", "gguf/fault"},
	"gguf/ggufwrite":  {"gguf", "gguf/quant"},
	"graph":           {"gguf/quant"},
	"graph/backend":   {"graph", "gguf/quant"},
	"graph/flow":      {"graph"},
	"graph/export":    {"graph"},
	"stages":          {"graph", "gguf/quant"},
	"stages/qwen3moe": {"stages", "graph", "gguf", "gguf/quant"},
	"stages/ref":      {"graph", "graph/backend", "gguf/quant", "stages/sample"},
	"stages/kvcache":  {},
	"stages/batch":    {"stages/kvcache"},
	"stages/sample":   {},
	"vk/shaders":      {"graph", "gguf/quant"},
	"vk/shaders/gen":  {"graph", "gguf/quant"},
	"vk":              {"graph", "graph/backend", "gguf/fault", "gguf/quant", "vk/shaders"},
	"tokenizer":       {},
	// Nothing but the bytes of a vocabulary.
	"tokenizer/grammar": {},

	"tokenizer/chat": {"tokenizer/chat/jinja"},

	"tokenizer/chat/jinja": {},
	"tokenizer/toolcall":   {},

	"configs": {},
	"models":  {},

	"cmd/moeflow":                 {"cmd/moeflow/internal/cli"},
	"cmd/moeflow/internal/engine": {"cmd/moeflow/internal/model", "gguf/fault", "gguf/quant", "graph", "graph/backend", "graph/flow", "stages/batch", "stages/kvcache", "stages/qwen3moe", "stages/sample", "vk/shaders"},
	"cmd/moeflow/internal/cli":    {"*"},
	"cmd/moeflow/internal/npy":    {},

	"cmd/moeflow/internal/device":   {"graph", "graph/backend", "vk"},
	"cmd/moeflow/internal/generate": {"cmd/moeflow/internal/engine", "graph", "stages/batch", "stages/kvcache", "stages/sample"},
	"cmd/moeflow/internal/measure":  {"cmd/moeflow/internal/engine", "graph", "stages/kvcache", "stages/qwen3moe", "stages/sample"},
	"cmd/moeflow/internal/observe":  {"cmd/moeflow/internal/engine", "cmd/moeflow/internal/experts", "cmd/moeflow/internal/trace", "graph", "graph/backend", "stages/qwen3moe"},

	"cmd/moeflow/internal/model": {"configs", "gguf", "graph", "stages/qwen3moe", "tokenizer", "tokenizer/chat"},
	// Of tests.
	"cmd/moeflow/internal/enginetest": {"cmd/moeflow/internal/device", "cmd/moeflow/internal/engine", "cmd/moeflow/internal/model", "gguf/quant", "graph/backend", "stages/ref", "vk"},
	"cmd/moeflow/internal/testmodel":  {"cmd/moeflow/internal/model", "cmd/moeflow/internal/npy", "gguf", "gguf/ggufwrite", "gguf/quant"},

	"cmd/moeflow/internal/serve":  {"cmd/moeflow/internal/engine", "cmd/moeflow/internal/generate", "cmd/moeflow/internal/openai", "stages/sample", "tokenizer/grammar", "tokenizer/toolcall"},
	"cmd/moeflow/internal/openai": {"tokenizer", "tokenizer/chat", "stages/sample"},
	"cmd/moeflow/internal/job":    {"cmd/moeflow/internal/openai", "stages/sample"},

	"cmd/moeflow/internal/experts":  {},
	"cmd/moeflow/internal/lineedit": {},
	"cmd/moeflow/internal/output":   {},
	"cmd/moeflow/internal/trace":    {},
	"cmd/moeflow/internal/watch":    {},
}

// ofTests are packages that serve tests: "*" does not allow them.
var ofTests = []string{"gguf/ggufwrite", "cmd/moeflow/internal/testmodel", "cmd/moeflow/internal/enginetest"}

// modules is every module of others in use, and where. A new dependency is a
// decision, and so is a new place for one: most packages have none at all.
var modules = map[string][]string{
	"github.com/goki/vulkan":            {"vk"},
	"github.com/goki/vgpu/vkinit":       {"vk"},
	"golang.org/x/sync/errgroup":        {"graph/flow"},
	"golang.org/x/sys":                  {"gguf", "cmd/moeflow/internal/job"},
	"golang.org/x/text/unicode/norm":    {"tokenizer"},
	"github.com/BurntSushi/toml":        {"configs"},
	"github.com/spf13/cobra":            {"cmd/moeflow/internal/cli"},
	"github.com/spf13/pflag":            {"cmd/moeflow/internal/cli"},
	"github.com/schollz/progressbar/v3": {"cmd/moeflow/internal/cli"},
	"golang.org/x/term":                 {"cmd/moeflow/internal/cli"},
	"github.com/rs/cors":                {"cmd/moeflow/internal/serve"},
	"golang.org/x/time/rate":            {"cmd/moeflow/internal/serve"},

	"github.com/prometheus/client_golang/prometheus": {"cmd/moeflow/internal/serve"},

	// Of tools/clients, a module of its own.
	"github.com/openai/openai-go/v3":         {"tools"},
	"github.com/anthropics/anthropic-sdk-go": {"tools"},
	"github.com/rivo/uniseg":                 {"cmd/moeflow/internal/lineedit"},
}

func TestImports(t *testing.T) {
	for _, f := range goFiles(t) {
		folder := f.folder()
		if strings.HasPrefix(folder, "tools/") {
			folder = "tools"
		}
		allowed, known := imports[folder]
		if folder == "tools" {
			allowed, known = []string{}, true
		}
		if !known {
			t.Errorf("%s: package %s is not in the table of imports", f.name, folder)
			continue
		}
		if f.test {
			continue
		}
		for _, i := range f.syntax.Imports {
			p := strings.Trim(i.Path.Value, `"`)
			first, rest, _ := strings.Cut(p, "/")
			switch {
			case first == module:
				all := slices.Contains(allowed, "*") && !slices.Contains(ofTests, rest)
				if !slices.Contains(allowed, rest) && !all {
					t.Errorf("%s imports %s, which the table of imports does not allow", f.name, p)
				}
			case strings.Contains(first, "."):
				if !allowedModule(p, folder) {
					t.Errorf("%s imports %s, which the table of modules does not allow there", f.name, p)
				}
			case p == "C" && f.name != "vk/native.go":
				t.Errorf("%s imports C; besides the binding of Vulkan only vk/native.go does, for functions that the binding lacks", f.name)
			}
		}
	}
}

// allowedModule looks up the longest entry that p lies in.
func allowedModule(p, folder string) bool {
	longest := ""
	for m := range modules {
		if (p == m || strings.HasPrefix(p, strings.TrimSuffix(m, "/")+"/")) && len(m) > len(longest) {
			longest = m
		}
	}
	return slices.Contains(modules[longest], folder)
}

// environment is how a program reads its environment. Only the command line
// does: everything else gets what it needs as a value.
var environment = []string{"Getenv", "LookupEnv", "Environ", "ExpandEnv"}

func TestEnvironment(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test || f.folder() == "cmd/moeflow/internal/cli" {
			continue
		}
		for _, pkg := range []string{"os", "syscall"} {
			selectors(f, pkg, func(name string, at token.Pos) {
				if slices.Contains(environment, name) {
					t.Errorf("%s: %s.%s belongs in cmd/moeflow/internal/cli", fset.Position(at), pkg, name)
				}
			})
		}
	}
}

// choosers are the packages that may ask which quantization type a tensor has.
// All others look kernels and sizes up in tables.
var choosers = []string{"gguf/quant", "gguf/ggufwrite", "vk/shaders", "vk/shaders/gen"}

// quantized is the names of the types that hold weights. F32, U32 and I32 are
// not among them: they are what activations and indices are made of.
var quantized = regexp.MustCompile(`^(Q\d.*|F16|BF16)$`)

func TestNoChoiceByType(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test || f.generated || slices.Contains(choosers, f.folder()) {
			continue
		}
		choices := choicePositions(f.syntax)
		selectors(f, module+"/gguf/quant", func(name string, at token.Pos) {
			if quantized.MatchString(name) && choices[at] {
				t.Errorf("%s: a choice by quant.%s; use a table, or a method of quant.Type", fset.Position(at), name)
			}
		})
	}
}

// choicePositions are those of the operands of == and != and of the values of
// switch cases.
func choicePositions(root ast.Node) map[token.Pos]bool {
	at := map[token.Pos]bool{}
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if n.Op == token.EQL || n.Op == token.NEQ {
				at[n.X.Pos()], at[n.Y.Pos()] = true, true
			}
		case *ast.CaseClause:
			for _, e := range n.List {
				at[e.Pos()] = true
			}
		}
		return true
	})
	return at
}

// imported lists, for every package, the packages of the project that its code
// imports.
func imported(t *testing.T) map[string][]string {
	all := map[string][]string{}
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		for _, i := range f.syntax.Imports {
			first, rest, _ := strings.Cut(strings.Trim(i.Path.Value, `"`), "/")
			if first == module && !slices.Contains(all[f.folder()], rest) {
				all[f.folder()] = append(all[f.folder()], rest)
			}
		}
	}
	return all
}

// way lists the packages from one to another along edges, nil if there is no way.
func way(edges map[string][]string, from, to string, seen map[string]bool) []string {
	for _, next := range edges[from] {
		if next == to {
			return []string{from, to}
		}
		if !seen[next] {
			seen[next] = true
			if rest := way(edges, next, to, seen); rest != nil {
				return append([]string{from}, rest...)
			}
		}
	}
	return nil
}

// TestLayers: what the table allows has no circle, so that its packages lie in
// layers; where it allows all, what is imported counts.
func TestLayers(t *testing.T) {
	edges := imported(t)
	for p, allowed := range imports {
		if !slices.Contains(allowed, "*") {
			edges[p] = allowed
		}
	}
	for p := range edges {
		if circle := way(edges, p, p, map[string]bool{}); circle != nil {
			t.Errorf("the table of imports allows a circle: %s", strings.Join(circle, " imports "))
		}
	}
}

// TestPure: what needs no device builds without Vulkan, also by what it imports.
func TestPure(t *testing.T) {
	edges := imported(t)
	for p := range edges {
		switch p {
		case "vk", "cmd/moeflow", "cmd/moeflow/internal/cli", "cmd/moeflow/internal/device", "cmd/moeflow/internal/enginetest":
			continue
		}
		if strings.HasPrefix(p, "tools/") {
			continue
		}
		if to := way(edges, p, "vk", map[string]bool{}); to != nil {
			t.Errorf("%s", strings.Join(to, " imports "))
		}
	}
}
