package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// printer writes what a command prints, and keeps the first error: a command that
// prints to a full disk has failed, whichever line it was. Where it escapes, text
// that comes from a file or a model can do nothing to a terminal: see escape.
type printer struct {
	mu      sync.Mutex
	w       io.Writer
	escapes bool
	half    []byte // the beginning of a character
	err     error
}

// Write writes all of p, or holds back a character of which only a part has come.
func (p *printer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return 0, p.err
	}
	n, text := len(b), b
	if p.escapes {
		p.half = append(p.half, b...)
		whole := wholeRunes(p.half)
		text = []byte(escape(string(p.half[:whole])))
		p.half = append(p.half[:0], p.half[whole:]...)
	}
	if len(text) > 0 {
		_, p.err = p.w.Write(text)
	}
	if p.err != nil {
		return 0, p.err
	}
	return n, nil
}

// redirect has the printer write to another writer.
func (p *printer) redirect(w io.Writer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.w = w
}

// end writes what was held back, and returns the first error.
func (p *printer) end() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.half) > 0 && p.err == nil {
		_, p.err = io.WriteString(p.w, escape(string(p.half)))
		p.half = nil
	}
	return p.err
}

// wholeRunes is how many bytes of b are not a character that goes on behind them.
func wholeRunes(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return len(b) - n
			}
			break
		}
	}
	return len(b)
}

// escape replaces what moves a terminal's cursor, sets its title or colours or
// turns the order of the text around by how Go writes it in a string: control
// characters of both sets but line end and tab, characters of format, such as
// U+202E, line and paragraph separators, and bytes that are no UTF-8.
func escape(s string) string {
	if strings.IndexFunc(s, unprintable) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\r':
			b.WriteString(`\r`)
		case r == utf8.RuneError && n == 1, unprintable(r) && r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unprintable(r) && r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		case unprintable(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// told is stdout for what a command says about files and devices: escaped in pipes
// too, as names in files are nothing to act on anywhere.
func (a *app) told() io.Writer { return &printer{w: a.Out, escapes: true} }

// escapeJSON does the same to encoded JSON, in its own way of writing characters.
func escapeJSON(b []byte) []byte {
	var out []byte
	for _, r := range string(b) {
		switch hi, lo := utf16.EncodeRune(r); {
		case !unprintable(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// printJSON prints a value to stdout, indented.
func (a *app) printJSON(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := a.Out.Write(escapeJSON(b.Bytes()))
	return err
}

// joiners make one picture of several in scripts and emoji, and turn nothing.
const joiners = "\u200c\u200d"

func unprintable(r rune) bool {
	switch {
	case r == '\n', r == '\t', strings.ContainsRune(joiners, r):
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// escapeWord escapes a name or a value that stands within a line.
func escapeWord(s string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(escape(s))
}

// mostError is how many characters of an error are printed, about a screen's
// third: a name in a file may have megabytes.
const mostError = 800

// oneLine is an error as it is printed: one line, without what a terminal would
// act on, and cut in its middle where it is long.
func oneLine(err error) string {
	const probe = 4 * utf8.UTFMax * mostError // bytes that are looked at, of each end
	text := err.Error()
	long := len(text) > 2*probe
	head, tail := text, ""
	if long {
		head, tail = text[:probe], text[len(text)-probe:]
	}
	join := func(s string) []rune {
		lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' })
		return []rune(escapeWord(strings.Join(lines, "; ")))
	}
	h := join(head)
	if !long && len(h) <= mostError {
		return string(h)
	}
	t := h
	if long {
		t = join(tail)
	}
	return string(h[:min(len(h), mostError*3/4)]) + " … " + string(t[max(0, len(t)-mostError/4):])
}
