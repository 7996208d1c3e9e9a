package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// next returns the length of the first word of s, which is not empty, by the
// qwen2 pattern, whose alternatives are tried in order:
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)
//	[^\r\n\p{L}\p{N}]?\p{L}+
//	\p{N}
//	 ?[^\s\p{L}\p{N}]+[\r\n]*
//	\s*[\r\n]+
//	\s+(?!\S)
//	\s+
func next(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	if r == '\'' {
		if c := contraction(s[1:]); c > 0 {
			return 1 + c
		}
	}
	k := classOf(r)
	if k == letter {
		return n + run(s[n:], letter)
	}
	if k == number {
		return n
	}
	if r != '\r' && r != '\n' {
		if l := run(s[n:], letter); l > 0 {
			return n + l
		}
	}
	if k == other {
		return punctuation(s, n)
	}
	if r == ' ' && n < len(s) {
		if r2, n2 := utf8.DecodeRuneInString(s[n:]); classOf(r2) == other {
			return punctuation(s, n+n2)
		}
	}
	return spaces(s)
}

// punctuation ends a run of other characters of which end are known, with the
// line ends behind it.
func punctuation(s string, end int) int {
	end += run(s[end:], other)
	for end < len(s) && (s[end] == '\r' || s[end] == '\n') {
		end++
	}
	return end
}

// spaces is the length of the word at a run of white space: through the run's
// last line end; or, before text, all but the last character, which goes with
// the text; or the whole run.
func spaces(s string) int {
	end, line, last := 0, 0, 0
	for end < len(s) {
		r, n := utf8.DecodeRuneInString(s[end:])
		if classOf(r) != space {
			break
		}
		last = end
		end += n
		if r == '\r' || r == '\n' {
			line = end
		}
	}
	switch {
	case line > 0:
		return line
	case end == len(s) || last == 0:
		return end
	}
	return last
}

type class uint8

const (
	other class = iota
	letter
	number
	space
)

// ascii holds the classes of the characters below 128.
var ascii = func() (c [128]class) {
	for i := range c {
		c[i] = unicodeClass(rune(i))
	}
	return c
}()

func classOf(r rune) class {
	if r < 128 {
		return ascii[r]
	}
	return unicodeClass(r)
}

func unicodeClass(r rune) class {
	switch {
	case unicode.IsLetter(r):
		return letter
	case unicode.IsNumber(r):
		return number
	case unicode.IsSpace(r):
		return space
	}
	return other
}

// run is the length of the characters of one class at the start of s.
func run(s string, k class) int {
	i := 0
	for i < len(s) {
		if c := s[i]; c < utf8.RuneSelf {
			if ascii[c] != k {
				break
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if unicodeClass(r) != k {
			break
		}
		i += n
	}
	return i
}

// contraction is the length of what follows an apostrophe in English
// contractions, in any case; the long s (U+017F) folds to s.
func contraction(s string) int {
	if len(s) == 0 {
		return 0
	}
	switch s[0] | 0x20 {
	case 's', 't', 'm', 'd':
		return 1
	case 'r', 'v':
		if len(s) > 1 && s[1]|0x20 == 'e' {
			return 2
		}
	case 'l':
		if len(s) > 1 && s[1]|0x20 == 'l' {
			return 2
		}
	}
	if len(s) > 1 && s[:2] == "ſ" {
		return 2
	}
	return 0
}
