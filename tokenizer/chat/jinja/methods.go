package jinja

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

type methodFunc = func(f *frame, of any, a args) any

// onText makes a method of a function that goes through a string once.
func onText(fn func(f *frame, s string, a args) any) methodFunc {
	return func(f *frame, of any, a args) any {
		s, _ := asText(of)
		f.scan(len(s))
		return fn(f, s, a)
	}
}

// onEnds makes a method of a function that looks at the ends of a string.
func onEnds(fn func(f *frame, s string, a args) any) methodFunc {
	return func(f *frame, of any, a args) any {
		s, _ := asText(of)
		return fn(f, s, a)
	}
}

// changed makes a method of a change of letters.
func changed(fn func(s string) string) methodFunc {
	return onText(func(f *frame, s string, _ args) any { f.cased(s); return fn(s) })
}

func every(test func(rune) bool) methodFunc {
	return onText(func(_ *frame, s string, _ args) any {
		return s != "" && strings.IndexFunc(s, func(r rune) bool { return !test(r) }) < 0
	})
}

// stringMethods are those of Python's str.
var stringMethods = map[string]methodFunc{
	"capitalize": changed(capitalize),
	"casefold":   changed(lower),
	"center":     onText(func(f *frame, s string, a args) any { return f.pad(s, a.int(f, 0, "width", 0), f.fill(a), 0) }),
	"ljust":      onText(func(f *frame, s string, a args) any { return f.pad(s, a.int(f, 0, "width", 0), f.fill(a), -1) }),
	"rjust":      onText(func(f *frame, s string, a args) any { return f.pad(s, a.int(f, 0, "width", 0), f.fill(a), 1) }),
	"zfill":      onText(zfill),
	"count":      onText(func(f *frame, s string, a args) any { return int64(strings.Count(f.window(s, a, 1), f.textArg(a, 0))) }),
	"endswith":   onEnds(func(f *frame, s string, a args) any { return f.affix(f.window(s, a, 1), a, strings.HasSuffix) }),
	"startswith": onEnds(func(f *frame, s string, a args) any { return f.affix(f.window(s, a, 1), a, strings.HasPrefix) }),
	"find":       onText(func(f *frame, s string, a args) any { return find(s, f.textArg(a, 0), strings.Index) }),
	"rfind":      onText(func(f *frame, s string, a args) any { return find(s, f.textArg(a, 0), strings.LastIndex) }),
	"index":      onText(func(f *frame, s string, a args) any { return f.found(find(s, f.textArg(a, 0), strings.Index)) }),
	"rindex":     onText(func(f *frame, s string, a args) any { return f.found(find(s, f.textArg(a, 0), strings.LastIndex)) }),
	"format":     onText(func(f *frame, s string, a args) any { return f.braces(s, a) }),
	"isalnum":    every(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }),
	"isalpha":    every(unicode.IsLetter),
	"isascii": onText(func(_ *frame, s string, _ args) any {
		return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0
	}),
	"isdecimal": every(unicode.IsDigit),
	"isdigit": every(func(r rune) bool {
		return unicode.IsDigit(r) || strings.ContainsRune("²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", r)
	}),
	"isnumeric":    every(unicode.IsNumber),
	"isspace":      every(isSpace),
	"islower":      onText(func(f *frame, s string, _ args) any { return f.isCase(s, strings.ToLower) }),
	"isupper":      onText(func(f *frame, s string, _ args) any { return f.isCase(s, strings.ToUpper) }),
	"join":         onText(joinStrings),
	"lower":        changed(lower),
	"upper":        changed(upper),
	"swapcase":     changed(func(s string) string { return strings.Map(swapCase, s) }),
	"title":        changed(titleWords),
	"strip":        onEnds(func(f *frame, s string, a args) any { return f.strip(s, a.get(0, ""), true, true) }),
	"lstrip":       onEnds(func(f *frame, s string, a args) any { return f.strip(s, a.get(0, ""), true, false) }),
	"rstrip":       onEnds(func(f *frame, s string, a args) any { return f.strip(s, a.get(0, ""), false, true) }),
	"partition":    onText(func(f *frame, s string, a args) any { return partition(s, f.separator(a), false) }),
	"rpartition":   onText(func(f *frame, s string, a args) any { return partition(s, f.separator(a), true) }),
	"removeprefix": onEnds(func(f *frame, s string, a args) any { return strings.TrimPrefix(s, f.textArg(a, 0)) }),
	"removesuffix": onEnds(func(f *frame, s string, a args) any { return strings.TrimSuffix(s, f.textArg(a, 0)) }),
	"replace": onText(func(f *frame, s string, a args) any {
		return f.replaced(s, f.textArg(a, 0), f.textArg(a, 1), a.int(f, 2, "count", -1))
	}),
	"split":      onText(func(f *frame, s string, a args) any { return f.split(s, a, false) }),
	"rsplit":     onText(func(f *frame, s string, a args) any { return f.split(s, a, true) }),
	"splitlines": onText(splitLines),
}

// listMethods are those of list and tuple that change nothing: the sandbox has
// no others.
var listMethods = map[string]methodFunc{
	"copy": func(f *frame, of any, _ args) any { return list(f.appended(f.iterate(of), nil)) },
	"count": func(f *frame, of any, a args) any {
		n := int64(0)
		for _, v := range f.iterate(of) {
			if f.equal(v, a.get(0, "")) {
				n++
			}
		}
		return n
	},
	"index": func(f *frame, of any, a args) any {
		for i, v := range f.iterate(of) {
			if f.equal(v, a.get(0, "")) {
				return int64(i)
			}
		}
		f.fail("%s is not in list", f.str(a.get(0, "")))
		return nil
	},
}

// dictMethods are those of dict that change nothing.
var dictMethods = map[string]methodFunc{
	"copy": func(f *frame, of any, _ args) any {
		f.alloc(frameSize)
		out := &Dict{}
		for i, k := range of.(*Dict).keys {
			f.put(out, k, of.(*Dict).values[i])
		}
		return out
	},
	"get": func(f *frame, of any, a args) any {
		if v, ok := f.get(of.(*Dict), f.key(a.get(0, ""))); ok {
			return v
		}
		return a.get(1, "")
	},
	"items":  func(f *frame, of any, _ args) any { return iterator{"dict_items", f.pairs(of.(*Dict))} },
	"keys":   func(_ *frame, of any, _ args) any { return iterator{"dict_keys", of.(*Dict).keys} },
	"values": func(_ *frame, of any, _ args) any { return iterator{"dict_values", of.(*Dict).values} },
}

// textArg is argument i, which must be a string.
func (f *frame) textArg(a args, i int) string {
	if i >= len(a.pos) {
		f.fail("a method wants argument %d, a string", i+1)
	}
	s, ok := asText(a.pos[i])
	if !ok {
		f.need(a.pos[i])
		f.fail("a method wants a string, not '%s'", typeName(a.pos[i]))
	}
	f.scan(len(s))
	return s
}

// window is the part of s between arguments i and i+1, positions as in a slice.
func (f *frame) window(s string, a args, i int) string {
	if len(a.pos) <= i {
		return s
	}
	return f.cutText(s, bounds{a.int(f, i, "", 0), a.int(f, i+1, "", 0), 1, a.pos[i] != nil, len(a.pos) > i+1})
}

// affix tests for the first argument, or one of a tuple of them.
func (f *frame) affix(s string, a args, has func(s, part string) bool) bool {
	if len(a.pos) > 0 {
		if options, ok := a.pos[0].(tuple); ok {
			for _, o := range options {
				f.spend(1)
				if has(s, f.textArg(args{pos: []any{o}}, 0)) {
					return true
				}
			}
			return false
		}
	}
	return has(s, f.textArg(a, 0))
}

// find is a position in characters, -1 where there is none.
func find(s, part string, index func(s, part string) int) int64 {
	i := index(s, part)
	if i < 0 {
		return -1
	}
	return int64(utf8.RuneCountInString(s[:i]))
}

func (f *frame) found(i int64) int64 {
	if i < 0 {
		f.fail("substring not found")
	}
	return i
}

func (f *frame) separator(a args) string {
	s := f.textArg(a, 0)
	if s == "" {
		f.fail("empty separator")
	}
	return s
}

func partition(s, sep string, last bool) tuple {
	if last {
		if i := strings.LastIndex(s, sep); i >= 0 {
			return tuple{s[:i], sep, s[i+len(sep):]}
		}
		return tuple{"", "", s}
	}
	if before, after, ok := strings.Cut(s, sep); ok {
		return tuple{before, sep, after}
	}
	return tuple{s, "", ""}
}

// strip takes white space away, or the characters of chars if that is a string.
func (f *frame) strip(s string, chars any, left, right bool) string {
	drop := isSpace
	if chars != nil {
		set, ok := asText(chars)
		if !ok {
			f.fail("strip arg must be None or str")
		}
		drop = f.runeSet(set)
	}
	before := len(s)
	if left {
		s = strings.TrimLeftFunc(s, drop)
	}
	if right {
		s = strings.TrimRightFunc(s, drop)
	}
	f.scan(before - len(s))
	return s
}

// runeSet is whether a character is one of those of chars.
func (f *frame) runeSet(chars string) func(rune) bool {
	f.scan(len(chars))
	var low [utf8.RuneSelf]bool
	var high map[rune]bool
	for _, r := range chars {
		if r < utf8.RuneSelf {
			low[r] = true
		} else if !high[r] {
			if high == nil {
				high = map[rune]bool{}
			}
			f.alloc(slotSize)
			high[r] = true
		}
	}
	return func(r rune) bool { return r >= 0 && r < utf8.RuneSelf && low[r] || high[r] }
}

// split is split and rsplit, at white space or at a string, at most so often.
func (f *frame) split(s string, a args, fromRight bool) any {
	most := a.int(f, 1, "maxsplit", -1)
	if most < 0 {
		most = math.MaxInt64
	}
	sep := a.get(0, "sep")
	by := ""
	if sep != nil {
		by = f.separator(args{pos: []any{sep}})
	}
	f.scan(len(s))
	out := list{}
	add := func(part string) {
		f.slots(2) // lists grow
		out = append(out, part)
	}
	switch {
	case sep == nil && fromRight:
		splitSpaceRight(s, most, add)
	case sep == nil:
		splitSpace(s, most, add)
	case fromRight:
		for i := strings.LastIndex(s, by); i >= 0 && int64(len(out)) < most; i = strings.LastIndex(s, by) {
			add(s[i+len(by):])
			s = s[:i]
		}
		add(s)
	default:
		for i := strings.Index(s, by); i >= 0 && int64(len(out)) < most; i = strings.Index(s, by) {
			add(s[:i])
			s = s[i+len(by):]
		}
		add(s)
	}
	if fromRight {
		slices.Reverse(out)
	}
	return out
}

func splitSpace(s string, most int64, add func(string)) {
	for s = strings.TrimLeftFunc(s, isSpace); s != ""; s = strings.TrimLeftFunc(s, isSpace) {
		i := strings.IndexFunc(s, isSpace)
		if most == 0 || i < 0 {
			add(s)
			return
		}
		add(s[:i])
		s = s[i:]
		most--
	}
}

func splitSpaceRight(s string, most int64, add func(string)) {
	for s = strings.TrimRightFunc(s, isSpace); s != ""; s = strings.TrimRightFunc(s, isSpace) {
		i := strings.LastIndexFunc(s, isSpace)
		if most == 0 || i < 0 {
			add(s)
			return
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		add(s[i+n:])
		s = s[:i]
		most--
	}
}

func splitLines(f *frame, s string, a args) any {
	keep := a.bool(f, 0, "keepends", false)
	out := list{}
	for s != "" {
		f.slots(2) // lists grow
		i := strings.IndexFunc(s, func(r rune) bool {
			return r >= '\n' && r <= '\r' || r >= 0x1c && r <= 0x1e || r == 0x85 || r == 0x2028 || r == 0x2029
		})
		if i < 0 {
			return append(out, s)
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		if strings.HasPrefix(s[i:], "\r\n") {
			n = 2
		}
		if keep {
			out = append(out, s[:i+n])
		} else {
			out = append(out, s[:i])
		}
		s = s[i+n:]
	}
	return out
}

func joinStrings(f *frame, s string, a args) any {
	if len(a.pos) != 1 {
		f.fail("join wants one argument")
	}
	b := f.buffer()
	for i, v := range f.iterate(a.pos[0]) {
		f.spend(1)
		if i > 0 {
			b.write(s)
		}
		t, ok := asText(v)
		if !ok {
			f.fail("sequence item %d: expected str instance, %s found", i, typeName(v))
		}
		b.write(t)
	}
	return b.String()
}
