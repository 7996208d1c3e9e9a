// Package moeflow_test holds the rules that the whole tree keeps: which package
// may import which, how large files and functions may be, what may not be
// written. Each rule is a table, so an exception is a visible line.
package moeflow_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// module is the module's path, and what an internal import starts with.
const module = "moeflow"

// file is one file of the tree.
type file struct {
	name  string // from the root, with slashes
	data  []byte
	lines int
	// Of Go files only:
	syntax    *ast.File
	generated bool
	test      bool
}

func (f *file) folder() string { return path.Dir(f.name) }

var (
	fset        = token.NewFileSet()
	isGenerated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)
)

// readTree reads every file below the root but hidden folders, build output and
// what git ignores there.
var readTree = sync.OnceValues(func() ([]*file, error) {
	var files []*file
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(base, ".") && base != ".ci" || name == "bin"):
			return fs.SkipDir
		case !d.Type().IsRegular() || strings.HasSuffix(name, ".gguf") || name == ".git": // a file in a worktree
			return nil
		}
		f, err := readFile(name)
		files = append(files, f)
		return err
	})
	return files, err
})

func readFile(name string) (*file, error) {
	data, err := os.ReadFile(name)
	f := &file{name: name, data: data, lines: bytes.Count(data, []byte("\n"))}
	if err == nil && strings.HasSuffix(name, ".go") {
		f.test = strings.HasSuffix(name, "_test.go")
		f.generated = isGenerated.Match(data)
		f.syntax, err = parser.ParseFile(fset, name, data, parser.ParseComments)
	}
	return f, err
}

// tree is readTree for a test.
func tree(t *testing.T) []*file {
	t.Helper()
	files, err := readTree()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// goFiles are the tree's Go files.
func goFiles(t *testing.T) []*file {
	t.Helper()
	var out []*file
	for _, f := range tree(t) {
		if f.syntax != nil {
			out = append(out, f)
		}
	}
	if len(out) < 10 {
		t.Fatalf("only %d Go files found: the walk is broken", len(out))
	}
	return out
}

// selectors calls visit for every use of a name of an imported package in f:
// selectors(f, "os", ...) sees os.Getenv as "Getenv".
func selectors(f *file, importPath string, visit func(name string, at token.Pos)) {
	local := ""
	for _, i := range f.syntax.Imports {
		if p := strings.Trim(i.Path.Value, `"`); p == importPath {
			if local = path.Base(p); i.Name != nil {
				local = i.Name.Name
			}
		}
	}
	if local == "" {
		return
	}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == local {
				visit(s.Sel.Name, s.Pos())
			}
		}
		return true
	})
}
