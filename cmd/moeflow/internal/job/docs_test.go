package job

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestDocs: the documentation's table of codes has those that the code can give.
func TestDocs(t *testing.T) {
	doc, err := os.ReadFile("../../../../docs/batch.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(doc), "| code | |")
	table, _, _ = strings.Cut(table, "\n\n")
	told := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(table, -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			told[strings.Trim(name, "`")] = true
		}
	}
	known := map[string]bool{}
	for _, file := range []string{"parse.go", "../openai/error.go"} {
		maps.Copy(known, codes(t, file))
	}
	delete(known, "invalid_json") // of a body; in a line it is invalid_json_line or invalid_value
	if got, want := slices.Sorted(maps.Keys(told)), slices.Sorted(maps.Keys(known)); !slices.Equal(got, want) {
		t.Errorf("the documentation has\n%q, the code\n%q", got, want)
	}
}

// codes are the values of a file's string constants whose names begin with code.
func codes(t *testing.T, file string) map[string]bool {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(strings.ToLower(v.Names[0].Name), "code") {
			s, _ := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			found[s] = true
		}
		return true
	})
	return found
}
