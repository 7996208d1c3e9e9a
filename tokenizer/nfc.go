package tokenizer

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// nfc composes text (Unicode normalization form C). Bytes that are not UTF-8
// stay.
//
// Package norm makes text "stream-safe": after 30 marks in a row it puts in a
// combining grapheme joiner, which no other tokenizer does. Where it did so, the
// text is composed the plain way.
func nfc(s string) string {
	if norm.NFC.IsNormalString(s) {
		return s
	}
	const joiner = "\u034f"
	if out := norm.NFC.String(s); strings.Count(out, joiner) == strings.Count(s, joiner) {
		return out
	}
	return compose(decompose(s))
}

// char is a character, or a byte that is none, and its combining class.
type char struct {
	text  string
	class uint8
}

// decompose splits characters into base and marks, the marks in canonical order
// (The Unicode Standard, section 3.11, D108 and D109). Hangul syllables may stay
// whole: compose does the same with them.
func decompose(s string) []char {
	var out []char
	for len(s) > 0 {
		p := norm.NFD.PropertiesString(s)
		n := max(p.Size(), 1)
		part := s[:n]
		if d := p.Decomposition(); d != nil {
			part = string(d)
		}
		s = s[n:]
		for len(part) > 0 {
			_, n := utf8.DecodeRuneInString(part)
			out = append(out, char{part[:n], norm.NFD.PropertiesString(part).CCC()})
			part = part[n:]
		}
	}
	for i := 0; i < len(out); i++ {
		from := i
		for i < len(out) && out[i].class != 0 {
			i++
		}
		slices.SortStableFunc(out[from:i], func(a, b char) int { return int(a.class) - int(b.class) })
	}
	return out
}

// compose joins each base with the marks that it makes one character with and
// that no other mark of the same or a higher class keeps away (D115, D117).
func compose(chars []char) string {
	var b strings.Builder
	base, held := "", []char(nil) // a base, and the marks that stay behind it
	flush := func() {
		b.WriteString(base)
		for _, c := range held {
			b.WriteString(c.text)
		}
		held = held[:0]
	}
	for _, c := range chars {
		free := len(held) == 0 || c.class != 0 && held[len(held)-1].class < c.class
		if base != "" && free {
			joined := norm.NFC.String(base + c.text)
			if r, n := utf8.DecodeRuneInString(joined); n == len(joined) && (r != utf8.RuneError || n > 1) {
				base = joined
				continue
			}
		}
		if c.class == 0 {
			flush()
			base = c.text
			continue
		}
		held = append(held, c)
	}
	flush()
	return b.String()
}
