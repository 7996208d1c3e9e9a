//go:build unix

package cli

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// batchChild starts a batch in a process of its own and waits until it has
// written n results.
func batchChild(t *testing.T, n int, in, out string, more ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	c := childCommand(append([]string{"batch", in, "-o", out, "--resume"}, more...)...)
	var errs bytes.Buffer
	c.Stderr = &errs
	startChild(t, c)
	for range 30000 {
		if b, _ := os.ReadFile(out); bytes.Count(b, []byte("\n")) >= n {
			return c, &errs
		}
		time.Sleep(time.Millisecond)
	}
	c.Process.Kill()
	c.Wait()
	t.Fatalf("no %d results: %s", n, &errs)
	return nil, nil
}

// TestBatchKill: killed three times and resumed, the results are those of a
// batch that was not.
func TestBatchKill(t *testing.T) {
	in, out := write(t, "p.jsonl", strings.Join(batchPrompts(), "\n")), filepath.Join(t.TempDir(), "r")
	sequences := []string{"--sequences", "3"}
	for _, n := range []int{5, 9, 14} {
		c, errs := batchChild(t, n, in, out, sequences...)
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if c.Wait(); errs.Len() > 0 {
			t.Errorf("%s", errs)
		}
	}
	before := readFile(t, out)
	before = before[:strings.LastIndexByte(before, '\n')+1]
	ok(t, moeflow(t, append([]string{"batch", in, "-o", out, "--resume"}, sequences...)...))
	after := readFile(t, out)
	if !strings.HasPrefix(after, before) {
		t.Error("results that were there have changed")
	}
	want := batchResults(t, ok(t, moeflow(t, "batch", in)))
	got := batchResults(t, after)
	if len(got) != len(want) {
		t.Errorf("%d results, want %d", len(got), len(want))
	}
	for line, r := range want {
		if got[line] == nil || got[line].text() != r.text() {
			t.Errorf("line %d: %+v, want %q", line, got[line], r.text())
		}
	}
}

// TestBatchInterrupt: Ctrl-C keeps what is finished and says how to go on.
// Meanwhile a second batch cannot have the same results.
func TestBatchInterrupt(t *testing.T) {
	in, out := write(t, "p.txt", strings.Repeat("func main() {\n", 2000)), filepath.Join(t.TempDir(), "r")
	c, errs := batchChild(t, 3, in, out, "-n", "4")
	if o := moeflow(t, "batch", in, "-o", out, "--resume"); o.code != exitUsage || !strings.Contains(o.err, "another job writes it") {
		t.Errorf("a second batch: %+v", o)
	}
	c.Process.Signal(os.Interrupt)
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Errorf("ended with %v: %s", err, errs)
	}
	n := len(batchResults(t, readFile(t, out)))
	if s := errs.String(); n < 3 || n >= 2000 || !strings.Contains(s, "\ninterrupted: ") || !strings.HasSuffix(s, " prompts have their results in "+out+": go on with --resume\n") {
		t.Errorf("%d results, %q", n, s)
	}
}

// TestBatchPipe: results that nobody reads any more are an error of one line.
func TestBatchPipe(t *testing.T) {
	c, out, errs := child(t, "batch", write(t, "p.txt", strings.Repeat("func main() {\n", 500)), "-n", "2", "--ignore-eos")
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
		t.Fatalf("%v: %s", err, errs)
	}
	out.Close()
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitFailed {
		t.Errorf("ended with %v: %s", err, errs)
	}
	lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "moeflow: standard output: its reader went away; ") || len(lines) > 2 {
		t.Errorf("stderr %q", errs)
	}
}

// TestBatchDiskFull: one line, with the file and what is wrong.
func TestBatchDiskFull(t *testing.T) {
	o := moeflow(t, "batch", write(t, "p.txt", "a\nb\n"), "-o", "/dev/full", "-n", "1")
	if o.code != exitFailed || !strings.HasSuffix(o.err, "\nmoeflow: write /dev/full: no space left on device; 0 results were written\n") {
		t.Errorf("%+v", o)
	}
}

// TestBatchReadOnly: a folder that cannot be written to.
func TestBatchReadOnly(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "r")
	if os.Getuid() == 0 { // who may write everywhere but where a file is a folder
		out = "/proc/r"
	} else if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	o := moeflow(t, "batch", write(t, "p.txt", "a\n"), "-o", out)
	if o.code != exitUsage || !strings.Contains(o.err, out+": ") || strings.Count(o.err, "\n") != 1 {
		t.Errorf("%+v", o)
	}
}
