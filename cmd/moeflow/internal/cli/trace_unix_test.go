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

// TestTraceOfAnEndedRun: the file of a run opens whether Ctrl-C ended it or
// something that nothing can catch.
func TestTraceOfAnEndedRun(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		path, stats := filepath.Join(t.TempDir(), "t.json"), filepath.Join(t.TempDir(), "s.json")
		c, out, errs := child(t, "run", "-p", "func main() {", "-n", "1900", "--ignore-eos", "--print-ids", "--trace", path, "--expert-stats", stats)
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
		if sig == syscall.SIGKILL && tokens == 0 {
			t.Errorf("%v: %d events in the trace", sig, len(f.TraceEvents))
		}
	}
}
