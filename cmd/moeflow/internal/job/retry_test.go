package job

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestRetry: a failure of the engine has a code of its own, and a resumed job
// computes it again and nothing else; afterwards every line has one result.
func TestRetry(t *testing.T) {
	dir := t.TempDir()
	in, real, out := filepath.Join(dir, "in"), filepath.Join(dir, "real"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, []byte("a\nBREAK\nFAIL\nBREAK\nb\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(real, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, out); err != nil { // the link stays one
		t.Fatal(err)
	}
	want := map[int]string{1: "<a>", 2: "error engine_error: the logits are no numbers", 3: "error invalid_prompt: asked to fail",
		4: "error engine_error: the logits are no numbers", 5: "<b>"}
	for i, c := range []struct {
		whole bool
		// Prompts computed, results with errors, failures of the engine, results kept.
		began, errors, failed, earlier int
	}{{false, 5, 3, 2, 0}, {false, 2, 2, 2, 3}, {true, 2, 0, 0, 3}, {true, 0, 0, 0, 5}} {
		j, err := start(t, in, out, i > 0)
		if err != nil {
			t.Fatal(err)
		}
		kept := len(results(t, out))
		began := 0
		p, err := j.Run(context.Background(), &fake{tok: j.Tokenizer, width: 2, whole: c.whole, began: func(int) { began++ }})
		if err = j.end(err); err != nil {
			t.Fatal(err)
		}
		if c.whole {
			want[2], want[4] = "<BREAK>", "<BREAK>"
		}
		got := results(t, out)
		same(t, texts(got), want)
		if began != c.began || p.Done != c.began || p.Errors != c.errors || p.Failed != c.failed || p.Earlier != c.earlier || kept != c.earlier {
			t.Errorf("run %d: %+v, %d begun, %d kept; want %+v", i, p, began, kept, c)
		}
		if id := got[2].CustomID; id == nil || *id != "line-2" || got[2].Record.Retry == c.whole || got[3].Record.Retry {
			t.Errorf("%+v", got[2])
		}
	}
	if i, err := os.Lstat(out); err != nil || i.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", i, err)
	}
	if i, _ := os.Stat(real); runtime.GOOS != "windows" && i.Mode().Perm() != 0o640 {
		t.Errorf("the results' mode is %v", i.Mode())
	}
	if left, _ := os.ReadDir(dir); len(left) != 3 {
		t.Errorf("files are left over: %v", left)
	}
}

// TestRetryOther: the results of another job keep those of a failed engine, and
// so does a file that is not resumed.
func TestRetryOther(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	os.WriteFile(in, []byte("BREAK\n"), 0o666)
	j, err := start(t, in, out, false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = j.Run(context.Background(), &fake{tok: j.Tokenizer})
	if err := j.end(err); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(out)
	for _, text := range []string{string(b), strings.Replace(string(b), string(j.ID[:8]), "0123abcd", 1), string(b) + string(b)} {
		os.WriteFile(out, []byte(text), 0o666)
		if _, err := start(t, in, out, text != string(b)); err == nil {
			t.Errorf("%q is taken", text)
		}
		if left, _ := os.ReadFile(out); string(left) != text {
			t.Errorf("%q was changed", text)
		}
	}
}
