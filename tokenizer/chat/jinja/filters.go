package jinja

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type filter = func(f *frame, v any, a args) any

// filters is every filter by name.
var filters = map[string]filter{
	"abs":        filterAbs,
	"attr":       func(f *frame, v any, a args) any { return f.attrOnly(v, a.text(f, 0, "name", "")) },
	"batch":      filterBatch,
	"capitalize": onStr(capitalize),
	"center":     func(f *frame, v any, a args) any { return f.pad(f.str(v), a.int(f, 0, "width", 80), ' ', 0) },
	"count":      filterLength,
	"d":          filterDefault,
	"default":    filterDefault,
	"dictsort":   filterDictsort,
	"e":          filterEscape,
	"escape":     filterEscape,
	"first":      filterFirst,
	"float":      filterFloat,
	"format":     func(f *frame, v any, a args) any { return f.printf(f.str(v), tuple(a.pos), false) },
	"groupby":    filterGroupby,
	"indent":     filterIndent,
	"int":        filterInt,
	"items":      filterItems,
	"join":       filterJoin,
	"last":       filterLast,
	"length":     filterLength,
	"list":       func(f *frame, v any, _ args) any { return list(f.appended(f.iterate(v), nil)) },
	"lower":      onStr(lower),
	"map":        filterMap,
	"max":        func(f *frame, v any, a args) any { return f.extreme(v, a, 1) },
	"min":        func(f *frame, v any, a args) any { return f.extreme(v, a, -1) },
	"reject":     func(f *frame, v any, a args) any { return f.choose(v, a, false, false) },
	"rejectattr": func(f *frame, v any, a args) any { return f.choose(v, a, true, false) },
	"replace":    filterReplace,
	"reverse":    filterReverse,
	"round":      filterRound,
	"safe":       func(f *frame, v any, _ args) any { return markup(f.str(v)) },
	"select":     func(f *frame, v any, a args) any { return f.choose(v, a, false, true) },
	"selectattr": func(f *frame, v any, a args) any { return f.choose(v, a, true, true) },
	"sort":       filterSort,
	"string":     filterString,
	"sum":        filterSum,
	"title":      onStr(titled),
	"tojson":     filterJSON,
	"trim":       func(f *frame, v any, a args) any { return f.strip(f.str(v), a.get(0, "chars"), true, true) },
	"unique":     filterUnique,
	"upper":      onStr(upper),
	"wordcount":  filterWordcount,
}

// onStr makes a filter of a change of letters.
func onStr(fn func(string) string) filter {
	return func(f *frame, v any, _ args) any {
		s := f.str(v)
		f.cased(s)
		return fn(s)
	}
}

// cased counts a change of case, which can make letters longer.
func (r *run) cased(s string) { r.text(times(len(s), 3)) }

// get is the argument at a position or with a name; nil where it is not given.
func (a args) get(i int, name string) any {
	if i < len(a.pos) {
		return a.pos[i]
	}
	return a.named[name]
}

func (a args) has(i int, name string) bool {
	_, ok := a.named[name]
	return ok || i < len(a.pos)
}

func (a args) text(f *frame, i int, name, absent string) string {
	if !a.has(i, name) {
		return absent
	}
	return f.str(a.get(i, name))
}

func (a args) int(f *frame, i int, name string, absent int64) int64 {
	if !a.has(i, name) {
		return absent
	}
	n, _ := numeric(a.get(i, name))
	v, ok := n.(int64)
	if !ok {
		f.fail("argument %s is %s, wanted an integer", name, typeName(a.get(i, name)))
	}
	return v
}

func (a args) bool(f *frame, i int, name string, absent bool) bool {
	if !a.has(i, name) {
		return absent
	}
	return f.truth(a.get(i, name))
}

func filterAbs(f *frame, v any, _ args) any {
	n, ok := numeric(f.need(v))
	if !ok {
		f.fail("bad operand type for abs(): '%s'", typeName(v))
	}
	if x, ok := n.(float64); ok {
		return math.Abs(x)
	}
	if toBig(n).Sign() < 0 {
		return f.arithmetic("-", int64(0), n)
	}
	return n
}

func (f *frame) attrOnly(v any, name string) any {
	f.skim(len(name))
	if member, ok := attributeOf(v, name); ok {
		return member
	}
	return missing(v, name)
}

func filterDefault(f *frame, v any, a args) any {
	_, none := v.(undefined)
	if none || a.bool(f, 1, "boolean", false) && !f.truth(v) {
		if a.has(0, "default_value") {
			return a.get(0, "default_value")
		}
		return ""
	}
	return v
}

func filterEscape(f *frame, v any, _ args) any {
	if m, ok := v.(markup); ok {
		return m
	}
	return markup(f.escaped(f.str(v)))
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

// escaped makes a text safe in HTML.
func (r *run) escaped(s string) string {
	grow := 0
	for i := range len(s) {
		switch s[i] {
		case '&', '"', '\'':
			grow += 4
		case '<', '>':
			grow += 3
		}
	}
	r.scan(len(s))
	r.text(len(s) + grow)
	return escaper.Replace(s)
}

func filterString(f *frame, v any, _ args) any {
	if m, ok := v.(markup); ok {
		return m
	}
	return f.str(v)
}

func filterLength(f *frame, v any, _ args) any {
	switch v := v.(type) {
	case undefined:
		return int64(0)
	case string:
		return int64(f.count(v))
	case markup:
		return int64(f.count(string(v)))
	case list:
		return int64(len(v))
	case tuple:
		return int64(len(v))
	case *Dict:
		return int64(v.Len())
	case *loopState:
		return int64(v.length())
	case iterator:
		if v.kind != "generator" {
			return int64(len(v.items))
		}
	}
	f.fail("object of type '%s' has no len()", typeName(v))
	return nil
}

func filterFloat(f *frame, v any, a args) any {
	absent := a.get(0, "default")
	if !a.has(0, "default") {
		absent = 0.0
	}
	if n, ok := numeric(f.need(v)); ok {
		return toFloat(n)
	}
	if s, ok := asText(v); ok {
		f.text(2 * len(s)) // a number that cannot be read is copied into an error
		s = strings.TrimFunc(s, isSpace)
		if x, err := strconv.ParseFloat(s, 64); err == nil && !strings.ContainsAny(s, "xXpP") {
			return x
		}
	}
	return absent
}

func filterInt(f *frame, v any, a args) any {
	absent := a.get(0, "default")
	if !a.has(0, "default") {
		absent = int64(0)
	}
	base := a.int(f, 1, "base", 10)
	switch n, _ := numeric(f.need(v)); n := n.(type) {
	case int64, *big.Int:
		return n
	case float64:
		if math.IsNaN(n) || math.IsInf(n, 0) || math.Abs(n) >= 1<<63 {
			return absent
		}
		return int64(n)
	}
	s, ok := asText(v)
	if !ok {
		return absent
	}
	f.text(times(len(s), 4)) // the same
	s = strings.TrimFunc(s, isSpace)
	if base != 10 {
		prefix := map[int64]string{2: "0b", 8: "0o", 16: "0x"}[base]
		s = strings.TrimPrefix(strings.ToLower(s), prefix)
	}
	if base < 2 || base > 36 {
		return absent
	}
	if i, err := strconv.ParseInt(s, int(base), 64); err == nil {
		return i
	}
	if x, err := strconv.ParseFloat(s, 64); err == nil && math.Abs(x) < 1<<63 {
		return int64(x)
	}
	return absent
}

func filterIndent(f *frame, v any, a args) any {
	with := a.get(0, "width")
	indent, times := " ", 4
	if s, ok := asText(with); ok {
		indent, times = s, 1
	} else if with != nil {
		times = int(max(a.int(f, 0, "width", 4), 0))
	}
	blank := a.bool(f, 2, "blank", false)
	s, ok := asText(f.need(v))
	if !ok {
		f.fail("'%s' object has no attribute 'splitlines'", typeName(v))
	}
	b := f.buffer()
	if a.bool(f, 1, "first", false) {
		b.repeat(indent, times)
	}
	for {
		line, rest, more := strings.Cut(s, "\n")
		b.write(line)
		if !more {
			return b.String()
		}
		f.spend(1)
		b.write("\n")
		if blank || rest != "" && rest[0] != '\n' {
			b.repeat(indent, times)
		}
		s = rest
	}
}

func filterReplace(f *frame, v any, a args) any {
	old, with := a.text(f, 0, "old", ""), a.text(f, 1, "new", "")
	if !a.has(1, "new") {
		f.fail("replace wants two strings")
	}
	return f.replaced(f.str(v), old, with, a.int(f, 2, "count", -1))
}

// replaced counts the size of the result before making it.
func (r *run) replaced(s, old, with string, count int64) string {
	r.scan(len(s))
	n := strings.Count(s, old)
	if count >= 0 {
		n = int(min(int64(n), count))
	}
	if n == 0 {
		return s
	}
	r.text(len(s) + times(n, len(with)))
	return strings.Replace(s, old, with, n)
}

func filterRound(f *frame, v any, a args) any {
	n, ok := numeric(f.need(v))
	if !ok {
		f.fail("type %s doesn't define __round__ method", typeName(v))
	}
	precision := a.int(f, 0, "precision", 0)
	if precision < -300 || precision > 300 {
		f.fail("precision %d is out of range", precision)
	}
	x, scale := toFloat(n), math.Pow(10, float64(precision))
	switch method := a.text(f, 1, "method", "common"); method {
	case "ceil":
		return math.Ceil(x*scale) / scale
	case "floor":
		return math.Floor(x*scale) / scale
	case "common":
		if _, isFloat := n.(float64); !isFloat && precision >= 0 {
			return n
		}
		f.spend(digitsWork)
		if precision >= 0 { // exact, ties to even as far as digits show
			y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'f', int(precision), 64), 64)
			return y
		}
		y := math.RoundToEven(x*scale) / scale
		if _, isFloat := n.(float64); !isFloat {
			return int64(y)
		}
		return y
	default:
		f.fail("method must be common, ceil or floor")
	}
	return nil
}

func filterJSON(f *frame, v any, a args) any {
	s := jsonStyle{ascii: a.bool(f, 0, "ensure_ascii", false), sorted: a.bool(f, 3, "sort_keys", false), comma: ", ", colon: ": "}
	if indent := a.get(1, "indent"); indent != nil {
		s.lines, s.comma, s.times = true, ",", 1
		if t, ok := asText(indent); ok {
			s.indent = t
		} else {
			s.indent, s.times = " ", int(max(a.int(f, 1, "indent", 0), 0))
		}
	}
	if pair := a.get(2, "separators"); pair != nil {
		items := f.iterate(pair)
		if len(items) != 2 {
			f.fail("separators wants two strings")
		}
		s.comma, s.colon = f.str(items[0]), f.str(items[1])
	}
	b := f.buffer()
	f.json(b, v, s, 0)
	return b.String()
}

func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToTitle(r)) + strings.ToLower(s[n:])
}

// titled begins each word with a capital, words being apart at spaces, dashes
// and opening brackets, as the filter title has it.
func titled(s string) string {
	first := true
	return strings.Map(func(r rune) rune {
		to := unicode.ToLower(r)
		if first {
			to = unicode.ToUpper(r)
		}
		first = isSpace(r) || strings.ContainsRune("-({[<", r)
		return to
	}, s)
}

// filterWordcount counts the runs of letters, digits and underscores.
func filterWordcount(f *frame, v any, _ args) any {
	s := f.str(v)
	f.scan(len(s))
	n, inWord := int64(0), false
	for _, r := range s {
		letter := r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r)
		if letter && !inWord {
			n++
		}
		inWord = letter
	}
	return n
}
