package cli

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"plain, 世界 🙂\n\ttab":                "plain, 世界 🙂\n\ttab",
		"\x1b]0;title\x07\x1b[2J":           `\x1b]0;title\x07\x1b[2J`,
		"a\rb\x00\x7f":                      `a\rb\x00\x7f`,
		"\u009b31m \u0085":                  `\u009b31m \u0085`,
		"\u202eabc\u2066\ufeff\u2028":       `\u202eabc\u2066\ufeff\u2028`,
		"\U000e0041":                        `\U000e0041`,
		"bytes \x9b\xff, then é":            `bytes \x9b\xff, then é`,
		"\u0915\u094d\u200d\u0937 👨\u200d👩": "\u0915\u094d\u200d\u0937 👨\u200d👩",
		"the replacement \ufffd stays":      "the replacement \ufffd stays",
	} {
		if got := escape(in); got != want {
			t.Errorf("%q became %q, wanted %q", in, got, want)
		}
	}
	if got := escapeWord("a\nb\tc\x1b"); got != `a\nb\tc\x1b` {
		t.Errorf("%q", got)
	}
	if got := string(escapeJSON([]byte("\"\u009b\x7f\u202e\U000e0041é\\u001b\""))); got != `"\u009b\u007f\u202e\udb40\udc41é\u001b"` {
		t.Errorf("%q", got)
	}
}

// TestPrinter: a character that comes in parts is not taken for bytes, and what
// is only a part is.
func TestPrinter(t *testing.T) {
	text := "é世🙂\x1b\u009b"
	for size := 1; size <= len(text); size++ {
		var out strings.Builder
		p := &printer{w: &out, escapes: true}
		for part := range slices.Chunk([]byte(text), size) {
			if n, err := p.Write(part); n != len(part) || err != nil {
				t.Fatal(n, err)
			}
		}
		if err := p.end(); err != nil || out.String() != `é世🙂\x1b\u009b` {
			t.Errorf("%q, %v", out.String(), err)
		}
	}
	var out strings.Builder
	p := &printer{w: &out, escapes: true}
	io.WriteString(p, "half \xe4\xb8")
	if p.end(); out.String() != `half \xe4\xb8` {
		t.Errorf("%q", out.String())
	}
	raw := &printer{w: &out}
	out.Reset()
	if io.WriteString(raw, "\x1b[2J\xe4"); out.String() != "\x1b[2J\xe4" {
		t.Errorf("%q", out.String())
	}
}

// TestOneLine: joined errors come out as one line that nothing acts on, and long
// ones are cut in their middle.
func TestOneLine(t *testing.T) {
	err := errors.Join(errors.New("first"), errors.New("second\r\nthird\x1b[2J"))
	if got := oneLine(err); got != `first; second; third\x1b[2J` {
		t.Errorf("got %q", got)
	}
	for _, n := range []int{790, 900, 30_000, 50_000_000} {
		got := oneLine(errors.New("begin " + strings.Repeat("é", n) + " wanted"))
		if runes := len([]rune(got)); !strings.HasPrefix(got, "begin é") || !strings.HasSuffix(got, "é wanted") || runes > mostError+3 || n > 800 && !strings.Contains(got, "é … é") {
			t.Errorf("%d: %d characters: %s", n, runes, got)
		}
	}
}

// TestFullDisk: whatever a command prints, it fails if nothing can be written.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		return // Linux has it
	}
	defer full.Close()
	for _, args := range []string{"devices", "devices --json", "--help", "run --help", "inspect tiny", "inspect tiny --json", "tokenize", "graph", "logits --ids 1 -o -", "run -p x -n 1"} {
		var errs strings.Builder
		code := Main(strings.Fields(args), Streams{In: strings.NewReader("text"), Out: full, Err: &errs})
		if code != exitFailed || errs.String() != "moeflow: write /dev/full: no space left on device\n" {
			t.Errorf("%s: exit code %d, %q", args, code, errs.String())
		}
	}
}
