package cli

import (
	"regexp"
	"strings"
	"testing"
)

// TestBatchDocs runs the examples of docs/batch.md.
func TestBatchDocs(t *testing.T) {
	doc := readFile(t, "../../../../docs/batch.md")
	blocks := regexp.MustCompile("(?s)```(?:json)?\n(.*?)```").FindAllStringSubmatch(doc, -1)
	if len(blocks) != 4 {
		t.Fatalf("%d examples, want one of each format and one of results", len(blocks))
	}
	for i, format := range []string{"openai", "jsonl", "text"} {
		in := blocks[i][1]
		o := moeflowWith(t, in, "batch", "-", "-n", "4", "--json")
		if strings.Contains(ok(t, o), `"response":null`) || strings.Count(o.out, "\n") != 2 || !strings.Contains(o.err, `"format":"`+format+`"`) {
			t.Errorf("%s:\n%s%s", in, o.out, o.err)
		}
	}
	first, _, _ := strings.Cut(blocks[1][1], "\n")
	sums := regexp.MustCompile(`"input":"[0-9a-f]{8}","job":"[0-9a-f]{8}-[0-9a-f]{8}"`)
	out := sums.ReplaceAllString(ok(t, moeflowWith(t, first+"\n{broken\n", "batch", "-")), "")
	for line := range strings.Lines(sums.ReplaceAllString(blocks[3][1], "")) {
		if !strings.Contains(out, line) {
			t.Errorf("the documentation's result is not written:\n%swritten is\n%s", line, out)
		}
	}
}
