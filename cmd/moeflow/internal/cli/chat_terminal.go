package cli

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/term"

	"moeflow/cmd/moeflow/internal/lineedit"
)

// style is how a terminal sets apart who speaks: "" for nothing at all.
type style struct {
	w                 io.Writer // the terminal itself, which no escaping stands before
	user, note, reset string
}

// plainStyle sets nothing apart.
func plainStyle() style { return style{w: io.Discard} }

// newStyle is that of a terminal, unless the user wants no colours
// (https://no-color.org).
func newStyle(w io.Writer) style {
	if os.Getenv("NO_COLOR") != "" {
		return plainStyle()
	}
	return style{w: w, user: "\x1b[36m", note: "\x1b[2m", reset: "\x1b[0m"}
}

// openLines opens what messages are read from: an editor on a terminal that knows
// escape sequences, else plain lines.
func (s *session) openLines() (lines, style, func(), error) {
	in, isFile := s.stdin.(*os.File)
	screen := s.screen()
	if !isFile || !isTerminal(in) || screen == nil || os.Getenv("TERM") == "dumb" {
		return &plainLines{in: newScanner(s.In), out: s.Err}, plainStyle(), func() {}, nil
	}
	style := newStyle(screen)
	if !isTerminal(s.err.w) {
		style.w = io.Discard // what is said goes elsewhere
	}
	t := &editedLines{chunks: make(chan []byte), editor: &lineedit.Editor{Out: screen, Begin: style.user, End: style.reset}}
	t.editor.Size = func() (int, int) {
		columns, rows, err := term.GetSize(int(screen.Fd()))
		if err != nil || columns < 1 || rows < 1 {
			return 80, 24
		}
		return columns, rows
	}
	t.editor.Next = t.next
	if !s.flags.noHistory {
		h, err := lineedit.OpenHistory(historyFile())
		if err != nil {
			s.Err.Write([]byte("warning: the history cannot be read: " + oneLine(err) + "\n"))
		}
		t.editor.History = h
	}
	old, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, style, nil, err
	}
	unwrap := s.rawOutput()
	io.WriteString(screen, pasteOn)
	restore := func() {
		io.WriteString(screen, pasteOff+style.reset)
		term.Restore(int(in.Fd()), old)
	}
	forget := s.last.add(restore)
	ended := make(chan struct{})
	go t.pump(s.In, ended)
	return t, style, func() {
		close(ended)
		forget()
		restore()
		unwrap()
	}, nil
}

// screen is the terminal that messages are typed on: that of stderr or else of
// stdout, nil if neither is one.
func (a *app) screen() *os.File {
	for _, p := range []*printer{a.err, a.out} {
		if isTerminal(p.w) {
			return p.w.(*os.File)
		}
	}
	return nil
}

// pasteOn has a terminal mark what is pasted, pasteOff ends that.
const (
	pasteOn  = "\x1b[?2004h"
	pasteOff = "\x1b[?2004l"
)

// rawOutput has line ends return to the first column, which a raw terminal does not
// do by itself.
func (a *app) rawOutput() (undo func()) {
	undo = func() {}
	for _, p := range []*printer{a.out, a.err} {
		if !isTerminal(p.w) {
			continue
		}
		w, before := p.w, undo
		p.redirect(&crlf{w})
		undo = func() { p.redirect(w); before() }
	}
	return undo
}

// crlf writes a carriage return before every line end.
type crlf struct{ w io.Writer }

func (c *crlf) Write(b []byte) (int, error) {
	if _, err := c.w.Write(bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// historyFile is where the chat's history is kept, "" if the user has no folder for
// it: https://specifications.freedesktop.org/basedir-spec.
func historyFile() string {
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "moeflow", "history")
}

// editedLines reads from a terminal through an editor.
type editedLines struct {
	editor *lineedit.Editor
	chunks chan []byte // closed at the end of the input
	err    error       // why it ended
}

// pump hands on what is typed, while messages are read and while they are answered,
// until the input or the chat ends.
func (t *editedLines) pump(in io.Reader, ended <-chan struct{}) {
	defer close(t.chunks)
	buf := make([]byte, chunkBytes)
	for {
		n, err := in.Read(buf)
		if n > 0 {
			select {
			case t.chunks <- bytes.Clone(buf[:n]):
			case <-ended:
				return
			}
		}
		if err != nil {
			t.err = err
			return
		}
	}
}

func (t *editedLines) next() ([]byte, error) {
	b, ok := <-t.chunks
	if !ok {
		return nil, t.err
	}
	return b, nil
}

func (t *editedLines) read(prompt string) (string, error) { return t.editor.Read(prompt) }

// interruptKey is what Ctrl-C sends in raw mode.
const interruptKey = 0x03

// answering watches for Ctrl-C. Another one, while the answer has not ended within
// graceTime, is for the command itself, as if the terminal had sent a signal. What
// else is typed waits for the next message.
func (t *editedLines) answering(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for asked := (time.Time{}); ; {
			select {
			case <-done:
				return
			case b, ok := <-t.chunks:
				i := bytes.LastIndexByte(b, interruptKey)
				switch {
				case !ok:
					cancel()
					return
				case i < 0:
					t.editor.Typed(b)
					continue
				}
				t.editor.Forget()
				t.editor.Typed(b[i+1:])
				switch {
				case asked.IsZero():
					asked = time.Now()
					cancel()
				case time.Since(asked) > graceTime:
					interruptSelf()
				}
			}
		}
	}()
	return ctx, func() {
		close(done)
		<-ended
		cancel()
	}
}

// plainLines reads lines as they come.
type plainLines struct {
	in  *bufio.Scanner
	out io.Writer
}

func newScanner(in io.Reader) *bufio.Scanner {
	sc := bufio.NewScanner(in)
	sc.Buffer(nil, 16<<20)
	return sc
}

func (p *plainLines) read(prompt string) (string, error) {
	io.WriteString(p.out, prompt)
	if p.in.Scan() {
		return p.in.Text(), nil
	}
	if err := p.in.Err(); err != nil {
		return "", err
	}
	return "", io.EOF
}

func (p *plainLines) answering(ctx context.Context) (context.Context, func()) {
	return ctx, func() {}
}
