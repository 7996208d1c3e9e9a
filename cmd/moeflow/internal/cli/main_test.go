package cli

import (
	"bytes"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// childMark makes the test binary behave as moeflow, for tests that need a
// process of their own.
const childMark = "MOEFLOW_TEST_CHILD"

// TestMain keeps compiled pipelines and a history out of the user's folders, takes
// no settings from there, and fails if a test leaves a goroutine behind. A shell that
// runs the tests in the background has them ignore interrupts; a handler here means that
// the tests' own processes begin with the usual dispositions all the same.
func TestMain(m *testing.M) {
	if os.Getenv(childMark) != "" {
		os.Exit(Main(os.Args[1:], Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	dir, err := os.MkdirTemp("", "moeflow")
	if err != nil {
		panic(err)
	}
	os.Setenv("XDG_CACHE_HOME", dir)
	os.Setenv("XDG_STATE_HOME", dir)
	os.Setenv("XDG_CONFIG_HOME", dir)
	os.Unsetenv("MOEFLOW_MODEL")
	os.Unsetenv("MOEFLOW_DEVICE")
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// outcome is what a command did.
type outcome struct {
	code     int
	out, err string
}

// moeflow runs a command line with empty input. Validation is on where the
// command has a device; a message of it fails the test.
func moeflow(t *testing.T, args ...string) outcome {
	t.Helper()
	return moeflowWith(t, "", args...)
}

func moeflowWith(t *testing.T, in string, args ...string) outcome {
	t.Helper()
	switch args[0] {
	case "run", "batch", "bench", "logits", "perplexity":
		args = append([]string{args[0], "--validation"}, args[1:]...)
	}
	var out, errs bytes.Buffer
	code := Main(args, Streams{In: strings.NewReader(in), Out: &out, Err: &errs})
	if strings.Contains(errs.String(), "validation:") {
		t.Errorf("moeflow %v: %s", args, errs.String())
	}
	return outcome{code, out.String(), errs.String()}
}

// ok fails the test if a command failed, and returns what it printed.
func ok(t *testing.T, o outcome) string {
	t.Helper()
	if o.code != 0 {
		t.Fatalf("exit code %d: %s", o.code, o.err)
	}
	return o.out
}

// write makes a file in a folder of the test's own.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}
