//go:build unix

package cli

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// child starts moeflow as a process of its own.
func child(t *testing.T, args ...string) (*exec.Cmd, io.ReadCloser, *bytes.Buffer) {
	t.Helper()
	c := childCommand(args...)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	startChild(t, c)
	return c, out, &errs
}

// childCommand is this test binary as moeflow.
func childCommand(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), childMark+"=1")
	return c
}

// startChild starts a child and kills it after five minutes: a busy machine without a
// GPU may take one to compile the kernels.
func startChild(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	stop := time.AfterFunc(5*time.Minute, func() { c.Process.Kill() })
	t.Cleanup(func() { stop.Stop() })
}

// TestInterrupt: the first Ctrl-C ends the answer after the token under way,
// with everything printed and exit code 130.
func TestInterrupt(t *testing.T) {
	c, out, errs := child(t, "run", "--completion", "-p", "func main() {", "-n", "1900", "--ignore-eos", "--print-ids")
	r := bufio.NewReader(out)
	var got strings.Builder
	for range 3 {
		word, err := r.ReadString(' ')
		if err != nil {
			t.Fatalf("%v after %q: %s", err, got.String(), errs)
		}
		got.WriteString(word)
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	got.Write(rest)
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Errorf("ended with %v, wanted exit code 130: %s", err, errs)
	}
	if !strings.HasSuffix(got.String(), "\n") || !strings.Contains(errs.String(), "finish: cancelled") {
		t.Errorf("stdout ends in %q, stderr is %q", tail(got.String()), errs)
	}
	n := len(strings.Fields(got.String()))
	if want := " generated "; !strings.Contains(errs.String(), want) || n >= 1900 {
		t.Errorf("%d tokens printed, stderr %q", n, errs)
	}
}

func tail(s string) string { return s[max(0, len(s)-40):] }

// TestClosedPipe: as in moeflow ... | head.
func TestClosedPipe(t *testing.T) {
	c, out, errs := child(t, "run", "--completion", "-p", "func main() {", "-n", "200", "--ignore-eos")
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
		t.Fatalf("%v: %s", err, errs)
	}
	out.Close()
	err := c.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("ended with %v, wanted a failure", err)
	}
	status, _ := exit.Sys().(syscall.WaitStatus)
	if exit.ExitCode() != exitFailed && status.Signal() != syscall.SIGPIPE {
		t.Errorf("ended with %v", err)
	}
	if strings.Contains(errs.String(), "goroutine") || strings.Contains(errs.String(), "panic") {
		t.Errorf("stderr %q", errs)
	}
}
