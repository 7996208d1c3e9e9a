package lineedit

import (
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

// editor is an editor that gets keys in chunks, on an emulated terminal.
func editor(t *testing.T, h *History, columns, rows int, chunks ...string) (*Editor, *terminal) {
	t.Helper()
	term := newTerminal(columns, rows)
	e := &Editor{Out: term, History: h, Size: func() (int, int) { return columns, rows }, Begin: "\x1b[1m", End: "\x1b[0m"}
	e.Next = func() ([]byte, error) {
		if len(chunks) == 0 {
			return nil, io.ErrUnexpectedEOF
		}
		b := []byte(chunks[0])
		chunks = chunks[1:]
		return b, nil
	}
	return e, term
}

// TestKeys: what keys make of a message.
func TestKeys(t *testing.T) {
	h := &History{}
	h.Add("first\nmessage")
	h.Add("second")
	for keys, want := range map[string]string{
		"hello\r":                                      "hello",
		"hello\n":                                      "hello",
		"hexllo\x1b[D\x1b[D\x1b[D\x7f\r":               "hello",
		"llo\x01he\x05!\r":                             "hello!",
		"abc\x1b[H\x1b[3~\x1b[Fd\r":                    "bcd",
		"one two three\x17\x17four\r":                  "one four",
		"one two\x1b[1;5D\x15two \r":                   "two two",
		"one two\x1bb\x0b\x0bthree\r":                  "one three",
		"one two\x01\x1bfs\r":                          "ones two",
		"\u4e16\u754c!\x1b[D\x7f\r":                    "\u4e16!",
		"a\U0001f468\u200d\U0001f469b\x1b[D\x7f\r":     "ab",
		"e\u0301x\x1b[D\x7f\r":                         "x",
		"line\x1b\rtwo\r":                              "line\ntwo",
		"\x1b[200~one\r\ntwo\rthree\nfour\x1b[201~\r":  "one\ntwo\nthree\nfour",
		"\x1b[200~\tif x {\x1b[2J\x03\x04}\x1b[201~\r": "\tif x {[2J}",
		"\x1b[A\r":                                     "second",
		"\x1b[A\x1b[A\r":                               "first\nmessage",
		"\x1b[A\x1b[A\x1b[A\x1b[A!\r":                  "first!\nmessage",
		"mine\x1b[A\x1b[B\r":                           "mine",
		"\x10\x10\x0e\r":                               "second",
		"a\x1b[99;99xb\x1bOQ\x1bzc\r":                  "abc",
		"\x1b[1;2\x1b\x1b[Dx\r":                        "x",
		"bad \xff\xfe bytes\r":                         "bad  bytes",
		"a\x04b\x1b[D\x04\r":                           "a",
		"a\x00\u202e\x9bb\r":                           "ab",
		strings.Repeat("x", 9000) + "\r":               strings.Repeat("x", 9000),
	} {
		for _, size := range []int{1, 3, 1 << 20} {
			if size == 1 && len(keys) > 1000 {
				continue
			}
			var chunks []string
			for rest := keys; rest != ""; {
				n := min(size, len(rest))
				chunks, rest = append(chunks, rest[:n]), rest[n:]
			}
			e, _ := editor(t, &History{messages: append([]string(nil), h.messages...)}, 20, 6, chunks...)
			if got, err := e.Read("> "); got != want || err != nil {
				t.Errorf("%.80q in %d bytes: %.80q, %v, wanted %.80q", keys, size, got, err, want)
			}
		}
	}
}

// TestEnds: how a message is given up, and that what comes behind one waits.
func TestEnds(t *testing.T) {
	e, _ := editor(t, nil, 20, 6, "half\x03", "\x04", "a\rb\rc", "\x1b[D\x03")
	for _, want := range []struct {
		text string
		err  error
	}{{"half", ErrInterrupt}, {"", io.EOF}, {"a", nil}, {"b", nil}, {"c", ErrInterrupt}, {"", io.ErrUnexpectedEOF}} {
		if text, err := e.Read("> "); text != want.text || !errors.Is(err, want.err) {
			t.Errorf("%q, %v, wanted %q, %v", text, err, want.text, want.err)
		}
	}
	e, _ = editor(t, nil, 20, 6, "x\r")
	e.Typed([]byte("kept "))
	if text, err := e.Read("> "); text != "kept x" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

// TestScreen: after any keys, the terminal shows the message as its layout says,
// with the cursor where it is.
func TestScreen(t *testing.T) {
	keys := []string{"a", "b ", "\u4e16", "\U0001f468\u200d\U0001f469", "e\u0301", "\t", "\x1b\r", "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B", "\x7f", "\x04",
		"\x01", "\x05", "\x17", "longer text of many columns", "\x1b[200~pasted\nlines\n\nof text\x1b[201~", "\x0c"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		columns, rows := 8+r.IntN(30), 3+r.IntN(8)
		e, term := editor(t, nil, columns, rows)
		io.WriteString(term, "before\r\n")
		var did []string
		e.Next = func() ([]byte, error) {
			want, row, column := e.screen.layout(e.prompt, e.text, e.at)
			if len(want) < rows {
				got, y, x := term.below(len(want), row)
				if strings.Join(got, "\n") != strings.Join(trimmed(want), "\n") || x != column || y != row {
					t.Fatalf("%d x %d, after %q: the terminal shows\n%s\nat %d, %d, wanted\n%s\nat %d, %d", columns, rows, did, strings.Join(got, "\n"), y, x, strings.Join(want, "\n"), row, column)
				}
			}
			if len(did) == 25 {
				return []byte("\r"), nil
			}
			k := keys[r.IntN(len(keys))]
			if len(e.text) == 0 && k == "\x04" {
				k = "a"
			}
			did = append(did, k)
			return []byte(k), nil
		}
		if _, err := e.Read("> "); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHistory: messages of one session are there in the next, those of several
// lines too, and only so many.
func TestHistory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "moeflow", "history")
	h, err := OpenHistory(file)
	if err != nil || h.Len() != 0 {
		t.Fatal(h.Len(), err)
	}
	for _, m := range []string{"one", "two\nlines \u4e16 \x1b \"", "", "three", "three"} {
		h.Add(m)
	}
	again, err := OpenHistory(file)
	if err != nil || again.Len() != 3 || again.at(1) != "three" || again.at(2) != "two\nlines \u4e16 \x1b \"" || again.at(3) != "one" {
		t.Errorf("%q, %v", again.messages, err)
	}
	for i := range 3 * mostMessages {
		again.Add(strings.Repeat("x", i%7+1))
	}
	if again, err = OpenHistory(file); again.Len() != mostMessages || err != nil || again.Err() != nil {
		t.Errorf("%d messages, %v", again.Len(), err)
	}
	if again, err = OpenHistory(file); again.Len() != mostMessages || err != nil {
		t.Errorf("rewritten: %d messages, %v", again.Len(), err)
	}
	if h, err := OpenHistory(filepath.Dir(file)); err == nil || h == nil {
		t.Errorf("a folder as the file: %v", err)
	}
}
