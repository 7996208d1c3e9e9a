package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a child on a terminal of its own.
type terminal struct {
	*exec.Cmd
	keys *os.File // what the child's terminal is plugged into

	mu    sync.Mutex
	shown bytes.Buffer
	read  chan struct{} // closed when the child has closed the terminal
	seen  int           // bytes of shown that a test has waited for
}

// onTerminal starts moeflow on a terminal.
func onTerminal(t *testing.T, args ...string) *terminal {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keys.Close() })
	raw, err := keys.SyscallConn() // Fd would have Close wait for a reader
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	raw.Control(func(fd uintptr) {
		if n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN); err == nil {
			err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	c := &terminal{Cmd: childCommand(args...), keys: keys, read: make(chan struct{})}
	c.Stdin, c.Stdout, c.Stderr = tty, tty, tty
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	startChild(t, c.Cmd)
	go func() {
		defer close(c.read)
		b := make([]byte, 4096)
		for {
			n, err := keys.Read(b)
			c.mu.Lock()
			c.shown.Write(b[:n])
			c.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return c
}

func (c *terminal) screen() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shown.String()
}

// sees waits until the screen shows a text.
func (c *terminal) sees(t *testing.T, text string) {
	t.Helper()
	c.seesFrom(t, 0, text)
}

// seesFrom is sees for what comes behind the first bytes.
func (c *terminal) seesFrom(t *testing.T, from int, text string) {
	t.Helper()
	for range 24000 {
		if strings.Contains(c.screen()[from:], text) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the screen does not show %q: %q", text, c.screen()[from:])
}

func (c *terminal) exitCode(t *testing.T) int {
	t.Helper()
	err := c.Wait()
	<-c.read
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode()
}

// TestTerminalText: what a model generates does nothing to a terminal, and comes
// as it is through a pipe.
func TestTerminalText(t *testing.T) {
	text := "é\x1b]0;title\x07\x1b[2J\r\u009b5m\n\tend"
	ids := ok(t, moeflowWith(t, text, "tokenize"))
	if got := ok(t, moeflowWith(t, ids, "tokenize", "--decode")); got != text {
		t.Errorf("a pipe gets %q", got)
	}
	c := onTerminal(t, "tokenize", "--decode", write(t, "ids", ids))
	if code := c.exitCode(t); code != 0 {
		t.Fatalf("exit code %d: %s", code, c.screen())
	}
	if got := c.screen(); got != `é\x1b]0;title\x07\x1b[2J\r\u009b5m`+"\r\n\tend" {
		t.Errorf("a terminal gets %q", got)
	}
}

// TestChatLeft: however a chat is left, what was seen of it is written.
func TestChatLeft(t *testing.T) {
	leave := map[string]func(*terminal) error{
		"Ctrl-D":    func(c *terminal) error { _, err := io.WriteString(c.keys, "\x04"); return err },
		"SIGTERM":   func(c *terminal) error { return c.Process.Signal(syscall.SIGTERM) },
		"hang-up":   func(c *terminal) error { return c.Process.Signal(syscall.SIGHUP) },
		"unplugged": func(c *terminal) error { return c.keys.Close() },
	}
	for name, leave := range leave {
		dir := t.TempDir()
		trace, stats := filepath.Join(dir, "t.json"), filepath.Join(dir, "s.json")
		c := onTerminal(t, "run", "-v", "-n", "4", "--trace", trace, "--expert-stats", stats)
		c.sees(t, "> ")
		if _, err := io.WriteString(c.keys, "hello\n"); err != nil {
			t.Fatal(err)
		}
		c.sees(t, "finish: ")
		if err := leave(c); err != nil {
			t.Fatal(err)
		}
		// An unplugged terminal is the end of its input as well, which may be noticed
		// before the hang-up is.
		if code := c.exitCode(t); code != exitInterrupted && (name == "SIGTERM" || name == "hang-up" || code != 0) {
			t.Errorf("%s: exit code %d: %s", name, code, c.screen())
		}
		if f := readTrace(t, trace); len(f.TraceEvents) < 20 || !strings.Contains(readFile(t, stats), `"choices"`) {
			t.Errorf("%s: %d events in the trace", name, len(f.TraceEvents))
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
			t.Errorf("%s: the folder has %v, %v", name, left, err)
		}
	}
}
