//go:build ignore

// Command extract prints the training text of the tiny-go model as JSON lines:
// every Go file of the standard library ("k":"f"), and every documented function
// with its comment ("k":"c").
//
// usage: go run extract.go GOROOT/src | xz > data.jsonl.xz
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

type record struct {
	Kind string `json:"k"`
	Doc  string `json:"d,omitempty"`
	Text string `json:"t"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run extract.go GOROOT/src")
		os.Exit(2)
	}
	w := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	err := filepath.WalkDir(os.Args[1], func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "vendor"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		return extract(enc, path)
	})
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// extract writes a file without its copyright comment, then its functions.
// Generated and very long files are left out.
func extract(enc *json.Encoder, path string) error {
	b, err := os.ReadFile(path)
	if err != nil || len(b) > 200000 || strings.Contains(string(b[:min(len(b), 600)]), "DO NOT EDIT") {
		return err
	}
	s := string(b)
	if i := strings.Index(s, "\npackage "); i >= 0 && strings.Contains(s[:i], "Copyright") {
		s = s[i+1:]
	}
	if err := enc.Encode(record{Kind: "f", Text: s}); err != nil {
		return err
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, b, parser.ParseComments)
	if err != nil {
		return nil // a file for the compiler's own tests; its text is enough
	}
	for _, decl := range f.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Doc == nil || fn.Body == nil {
			continue
		}
		doc, _, _ := strings.Cut(strings.TrimSpace(fn.Doc.Text()), "\n\n")
		src := string(b[fset.Position(fn.Pos()).Offset:fset.Position(fn.End()).Offset])
		if len(src) > 1500 || len(doc) > 400 || len(doc) < 12 {
			continue
		}
		if err := enc.Encode(record{Kind: "c", Doc: strings.ReplaceAll(doc, "\n", " "), Text: src}); err != nil {
			return err
		}
	}
	return nil
}
