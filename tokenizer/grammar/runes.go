package grammar

import (
	"slices"
	"unicode/utf8"
)

// runeRange is the characters from lo to hi.
type runeRange struct{ lo, hi rune }

// anyRune is every character of Unicode.
var anyRune = []runeRange{{0, 0xd7ff}, {0xe000, utf8.MaxRune}}

// runeSet sorts ranges, joins those that touch and leaves surrogates out.
func runeSet(ranges []runeRange) []runeRange {
	sorted := slices.Clone(ranges)
	slices.SortFunc(sorted, func(a, b runeRange) int { return int(a.lo - b.lo) })
	var out []runeRange
	for _, r := range sorted {
		if n := len(out) - 1; n >= 0 && r.lo <= out[n].hi+1 {
			out[n].hi = max(out[n].hi, r.hi)
			continue
		}
		out = append(out, r)
	}
	return intersect(out, anyRune)
}

func intersect(a, b []runeRange) (out []runeRange) {
	for _, r := range a {
		for _, s := range b {
			if lo, hi := max(r.lo, s.lo), min(r.hi, s.hi); lo <= hi {
				out = append(out, runeRange{lo, hi})
			}
		}
	}
	return out
}

// complement is every character that the set lacks.
func complement(set []runeRange) []runeRange {
	var out []runeRange
	next := rune(0)
	for _, r := range set {
		if r.lo > next {
			out = append(out, runeRange{next, r.lo - 1})
		}
		next = r.hi + 1
	}
	if next <= utf8.MaxRune {
		out = append(out, runeRange{next, utf8.MaxRune})
	}
	return intersect(out, anyRune)
}

// utf8Set matches one character of a set, in UTF-8.
func (x *exprs) utf8Set(set []runeRange) expr {
	var parts []expr
	var ascii byteSet
	for _, r := range set {
		if r.lo < utf8.RuneSelf {
			ascii.addRange(byte(r.lo), byte(min(r.hi, utf8.RuneSelf-1)))
			r.lo = utf8.RuneSelf
		}
		if r.lo <= r.hi {
			parts = x.utf8Range(parts, r.lo, r.hi)
		}
	}
	return x.or(append(parts, x.set(ascii))...)
}

// utf8Range adds the sequences of bytes of the characters lo to hi, cut so that
// each sequence is one range per byte.
func (x *exprs) utf8Range(parts []expr, lo, hi rune) []expr {
	for _, most := range []rune{0x7ff, 0xffff} {
		if lo <= most && most < hi {
			return x.utf8Range(x.utf8Range(parts, lo, most), most+1, hi)
		}
	}
	for bits := 6; bits <= 18; bits += 6 {
		mask := rune(1)<<bits - 1
		if lo&^mask == hi&^mask {
			break
		}
		if lo&mask != 0 {
			return x.utf8Range(x.utf8Range(parts, lo, lo|mask), lo|mask+1, hi)
		}
		if hi&mask != mask {
			return x.utf8Range(x.utf8Range(parts, lo, hi&^mask-1), hi&^mask, hi)
		}
	}
	from, to := utf8.AppendRune(nil, lo), utf8.AppendRune(nil, hi)
	seq := make([]expr, len(from))
	for i := range from {
		seq[i] = x.bytes(from[i], to[i])
	}
	return append(parts, x.concat(seq...))
}

// encoding says how a character of a text is spelled in the output.
type encoding uint8

const (
	plainText  encoding = iota // as it is, in UTF-8
	jsonString                 // as between the quotes of a JSON string
)

// short are the characters that JSON escapes with one letter.
var short = map[rune]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}

// runes matches one character of a set as it is spelled in the output. A character
// that needs no escape is spelled without one, so that a pattern over characters
// stays one over bytes.
func (x *exprs) runes(set []runeRange, enc encoding) expr {
	if enc == plainText {
		return x.utf8Set(set)
	}
	parts := []expr{x.utf8Set(intersect(set, []runeRange{{' ', '!'}, {'#', '['}, {']', utf8.MaxRune}}))}
	for _, r := range set {
		for c := r.lo; c <= r.hi && c <= '\\'; c++ {
			s, ok := short[c]
			if ok {
				parts = append(parts, x.text(s))
			}
			if c < ' ' {
				const upper, lower = "0123456789ABCDEF", "0123456789abcdef"
				parts = append(parts, x.concat(x.text(`\u00`+lower[c>>4:c>>4+1]), x.oneOf(lower[c&15:c&15+1]+upper[c&15:c&15+1])))
			}
		}
	}
	return x.or(parts...)
}
