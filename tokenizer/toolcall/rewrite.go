package toolcall

import (
	"bytes"
	"strings"
)

// rewriter makes valid JSON of what a model wrote as JSON, byte by byte, so that
// it can be passed on while it is written: line ends in strings are escaped,
// quotes, commas and colons that are missing are put in, those too many left out,
// and Python's True, False and None are JSON's. Keys are held back until they have
// a value, so that the end of the text leaves none without.
type rewriter struct {
	out   []byte // not taken yet
	stack []byte // '{' and '[' that are open
	state rewriteState
	comma bool   // to be written before what comes next
	key   []byte // as it will be written, with quotes
	word  []byte // of a value or key without quotes
	quote byte   // of the string, 0 outside
	inKey bool   // the string or word is a key
	esc   []byte // of an escape that is not complete
	done  bool
}

type rewriteState uint8

const (
	wantValue rewriteState = iota
	wantKey
	wantColon
	wantComma
)

// maxStack is how deep values may be nested: what is deeper is left out.
const maxStack = 500

// take reads a byte of the value. It is false if the value ended before it.
func (r *rewriter) take(c byte) bool {
	switch {
	case r.done:
		return false
	case r.quote != 0:
		r.inString(c)
		return true
	case len(r.word) > 0:
		if isWord(c) {
			r.word = append(r.word, c)
			return true
		}
		r.endWord()
		if r.done {
			return false
		}
	}
	switch c {
	case ' ', '\t', '\n', '\r':
	case '{', '[':
		r.open(c)
	case '}', ']':
		r.close(c)
	case ',':
		if len(r.stack) == 0 {
			return false
		}
		r.key = nil
		if r.state == wantComma {
			r.comma = true
		}
		r.next()
	case ':':
		if r.state == wantColon {
			r.state = wantValue
		}
	case '<':
		return false // no JSON has that: the tag behind the value
	default:
		if r.state == wantComma { // the comma is missing
			r.comma = true
			r.next()
		} else if r.state == wantColon { // the colon is missing
			r.state = wantValue
		}
		r.inKey = r.state == wantKey
		if c == '"' || c == '\'' {
			r.quote = c
			if r.inKey {
				r.key = append(r.key[:0], '"')
			} else {
				r.value(`"`)
			}
		} else {
			r.word = append(r.word[:0], c)
		}
	}
	return true
}

// isWord is whether c goes on with a word.
func isWord(c byte) bool { return c > ' ' && !strings.ContainsRune(`{}[],:"'<`, rune(c)) }

// next is what stands behind a comma.
func (r *rewriter) next() {
	r.state = wantValue
	if n := len(r.stack); n > 0 && r.stack[n-1] == '{' {
		r.state = wantKey
	}
}

// value writes the beginning of a value, or all of it, behind what was held back.
func (r *rewriter) value(text string) {
	if r.comma {
		r.out = append(r.out, ',')
	}
	if r.comma = false; len(r.key) > 0 {
		r.out = append(append(r.out, r.key...), ':')
		r.key = r.key[:0]
	}
	r.out = append(r.out, text...)
	r.state = wantComma
}

func (r *rewriter) open(c byte) {
	switch r.state {
	case wantComma:
		r.comma = true
		if r.next(); r.state == wantKey {
			return // an object is no key
		}
	case wantKey:
		return
	}
	if len(r.stack) == maxStack {
		r.finish()
		return
	}
	r.value(string(c))
	r.stack = append(r.stack, c)
	r.next()
}

// close closes up to the innermost value that c closes, if there is one.
func (r *rewriter) close(c byte) {
	open := byte('{')
	if c == ']' {
		open = '['
	}
	if bytes.IndexByte(r.stack, open) < 0 {
		return
	}
	for {
		last := r.stack[len(r.stack)-1]
		if r.pop(); last == open {
			return
		}
	}
}

func (r *rewriter) pop() {
	n := len(r.stack) - 1
	r.out = append(r.out, r.stack[n]+2) // } and ] are two behind { and [
	r.stack, r.key, r.comma = r.stack[:n], nil, false
	r.state = wantComma
	r.done = n == 0
}

func (r *rewriter) inString(c byte) {
	to := &r.out
	if r.inKey {
		to = &r.key
	}
	switch {
	case len(r.esc) > 0:
		r.escape(to, c)
	case c == '\\':
		r.esc = append(r.esc, c)
	case c == r.quote:
		r.quote = 0
		*to = append(*to, '"')
		if r.inKey {
			r.state = wantColon
		} else {
			r.done = len(r.stack) == 0
		}
	default:
		*to = appendEscaped(*to, string([]byte{c}))
	}
}

// escape reads behind a backslash. What is no escape of JSON's is a backslash.
func (r *rewriter) escape(to *[]byte, c byte) {
	if len(r.esc) == 1 {
		switch {
		case c == 'u':
			r.esc = append(r.esc, c)
			return
		case strings.IndexByte(`"\/bfnrt`, c) >= 0:
			*to = append(*to, '\\', c)
		case c == '\'':
			*to = append(*to, c)
		default:
			*to = append(*to, `\\`...)
			*to = appendEscaped(*to, string([]byte{c}))
		}
		r.esc = r.esc[:0]
		return
	}
	if strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 {
		if r.esc = append(r.esc, c); len(r.esc) == len(`\u0000`) {
			*to = append(*to, r.esc...)
			r.esc = r.esc[:0]
		}
		return
	}
	r.brokenEscape(to)
	r.inString(c)
}

// brokenEscape writes an escape that is not complete as text.
func (r *rewriter) brokenEscape(to *[]byte) {
	*to = appendEscaped(*to, string(r.esc))
	r.esc = r.esc[:0]
}

func (r *rewriter) endWord() {
	word := string(r.word)
	r.word = r.word[:0]
	if r.inKey {
		r.key = append(r.key[:0], quoted(word)...)
		r.state = wantColon
		return
	}
	switch word {
	case "True", "False":
		word = strings.ToLower(word)
	case "None":
		word = "null"
	case "true", "false", "null":
	default:
		if n, ok := number(word, false); ok {
			word = n
		} else {
			word = quoted(word)
		}
	}
	r.value(word)
	r.done = len(r.stack) == 0
}

// finish closes what is open. A value that never began is null.
func (r *rewriter) finish() {
	if r.quote != 0 && !r.inKey {
		r.out = append(r.out, '"')
	} else if len(r.word) > 0 && !r.inKey {
		r.endWord()
	} else if len(r.stack) == 0 && !r.done {
		r.value("null")
	}
	r.quote, r.word, r.esc = 0, nil, nil
	for len(r.stack) > 0 {
		r.pop()
	}
	r.done = true
}

// taken returns what is written and not returned yet.
func (r *rewriter) taken() string {
	s := string(r.out)
	r.out = r.out[:0]
	return s
}
