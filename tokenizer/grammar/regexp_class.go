package grammar

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	digitSet = []runeRange{{'0', '9'}}
	wordSet  = []runeRange{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	// spaceSet is what every dialect takes for \s, allSpace what any does.
	spaceSet = []runeRange{{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}}
	allSpace = []runeRange{{'\t', '\r'}, {' ', ' '}, {0xa0, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a},
		{0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff}}
)

// escape reads what follows a backslash. negated says that the set will be turned
// round.
func (p *patternParser) escape(negated bool) ([]runeRange, error) {
	if !p.more() {
		return nil, p.errorf("a backslash at the end")
	}
	c, size := utf8.DecodeRuneInString(p.src[p.at:])
	p.at += size
	switch c {
	case 'd':
		return digitSet, nil
	case 'D':
		return complement(digitSet), nil
	case 'w':
		return wordSet, nil
	case 'W':
		return complement(wordSet), nil
	case 's':
		if negated {
			return allSpace, nil
		}
		return spaceSet, nil
	case 'S':
		if negated {
			return complement(spaceSet), nil
		}
		return complement(allSpace), nil
	case 'p', 'P':
		return p.property(c == 'P')
	case 'c':
		if p.more() && unicode.IsLetter(rune(p.src[p.at])) {
			p.at++
			r := rune(p.src[p.at-1] & 31)
			return []runeRange{{r, r}}, nil
		}
	case 'x':
		return p.hex(2)
	case 'u':
		return p.hex(4)
	}
	if c == '0' && p.more() && p.src[p.at] >= '0' && p.src[p.at] <= '9' {
		return nil, p.errorf("a number in base 8 is not served")
	}
	if i := strings.IndexRune("tnvfr0", c); i >= 0 {
		c = rune("\t\n\v\f\r\x00"[i])
	} else if c >= '1' && c <= '9' || c == 'k' {
		return nil, p.errorf("references back to a group are not served")
	}
	if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' { // dialects differ in what these mean
		return nil, p.errorf("the escape \\%c is not known", c)
	}
	return []runeRange{{c, c}}, nil
}

// hex reads the digits of a character: some, or any number in braces.
func (p *patternParser) hex(n int) ([]runeRange, error) {
	digits := p.src[p.at:]
	if end := strings.IndexByte(digits, '}'); n == 4 && strings.HasPrefix(digits, "{") && end > 0 {
		digits = digits[1:end]
		p.at += end + 1
	} else if len(digits) >= n {
		digits = digits[:n]
		p.at += n
	} else {
		return nil, p.errorf("want %d hexadecimal digits", n)
	}
	r, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || r > utf8.MaxRune {
		return nil, p.errorf("%q is no character's number", digits)
	}
	if r >= 0xd800 && r < 0xdc00 && p.take(`\u`) { // two halves of a character
		low, err := p.hex(4)
		if err != nil || low[0].lo < 0xdc00 || low[0].lo > 0xdfff {
			return nil, p.errorf("half of a character")
		}
		r = 0x10000 + (r-0xd800)<<10 + uint64(low[0].lo-0xdc00)
	}
	return []runeRange{{rune(r), rune(r)}}, nil
}

// property reads a class of Unicode, as {L} or {Script=Greek}.
func (p *patternParser) property(negated bool) ([]runeRange, error) {
	end := strings.IndexByte(p.src[p.at:], '}')
	if !p.take("{") || end < 0 {
		return nil, p.errorf("want a property of Unicode in braces")
	}
	name := p.src[p.at : p.at+end-1]
	p.at += end
	if _, value, ok := strings.Cut(name, "="); ok {
		name = value
	}
	if long, ok := longNames[name]; ok {
		name = long
	}
	table := unicode.Categories[name]
	if table == nil {
		table = unicode.Scripts[name]
	}
	if table == nil {
		return nil, p.errorf("no property of Unicode is known as %q", name)
	}
	var set []runeRange
	add := func(lo, hi, stride rune) {
		for r := lo; r <= hi; r += stride {
			if stride == 1 {
				set = append(set, runeRange{lo, hi})
				return
			}
			set = append(set, runeRange{r, r})
		}
	}
	for _, r := range table.R16 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	for _, r := range table.R32 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	if set = runeSet(set); negated {
		set = complement(set)
	}
	return set, nil
}

var longNames = map[string]string{"Letter": "L", "Lowercase_Letter": "Ll", "Uppercase_Letter": "Lu", "Number": "N",
	"Decimal_Number": "Nd", "digit": "Nd", "Punctuation": "P", "Symbol": "S", "Separator": "Z", "Mark": "M"}

// class reads a set in square brackets.
func (p *patternParser) class() ([][]item, error) {
	negated := p.take("^")
	var set []runeRange
	for {
		if !p.more() {
			return nil, p.errorf("a class has no end")
		}
		if p.take("]") {
			break
		}
		from, err := p.member(negated)
		if err != nil {
			return nil, err
		}
		if rest := p.src[p.at:]; len(from) == 1 && from[0].lo == from[0].hi && len(rest) > 1 && rest[0] == '-' && rest[1] != ']' {
			p.at++
			to, err := p.member(negated)
			if err != nil {
				return nil, err
			}
			if len(to) != 1 || to[0].lo != to[0].hi || to[0].lo < from[0].lo {
				return nil, p.errorf("a range out of order")
			}
			from = []runeRange{{from[0].lo, to[0].lo}}
		}
		set = append(set, from...)
	}
	if set = runeSet(set); negated {
		set = complement(set)
	}
	return p.set(set)
}

// member reads a character or an escape of a class.
func (p *patternParser) member(negated bool) ([]runeRange, error) {
	c, size := utf8.DecodeRuneInString(p.src[p.at:])
	if p.at += size; c != '\\' {
		return []runeRange{{c, c}}, nil
	}
	if p.take("b") {
		return []runeRange{{'\b', '\b'}}, nil
	}
	return p.escape(negated)
}
