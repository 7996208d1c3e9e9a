package jinja

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is what is wrong with a template or its values, and on which line.
type Error struct {
	Line int
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

type kind uint8

const (
	tokenEnd      kind = iota // of the source
	tokenText                 // outside of tags
	tokenPrint                // {{
	tokenPrintEnd             // }}
	tokenBlock                // {%
	tokenBlockEnd             // %}
	tokenName
	tokenString // its value
	tokenInteger
	tokenFloat
	tokenOperator
)

type token struct {
	kind kind
	text string
	line int
}

func (t token) String() string {
	switch t.kind {
	case tokenEnd:
		return "the end of the template"
	case tokenPrintEnd:
		return `"}}"`
	case tokenBlockEnd:
		return `"%}"`
	}
	return fmt.Sprintf("%.40q", t.text)
}

// Limits of a template as it is written. The largest of the field have some ten
// thousand bytes.
const (
	maxSource = 1 << 20 // bytes
	maxTokens = 100_000
	maxName   = 200 // bytes
	maxDigits = 1_000
	maxDepth  = 200 // tags and expressions within each other
)

// lexer cuts a template into tokens and takes the white space away that the
// tags ask to take.
type lexer struct {
	src       string
	pos       int
	counted   int // line is that of this position
	line      int
	lineStart bool // what was read last ended a line
	out       []token
}

// lex fails by panic with an *Error.
func lex(src string) []token {
	if len(src) > maxSource {
		panic(&Error{1, fmt.Sprintf("the template has %d bytes, wanted at most %d", len(src), maxSource)})
	}
	src = strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\r", "\n")
	l := &lexer{src: strings.TrimSuffix(src, "\n"), line: 1, lineStart: true}
	for l.pos < len(l.src) {
		l.root()
	}
	l.emit(tokenEnd, "")
	return l.out
}

func (l *lexer) fail(format string, args ...any) {
	panic(&Error{l.lineNow(), fmt.Sprintf(format, args...)})
}

func (l *lexer) lineNow() int {
	l.line += strings.Count(l.src[l.counted:l.pos], "\n")
	l.counted = l.pos
	return l.line
}

func (l *lexer) emit(k kind, text string) {
	if len(l.out) == maxTokens {
		l.fail("the template has more than %d words and signs", maxTokens)
	}
	l.out = append(l.out, token{k, text, l.lineNow()})
}

// root reads text and the tag behind it.
func (l *lexer) root() {
	rest := l.src[l.pos:]
	at := 0
	for {
		i := strings.IndexByte(rest[at:], '{')
		if i < 0 || at+i+1 >= len(rest) {
			l.emit(tokenText, rest)
			l.pos = len(l.src)
			return
		}
		at += i
		if c := rest[at+1]; c == '%' || c == '{' || c == '#' {
			break
		}
		at++
	}
	tag := rest[at+1]
	sign := byte(0)
	if at+2 < len(rest) && (rest[at+2] == '-' || rest[at+2] == '+') {
		sign = rest[at+2]
	}
	l.text(rest[:at], sign, tag != '{')
	l.pos += at
	switch {
	case tag == '#':
		l.comment()
	case tag == '%' && l.raw():
	default:
		l.tag(tag, sign)
	}
}

// text emits text before a tag: without its white space at the end if the tag
// begins with a minus; without the indentation before a statement otherwise.
func (l *lexer) text(s string, sign byte, statement bool) {
	if sign == '-' {
		s = strings.TrimRightFunc(s, isSpace)
	} else if sign == 0 && statement {
		start := strings.LastIndexByte(s, '\n') + 1
		if (start > 0 || l.lineStart) && strings.TrimLeftFunc(s[start:], isSpace) == "" {
			s = s[:start]
		}
	}
	if s != "" {
		l.emit(tokenText, s)
	}
}

// closed moves behind the end of a tag, whose marker is at the position, and
// takes white space: all of it after a minus; one line end after a statement.
func (l *lexer) closed(width int, sign byte, statement bool) {
	l.pos += width
	if sign == '-' {
		l.pos = len(l.src) - len(strings.TrimLeftFunc(l.src[l.pos:], isSpace))
	} else if sign == 0 && statement && strings.HasPrefix(l.src[l.pos:], "\n") {
		l.pos++
	}
	l.lineStart = l.src[l.pos-1] == '\n'
}

func (l *lexer) comment() {
	end := strings.Index(l.src[l.pos+2:], "#}")
	if end < 0 {
		l.fail("a comment is not closed: wanted #}")
	}
	end += l.pos + 2
	sign := byte(0)
	if c := l.src[end-1]; end-1 >= l.pos+2 && (c == '-' || c == '+') {
		sign = c
	}
	l.pos = end
	l.closed(2, sign, true)
}

// raw reads a raw block if one begins at the position.
func (l *lexer) raw() bool {
	open := l.bare(l.src[l.pos:], "raw")
	if open == 0 {
		return false
	}
	sign := l.src[l.pos+open-3]
	l.pos += open
	if sign == '-' {
		l.pos = len(l.src) - len(strings.TrimLeftFunc(l.src[l.pos:], isSpace))
	}
	l.lineStart = l.src[l.pos-1] == '\n'
	for i := l.pos; ; i += 2 {
		next := strings.Index(l.src[i:], "{%")
		if next < 0 {
			l.fail("a raw block is not closed: wanted {%% endraw %%}")
		}
		i += next
		n := l.bare(l.src[i:], "endraw")
		if n == 0 {
			continue
		}
		sign := l.src[i+2]
		if sign != '-' && sign != '+' {
			sign = 0
		}
		l.text(l.src[l.pos:i], sign, true)
		l.pos = i
		sign = l.src[i+n-3]
		if sign != '-' && sign != '+' {
			sign = 0
		}
		l.closed(n, sign, true)
		return true
	}
}

// bare is the length of the tag {% word %} at the start of s, or 0.
func (l *lexer) bare(s, word string) int {
	in := s[2:]
	if in != "" && (in[0] == '-' || in[0] == '+') {
		in = in[1:]
	}
	in = strings.TrimLeftFunc(in, isSpace)
	if !strings.HasPrefix(in, word) {
		return 0
	}
	in = strings.TrimLeftFunc(in[len(word):], isSpace)
	if in != "" && (in[0] == '-' || in[0] == '+') {
		in = in[1:]
	}
	if !strings.HasPrefix(in, "%}") {
		return 0
	}
	return len(s) - len(in) + 2
}

// tag reads {{ ... }} or {% ... %}.
func (l *lexer) tag(kind, sign byte) {
	end, open, shut := "%}", tokenBlock, tokenBlockEnd
	if kind == '{' {
		end, open, shut = "}}", tokenPrint, tokenPrintEnd
	}
	l.emit(open, "")
	l.pos += 2
	if sign != 0 {
		l.pos++
	}
	var brackets []byte
	for {
		for l.pos < len(l.src) {
			r, n := utf8.DecodeRuneInString(l.src[l.pos:])
			if !isSpace(r) {
				break
			}
			l.pos += n
		}
		rest := l.src[l.pos:]
		if rest == "" {
			l.fail("a tag is not closed: wanted %s", end)
		}
		if len(brackets) == 0 {
			signed := (rest[0] == '-' || rest[0] == '+' && kind == '%') && strings.HasPrefix(rest[1:], end)
			if signed || strings.HasPrefix(rest, end) {
				l.emit(shut, "")
				if signed {
					l.closed(3, rest[0], kind == '%')
				} else {
					l.closed(2, 0, kind == '%')
				}
				return
			}
		}
		brackets = l.item(rest, brackets)
	}
}

// item reads one token inside a tag; rest is not empty.
func (l *lexer) item(rest string, brackets []byte) []byte {
	r, _ := utf8.DecodeRuneInString(rest)
	switch {
	case r >= '0' && r <= '9':
		l.number(rest)
	case r == '_' || unicode.IsLetter(r):
		n := strings.IndexFunc(rest, func(r rune) bool {
			return r != '_' && !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.M, r)
		})
		if n < 0 {
			n = len(rest)
		}
		if n > maxName {
			l.fail("a name has %d bytes, wanted at most %d", n, maxName)
		}
		l.emit(tokenName, rest[:n])
		l.pos += n
	case r == '"' || r == '\'':
		l.quoted(rest)
	default:
		return l.operator(rest, brackets)
	}
	return brackets
}

// operators, the longer before those they begin with.
var operators = []string{"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ","}

func (l *lexer) operator(rest string, brackets []byte) []byte {
	for _, op := range operators {
		if !strings.HasPrefix(rest, op) {
			continue
		}
		switch c := op[0]; c {
		case '(', '[', '{':
			brackets = append(brackets, c)
		case ')', ']', '}':
			open := map[byte]byte{')': '(', ']': '[', '}': '{'}[c]
			if len(brackets) == 0 || brackets[len(brackets)-1] != open {
				l.fail("unexpected %q", op)
			}
			brackets = brackets[:len(brackets)-1]
		}
		l.emit(tokenOperator, op)
		l.pos += len(op)
		return brackets
	}
	r, _ := utf8.DecodeRuneInString(rest)
	l.fail("unexpected character %q", r)
	return nil
}

// isSpace is what Python's \s and strip take as white space.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
