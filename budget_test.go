package moeflow_test

import (
	"go/ast"
	"go/doc"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The budgets. A file aims at 300 lines; what fails is far beyond.
const (
	fileLines        = 500
	functionLines    = 80
	mainLines        = 40
	shaderLines      = 150
	interfaceMethods = 5
)

func TestFileSizes(t *testing.T) {
	for _, f := range tree(t) {
		most := 0
		switch {
		case f.generated:
		case f.name == "cmd/moeflow/main.go":
			most = mainLines
		case f.syntax != nil:
			most = fileLines
		case strings.HasSuffix(f.name, ".comp"), strings.HasSuffix(f.name, ".glsl"):
			most = shaderLines
		}
		if most > 0 && f.lines > most {
			t.Errorf("%s has %d lines, want at most %d: split it by what it does", f.name, f.lines, most)
		}
	}
}

func TestFunctions(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.generated {
			continue
		}
		for _, d := range f.syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			from, to := fset.Position(fn.Pos()), fset.Position(fn.End())
			if n := to.Line - from.Line + 1; n > functionLines {
				t.Errorf("%s: %s has %d lines, want at most %d", from, fn.Name.Name, n, functionLines)
			}
			if fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: init hides work from the reader; call it, or make a table", from)
			}
		}
	}
}

func TestInterfaces(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			s, ok := n.(*ast.TypeSpec)
			if !ok || !s.Name.IsExported() {
				return true
			}
			if i, ok := s.Type.(*ast.InterfaceType); ok && i.Methods.NumFields() > interfaceMethods {
				t.Errorf("%s: interface %s has %d methods, want at most %d", fset.Position(s.Pos()), s.Name.Name, i.Methods.NumFields(), interfaceMethods)
			}
			return true
		})
	}
}

// TestPackageDocs: each package says what it is in doc.go and shows how it is
// used in an example whose output is checked.
func TestPackageDocs(t *testing.T) {
	packages := map[string][]*file{}
	for _, f := range goFiles(t) {
		if f.folder() != "." && !strings.HasPrefix(f.name, "tools/") {
			packages[f.folder()] = append(packages[f.folder()], f)
		}
	}
	for folder, files := range packages {
		var tests []*ast.File
		comment, name := "", ""
		for _, f := range files {
			if f.test {
				tests = append(tests, f.syntax)
				continue
			}
			name = f.syntax.Name.Name
			if base := f.name[len(folder)+1:]; base == "doc.go" || name == "main" && f.syntax.Doc != nil {
				comment = f.syntax.Doc.Text()
			}
		}
		if name == "main" {
			if !strings.HasPrefix(comment, "Command ") {
				t.Errorf("%s: want a package comment that starts with %q", folder, "Command ")
			}
			continue
		}
		sentence := regexp.MustCompile(`^Package ` + name + ` [a-z][^.]*\.`)
		if !sentence.MatchString(comment) {
			t.Errorf("%s: want a doc.go whose comment starts with a sentence %q", folder, "Package "+name+" does ....")
		}
		checked := func(e *doc.Example) bool { return e.Output != "" }
		if !slices.ContainsFunc(doc.Examples(tests...), checked) {
			t.Errorf("%s: want a runnable example with an // Output comment", folder)
		}
	}
}

// machinePath finds an absolute path of one machine. The words are put together
// so that this file does not hold what it looks for.
var machinePath = regexp.MustCompile(`(^|[^\w./-])(/(` + strings.Join([]string{"work", "root", "opt"}, "|") + `)/[\w.-]*)`)

func TestNoMachinePaths(t *testing.T) {
	for _, f := range tree(t) {
		if slices.Contains(f.data[:min(len(f.data), 8000)], 0) {
			continue // not text
		}
		for i, line := range strings.Split(string(f.data), "\n") {
			if m := machinePath.FindStringSubmatch(line); m != nil {
				t.Errorf("%s:%d: %s is a path of one machine", f.name, i+1, m[2])
			}
		}
	}
}

// TestRootFiles: what lies at the root is known, so that no note left there by
// mistake is kept.
func TestRootFiles(t *testing.T) {
	known := map[string]bool{"CONTRIBUTING.md": true, "LICENSE": true, "README.md": true, "go.mod": true, "go.sum": true,
		"justfile": true, ".gitignore": true}
	for _, f := range tree(t) {
		if f.folder() == "." && !known[f.name] && !f.test {
			t.Errorf("%s: no file of that name belongs at the root", f.name)
		}
	}
}
