package jinja

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// number reads an integer, with a base or without, or a float, which has digits
// on both sides of its point. Underscores between digits mean nothing.
func (l *lexer) number(s string) {
	if len(s) > 2 && s[0] == '0' && strings.IndexByte("xXoObB", s[1]) >= 0 {
		n := 2
		for n < len(s) && (s[n] == '_' || hex(s[n]) >= 0) {
			n++
		}
		l.emit(tokenInteger, s[:n])
		l.pos += n
		return
	}
	digits := func(from int) int {
		n := from
		for n < len(s) && (s[n] >= '0' && s[n] <= '9' || n > from && s[n] == '_' && n+1 < len(s) && s[n+1] >= '0' && s[n+1] <= '9') {
			n++
		}
		return n
	}
	n, k := digits(0), tokenInteger
	// A number behind a point is an index (a.0.1), never a float.
	member := l.pos > 0 && l.src[l.pos-1] == '.'
	if !member && n < len(s) && s[n] == '.' {
		if m := digits(n + 1); m > n+1 {
			n, k = m, tokenFloat
		}
	}
	if !member && n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		from := n + 1
		if from < len(s) && (s[from] == '+' || s[from] == '-') {
			from++
		}
		if m := digits(from); m > from {
			n, k = m, tokenFloat
		}
	}
	l.emit(k, strings.ReplaceAll(s[:n], "_", ""))
	l.pos += n
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// quoted reads a string and undoes its escapes as Python does: an unknown one
// stays as it is.
func (l *lexer) quoted(s string) {
	var b strings.Builder
	for i := 1; i < len(s); {
		c := s[i]
		switch {
		case c == s[0]:
			l.emit(tokenString, b.String())
			l.pos += i + 1
			return
		case c != '\\':
			b.WriteByte(c)
			i++
		case i+1 == len(s):
			i++
		default:
			i += l.escape(&b, s[i:])
		}
	}
	l.fail("a string is not closed: wanted %c", s[0])
}

var plainEscapes = map[byte]string{'n': "\n", 't': "\t", 'r': "\r", 'a': "\a", 'b': "\b", 'f': "\f", 'v': "\v",
	'\\': "\\", '\'': "'", '"': "\"", '\n': ""}

// escape writes what the escape at the start of s stands for and returns its
// length. There is a byte behind the backslash.
func (l *lexer) escape(b *strings.Builder, s string) int {
	c := s[1]
	if plain, ok := plainEscapes[c]; ok {
		b.WriteString(plain)
		return 2
	}
	if c >= '0' && c <= '7' {
		n, r := 1, rune(0)
		for n < len(s) && n < 4 && s[n] >= '0' && s[n] <= '7' {
			r = r*8 + rune(s[n]-'0')
			n++
		}
		b.WriteRune(r)
		return n
	}
	width := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	if width == 0 {
		b.WriteByte('\\')
		_, n := utf8.DecodeRuneInString(s[1:])
		b.WriteString(s[1 : 1+n])
		return 1 + n
	}
	if len(s) < 2+width {
		l.fail("a string has a cut-off \\%c escape", c)
	}
	r, err := strconv.ParseUint(s[2:2+width], 16, 32)
	if err != nil || r > utf8.MaxRune {
		l.fail("a string has a bad escape %q", s[:2+width])
	}
	n := 2 + width
	// Halves of a surrogate pair stand for one character.
	if r >= 0xd800 && r < 0xdc00 && strings.HasPrefix(s[n:], `\u`) && len(s) >= n+6 {
		if low, err := strconv.ParseUint(s[n+2:n+6], 16, 32); err == nil && low >= 0xdc00 && low < 0xe000 {
			r, n = 0x10000+(r-0xd800)<<10+(low-0xdc00), n+6
		}
	}
	b.WriteRune(rune(r))
	return n
}
