package jinja

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
)

// str is Python's str(v): what printing a value shows.
func (r *run) str(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case markup:
		return string(v)
	case undefined:
		return ""
	}
	b := r.buffer()
	r.repr(b, v)
	return b.String()
}

// repr writes Python's repr(v).
func (r *run) repr(b *buffer, v any) {
	r.down()
	defer r.up()
	switch v := v.(type) {
	case nil:
		b.write("None")
	case bool:
		b.write(map[bool]string{true: "True", false: "False"}[v])
	case int64:
		b.write(strconv.FormatInt(v, 10))
	case *big.Int:
		r.digits(v)
		b.write(v.String())
	case float64:
		b.write(formatFloat(v))
	case string:
		r.quote(b, v)
	case markup:
		b.write("Markup(")
		r.quote(b, string(v))
		b.write(")")
	case undefined:
		b.write("Undefined")
	case list:
		r.reprList(b, "[", v, "]")
	case tuple:
		end := ")"
		if len(v) == 1 {
			end = ",)"
		}
		r.reprList(b, "(", v, end)
	case iterator:
		if v.kind == "generator" {
			b.write("<generator object>")
			break
		}
		r.reprList(b, v.kind+"([", v.items, "])")
	case *Dict:
		r.reprDict(b, v)
	case *namespace:
		b.write("<Namespace ")
		r.reprDict(b, v.vars)
		b.write(">")
	case *loopState:
		b.write(fmt.Sprintf("<LoopContext %d/%d>", v.index0+1, v.length()))
	case *closure:
		b.write("<Macro " + quote(v.name) + ">")
	case method:
		b.write("<built-in method " + v.name + " of " + typeName(v.of) + " object>")
	default:
		b.write("<function>")
	}
}

func (r *run) reprList(b *buffer, open string, items []any, end string) {
	b.write(open)
	for i, item := range items {
		if i > 0 {
			b.write(", ")
		}
		r.repr(b, item)
	}
	b.write(end)
}

func (r *run) reprDict(b *buffer, d *Dict) {
	b.write("{")
	for i, k := range d.keys {
		if i > 0 {
			b.write(", ")
		}
		r.repr(b, k)
		b.write(": ")
		r.repr(b, d.values[i])
	}
	b.write("}")
}

// quote writes a string as Python's repr does.
func (r *run) quote(b *buffer, s string) {
	r.scan(len(s))
	b.reserve(len(s) + 2)
	quoteTo(s, b.write, b.char)
}

// quote is Python's repr of a short string.
func quote(s string) string {
	var b strings.Builder
	quoteTo(s, func(s string) { b.WriteString(s) }, func(r rune) { b.WriteRune(r) })
	return b.String()
}

// quoteTo writes s in single quotes unless it has those and no double ones.
func quoteTo(s string, write func(string), char func(rune)) {
	q := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	char(q)
	for _, c := range s {
		switch {
		case c == q || c == '\\':
			char('\\')
			char(c)
		case c == '\n':
			write(`\n`)
		case c == '\r':
			write(`\r`)
		case c == '\t':
			write(`\t`)
		case c < ' ' || c == 0x7f || c > 0x7f && c < 0x100 && !unicode.IsPrint(c):
			write(fmt.Sprintf(`\x%02x`, c))
		case c > 0xffff && !unicode.IsPrint(c):
			write(fmt.Sprintf(`\U%08x`, c))
		case c > 0xff && !unicode.IsPrint(c):
			write(fmt.Sprintf(`\u%04x`, c))
		default:
			char(c)
		}
	}
	char(q)
}

// jsonStyle is how json.dumps is asked to write.
type jsonStyle struct {
	ascii  bool
	sorted bool
	indent string // of one level, as many times as times says
	times  int
	lines  bool
	comma  string
	colon  string
}

// json writes a value as Python's json.dumps does.
func (r *run) json(b *buffer, v any, s jsonStyle, depth int) {
	r.down()
	defer r.up()
	switch v := v.(type) {
	case nil:
		b.write("null")
	case bool:
		b.write(strconv.FormatBool(v))
	case int64, *big.Int:
		r.repr(b, v)
	case float64:
		b.write(jsonFloat(v))
	case string:
		r.jsonString(b, v, s.ascii)
	case markup:
		r.jsonString(b, string(v), s.ascii)
	case list:
		r.jsonItems(b, s, depth, "[]", len(v), func(i int) { r.json(b, v[i], s, depth+1) })
	case tuple:
		r.jsonItems(b, s, depth, "[]", len(v), func(i int) { r.json(b, v[i], s, depth+1) })
	case *Dict:
		if s.sorted {
			v = r.sortedDict(v)
		}
		r.jsonItems(b, s, depth, "{}", v.Len(), func(i int) {
			r.jsonString(b, r.jsonKey(v.keys[i]), s.ascii)
			b.write(s.colon)
			r.json(b, v.values[i], s, depth+1)
		})
	default:
		r.fail("Object of type %s is not JSON serializable", typeName(v))
	}
}

func (r *run) jsonItems(b *buffer, s jsonStyle, depth int, brackets string, n int, write func(int)) {
	b.write(brackets[:1])
	for i := range n {
		if i > 0 {
			b.write(s.comma)
		}
		if s.lines {
			b.write("\n")
			b.repeat(s.indent, times(s.times, depth+1))
		}
		write(i)
	}
	if s.lines && n > 0 {
		b.write("\n")
		b.repeat(s.indent, times(s.times, depth))
	}
	b.write(brackets[1:])
}

func (r *run) jsonKey(k any) string {
	switch k := k.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(k)
	case float64:
		return jsonFloat(k)
	}
	return r.str(k)
}

func (r *run) sortedDict(d *Dict) *Dict {
	keys := r.sorted(d.keys, func(k any) any { return k }, false)
	out := &Dict{}
	for _, k := range keys {
		v, _ := r.get(d, k)
		r.put(out, k, v)
	}
	return out
}

func jsonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return formatFloat(f)
}

var jsonEscapes = map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}

func (r *run) jsonString(b *buffer, s string, ascii bool) {
	r.scan(len(s))
	b.reserve(len(s) + 2)
	b.char('"')
	for _, c := range s {
		switch {
		case jsonEscapes[c] != "":
			b.write(jsonEscapes[c])
		case c < ' ' || ascii && c > '~' && c <= 0xffff:
			b.write(fmt.Sprintf(`\u%04x`, c))
		case ascii && c > 0xffff:
			c -= 0x10000
			b.write(fmt.Sprintf(`\u%04x\u%04x`, 0xd800+c>>10, 0xdc00+c&0x3ff))
		default:
			b.char(c)
		}
	}
	b.char('"')
}

// DecodeJSON reads one JSON value for use in a template: objects become *Dict
// and keep the order of their keys, integers keep all their digits. Text that is
// not exactly one value, or is nested more than 10,000 deep, is an error.
func DecodeJSON(data []byte) (any, error) {
	// The decoder reads token by token for the order's sake, and so knows no
	// limit of depth and does not look past the value: this pass does both.
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, fmt.Errorf("JSON: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return decodeValue(d)
}

// decodeValue reads the next value of text that DecodeJSON has checked.
func decodeValue(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Number:
		return number(string(t)), nil
	case json.Delim:
		if t == '[' {
			out := list{}
			for d.More() {
				v, err := decodeValue(d)
				if err != nil {
					return nil, err
				}
				out = append(out, v)
			}
			_, err := d.Token()
			return out, err
		}
		out := &Dict{}
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := decodeValue(d)
			if err != nil {
				return nil, err
			}
			out.Set(k, v)
		}
		_, err := d.Token()
		return out, err
	default:
		return t, nil
	}
}
