package jinja

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// fill is the character that pads, argument 1.
func (f *frame) fill(a args) rune {
	if len(a.pos) < 2 {
		return ' '
	}
	s := f.textArg(a, 1)
	if utf8.RuneCountInString(s) != 1 {
		f.fail("the fill character must be exactly one character long")
	}
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// pad brings s to a width: side -1 has it at the left, 1 at the right, 0 in the
// middle.
func (f *frame) pad(s string, width int64, fill rune, side int) string {
	n := width - int64(f.count(s))
	if n <= 0 {
		return s
	}
	left := 0
	switch side {
	case 0: // the odd one as Python has it
		left = int(n/2 + n&width&1)
	case 1:
		left = int(n)
	}
	b := f.buffer()
	b.reserve(times(int(n), utf8.RuneLen(fill)) + len(s))
	b.repeat(string(fill), left)
	b.write(s)
	b.repeat(string(fill), int(n)-left)
	return b.String()
}

func zfill(f *frame, s string, a args) any {
	sign := ""
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign = s[:1]
	}
	f.alloc(len(s) + textSize)
	return sign + f.pad(s[len(sign):], a.int(f, 0, "width", 0)-int64(len(sign)), '0', 1)
}

// upper and lower change case; of the letters that become two, those that text
// has are known.
func upper(s string) string { return strings.ReplaceAll(strings.ToUpper(s), "ß", "SS") }

func lower(s string) string { return strings.ToLower(strings.ReplaceAll(s, "İ", "i\u0307")) }

func swapCase(r rune) rune {
	if unicode.IsUpper(r) {
		return unicode.ToLower(r)
	}
	return unicode.ToUpper(r)
}

// titleWords is str.title: a capital wherever letters begin.
func titleWords(s string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		cased := unicode.IsLetter(r)
		defer func() { inWord = cased }()
		if inWord {
			return unicode.ToLower(r)
		}
		return unicode.ToTitle(r)
	}, s)
}

// printf is Python's s % values. Values that s does not use are an error unless
// spare.
func (f *frame) printf(s string, values tuple, spare bool) string {
	f.scan(len(s))
	b := f.buffer()
	next := 0
	for {
		i := strings.IndexByte(s, '%')
		if i < 0 {
			break
		}
		b.write(s[:i])
		s = s[i+1:]
		n := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("-+ #0123456789.", r) })
		if n < 0 {
			f.fail("incomplete format")
		}
		if n > maxFlags {
			f.fail("a format has %d flags, wanted at most %d", n, maxFlags)
		}
		flags, verb := s[:n], s[n]
		s = s[n+1:]
		if verb == '%' {
			b.char('%')
			continue
		}
		if next == len(values) {
			f.fail("not enough arguments for format string")
		}
		f.spend(1)
		b.write(f.formatted(flags, verb, values[next]))
		next++
	}
	if next < len(values) && !spare {
		f.fail("not all arguments converted during string formatting")
	}
	b.write(s)
	return b.String()
}

// maxFlags is the length of what may stand between % and the letter of a format.
const maxFlags = 32

// formatted is one value by a verb of printf.
func (f *frame) formatted(flags string, verb byte, v any) string {
	for _, part := range strings.FieldsFunc(flags, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(part) > 3 {
			f.fail("a format has a width over 999")
		}
	}
	switch verb {
	case 's', 'r':
		text := f.str(v)
		if verb == 'r' {
			b := f.buffer()
			f.repr(b, v)
			text = b.String()
		}
		f.text(times(len(text)+1000, 3)) // a width is at most 999
		return fmt.Sprintf("%"+strings.Trim(flags, "+ #")+"s", text)
	case 'd', 'i', 'x', 'X', 'o':
		n, ok := numeric(f.need(v))
		if x, isFloat := n.(float64); isFloat && (verb == 'd' || verb == 'i') {
			n = int64(x)
		} else if isFloat {
			ok = false
		}
		if !ok {
			f.fail("%%%c format: a real number is required, not %s", verb, typeName(v))
		}
		if i, ok := n.(*big.Int); ok {
			f.digits(i)
		}
		f.text(1000)
		if verb == 'i' {
			verb = 'd'
		}
		return fmt.Sprintf("%"+flags+string(verb), n)
	case 'f', 'F', 'e', 'E', 'g', 'G':
		n, ok := numeric(f.need(v))
		if !ok {
			f.fail("must be real number, not %s", typeName(v))
		}
		f.text(3000)
		f.spend(digitsWork)
		if !strings.Contains(flags, ".") {
			flags += ".6"
		}
		return fmt.Sprintf("%"+flags+string(verb), toFloat(n))
	}
	f.fail("unsupported format character '%c'", verb)
	return ""
}

// braces is str.format with fields {}, {0} and {name}; conversions and format
// specifications are not supported.
func (f *frame) braces(s string, a args) string {
	f.scan(len(s))
	b := f.buffer()
	auto := 0
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			break
		}
		b.write(s[:i])
		if i+1 < len(s) && s[i+1] == s[i] {
			b.write(s[i : i+1])
			s = s[i+2:]
			continue
		}
		end := strings.IndexByte(s, '}')
		if s[i] == '}' || end < i {
			f.fail("Single '%c' encountered in format string", s[i])
		}
		field := s[i+1 : end]
		s = s[end+1:]
		var v any
		n, err := strconv.Atoi(field)
		switch value, named := a.named[field]; {
		case strings.ContainsAny(field, "!:.["):
			f.fail("str.format with %q is not supported", "{"+field+"}")
		case named:
			v = value
		case field == "" && auto < len(a.pos):
			v = a.pos[auto]
			auto++
		case err == nil && n >= 0 && n < len(a.pos):
			v = a.pos[n]
		default:
			f.fail("str.format has no argument for %q", "{"+field+"}")
		}
		f.spend(1)
		b.write(f.str(v))
	}
	b.write(s)
	return b.String()
}

// strftime formats a time by Python's directives; names are English.
func (f *frame) strftime(t time.Time, layout string) string {
	b := f.buffer()
	f.spend(len(layout))
	for i := 0; i < len(layout); i++ {
		if layout[i] != '%' || i+1 == len(layout) {
			b.write(layout[i : i+1])
			continue
		}
		i++
		unpadded := layout[i] == '-' && i+1 < len(layout)
		if unpadded {
			i++
		}
		part := directive(t, layout[i])
		if unpadded && len(part) > 1 {
			part = strings.TrimLeft(part[:len(part)-1], "0 ") + part[len(part)-1:]
		}
		b.write(part)
	}
	return b.String()
}

// layouts are directives of strftime as package time has them.
var layouts = map[byte]string{'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'h': "Jan", 'd': "02", 'e': "_2",
	'H': "15", 'I': "03", 'm': "01", 'M': "04", 'p': "PM", 'S': "05", 'y': "06", 'Y': "2006", 'j': "002",
	'F': "2006-01-02", 'T': "15:04:05", 'R': "15:04", 'D': "01/02/06", 'c': "Mon Jan _2 15:04:05 2006",
	'x': "01/02/06", 'X': "15:04:05", 'z': "-0700", 'Z': "MST"}

func directive(t time.Time, c byte) string {
	if layout, ok := layouts[c]; ok {
		return t.Format(layout)
	}
	switch c {
	case '%':
		return "%"
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'f':
		return fmt.Sprintf("%06d", t.Nanosecond()/1000)
	case 's':
		return strconv.FormatInt(t.Unix(), 10)
	case 'u':
		return strconv.Itoa((int(t.Weekday())+6)%7 + 1)
	case 'w':
		return strconv.Itoa(int(t.Weekday()))
	}
	return "%" + string(c)
}
