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
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// fifo makes a pipe with a name.
func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSilentInput: a command that waits for its input ends at the first signal,
// whatever it waits for, and changes no output.
func TestSilentInput(t *testing.T) {
	pipe, dir := fifo(t), t.TempDir()
	keep := filepath.Join(dir, "keep.json")
	if err := os.WriteFile(keep, []byte("precious"), 0o666); err != nil {
		t.Fatal(err)
	}
	for i, args := range [][]string{
		{"run", "-", "--trace", keep},
		{"run", "-f", "/dev/stdin"},
		{"run", "-f", pipe},
		{"run", "-p", "x"},
		{"batch", "-"},
		{"batch", pipe},
		{"tokenize"},
		{"perplexity", "-"},
	} {
		sig := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}[i%3]
		c := childCommand(args...)
		var errs bytes.Buffer
		c.Stderr = &errs
		in, err := c.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		startChild(t, c)
		waitsForInput(t, c)
		if err := c.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		interruptedChild(t, c, &errs)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 || readFile(t, keep) != "precious" {
		t.Errorf("the folder has %v, %v; the file says %q", left, err, readFile(t, keep))
	}
}

// TestPipeSaid: a prompt whose end is piped in by nobody says what it waits for.
func TestPipeSaid(t *testing.T) {
	c := childCommand("run", "-p", "x")
	errs, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	startChild(t, c)
	said := make([]byte, 40)
	if _, err := io.ReadFull(errs, said); err != nil || !strings.HasPrefix(string(said), "reading standard input up to its end") {
		t.Errorf("%q, %v", said, err)
	}
	c.Process.Signal(syscall.SIGINT)
	io.Copy(io.Discard, errs)
	interruptedChild(t, c, &bytes.Buffer{})
}

// waitsForInput gives a child time to come to where it waits. A child that is
// slower is interrupted earlier, which must end it as well.
func waitsForInput(t *testing.T, c *exec.Cmd) {
	t.Helper()
	time.Sleep(300 * time.Millisecond)
	if err := c.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("%v has ended: %v", c.Args, err)
	}
}

// interruptedChild waits for a child that was interrupted.
func interruptedChild(t *testing.T, c *exec.Cmd, errs *bytes.Buffer) {
	t.Helper()
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Errorf("%v ended with %v, wanted exit code 130: %s", c.Args[1:], err, errs)
	}
}

// TestNoPipes: a pipe as config or model is refused by its type, at once.
func TestNoPipes(t *testing.T) {
	pipe := fifo(t)
	toml := pipe + ".toml"
	if err := os.Rename(pipe, toml); err != nil {
		t.Fatal(err)
	}
	pipe = fifo(t)
	for args, want := range map[string]string{
		"run|" + toml + "|-p|x":                    toml + ": is no regular file, want a TOML profile",
		"run|--model|" + pipe + "|-p|x":            pipe + ": is no regular file, wanted a GGUF file",
		"inspect|" + pipe:                          pipe + ": is no regular file, wanted a GGUF file",
		"graph|--model|/dev/zero":                  "/dev/zero: is no regular file, wanted a GGUF file",
		"batch|/dev/zero":                          "/dev/zero is a device, wanted a text file",
		"run|-f|/dev/zero":                         "--prompt-file: /dev/zero is a device, wanted a text file",
		"tokenize|--model|" + pipe + "|-":          pipe + ": is no regular file, wanted a GGUF file",
		"batch|--model|" + pipe + "|" + os.Args[0]: pipe + ": is no regular file, wanted a GGUF file",
	} {
		if o := moeflow(t, strings.Split(args, "|")...); o.code != exitUsage || o.err != "moeflow: "+want+"\n" {
			t.Errorf("%s: exit code %d, %q", args, o.code, o.err)
		}
	}
}

// TestStuck: what knows no context, such as a pipe that nobody reads or opens,
// holds up no command that is asked to end.
func TestStuck(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{"graph", "--level", "dispatch", "--unfold"}, // more than a pipe holds
		{"graph", "-o", fifo(t)},
		{"run", "-p", "x", "--trace", fifo(t), "--expert-stats", filepath.Join(dir, "s.json")},
	} {
		c, _, errs := child(t, args...)
		waitsForInput(t, c)
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		interruptedChild(t, c, errs)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("the folder has %v, %v", left, err)
	}
}

// TestCutOff: a process that must end says its last words, the newest first, and
// waits for none that takes too long.
func TestCutOff(t *testing.T) {
	var l lastWords
	var said []string
	forget := l.add(func() { said = append(said, "first") })
	defer l.add(func() { said = append(said, "second") })()
	l.add(func() { said = append(said, "forgotten") })()
	l.say()
	l.say()
	if got := strings.Join(said, " "); got != "second first" {
		t.Errorf("%q", got)
	}
	forget()
	var ended atomic.Bool
	wait := make(chan struct{})
	l.add(func() { <-wait; ended.Store(true) })
	l.say()
	if ended.Load() {
		t.Error("words that take for ever have ended")
	}
	close(wait)
	for !ended.Load() {
		time.Sleep(time.Millisecond)
	}
}

// TestHardEnd: a run whose token under way takes too long is cut off with what
// there is: text, trace and statistics.
func TestHardEnd(t *testing.T) {
	for _, signals := range [][]syscall.Signal{{syscall.SIGINT, syscall.SIGINT}, {syscall.SIGTERM}, {syscall.SIGHUP}} {
		dir := t.TempDir()
		trace, stats := filepath.Join(dir, "t.json"), filepath.Join(dir, "s.json")
		c, out, errs := child(t, "run", "--completion", "-p", "func main() {", "-n", "1900", "--ignore-eos", "--print-ids", "--trace", trace, "--expert-stats", stats)
		if _, err := io.ReadFull(out, make([]byte, 40)); err != nil {
			t.Fatalf("%v: %s", err, errs)
		}
		for _, s := range signals {
			c.Process.Signal(s)
		}
		rest, _ := io.ReadAll(out)
		interruptedChild(t, c, errs)
		if s := errs.String(); !strings.HasSuffix(string(rest), "\n") || !strings.Contains(s, "finish: cancelled\n") {
			t.Errorf("%v: stdout ends in %q, stderr is %q", signals, tail(string(rest)), s)
		}
		if f := readTrace(t, trace); len(f.TraceEvents) < 20 || !strings.Contains(readFile(t, stats), `"choices"`) {
			t.Errorf("%v: %d events in the trace", signals, len(f.TraceEvents))
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
			t.Errorf("%v: the folder has %v, %v", signals, left, err)
		}
	}
}

// TestNohup: a hang-up that the caller has the command ignore stays ignored.
func TestNohup(t *testing.T) {
	if _, err := exec.LookPath("nohup"); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("nohup", os.Args[0], "tokenize")
	c.Env = append(os.Environ(), childMark+"=1")
	var out bytes.Buffer
	c.Stdout = &out
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	startChild(t, c)
	waitsForInput(t, c)
	c.Process.Signal(syscall.SIGHUP)
	time.Sleep(50 * time.Millisecond)
	io.WriteString(in, "func main")
	in.Close()
	if err := c.Wait(); err != nil || out.String() != "344 2166\n" {
		t.Errorf("%v, %q", err, out.String())
	}
}
