//go:build unix

package cli

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestTraceOfAnEndedRun: the file of a run that Ctrl-C ended takes its place. What
// nothing can catch leaves the part of it, which opens, and the statistics that
// were there before.
func TestTraceOfAnEndedRun(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		path, stats := filepath.Join(t.TempDir(), "t.json"), filepath.Join(t.TempDir(), "s.json")
		if err := os.WriteFile(stats, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		c, out, errs := child(t, "run", "--completion", "-p", "func main() {", "-n", "1900", "--ignore-eos", "--print-ids", "--trace", path, "--expert-stats", stats)
		r := bufio.NewReader(out)
		for range 40 {
			if _, err := r.ReadString(' '); err != nil {
				t.Fatalf("%v: %s", err, errs)
			}
		}
		if err := c.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, r)
		c.Wait()
		if sig == syscall.SIGKILL {
			if got, err := filepath.Glob(path + ".*.part"); err != nil || len(got) != 1 {
				t.Fatalf("parts %v, %v", got, err)
			} else {
				path = got[0]
			}
		}
		f := readTrace(t, path)
		tokens := 0
		for _, e := range f.TraceEvents {
			if e.Ph == "i" {
				tokens++
			}
		}
		i, err := os.Stat(stats)
		if err != nil {
			t.Fatal(err)
		}
		if sig == syscall.SIGINT && (c.ProcessState.ExitCode() != exitInterrupted || tokens < 40 || tokens >= 1900 || i.Size() == 0) {
			t.Errorf("%v: exit code %d, %d tokens in the trace, %d bytes of stats: %s", sig, c.ProcessState.ExitCode(), tokens, i.Size(), errs)
		}
		if sig == syscall.SIGKILL && (tokens == 0 || i.Size() > 0) {
			t.Errorf("%v: %d events in the trace, %d bytes of stats", sig, len(f.TraceEvents), i.Size())
		}
	}
}
