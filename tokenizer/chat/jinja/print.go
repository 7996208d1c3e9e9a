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
	"unicode/utf8"
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
	var b strings.Builder
	r.repr(&b, v)
	return b.String()
}

// repr writes Python's repr(v).
func (r *run) repr(b *strings.Builder, v any) {
	r.down()
	defer r.up()
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		b.WriteString(map[bool]string{true: "True", false: "False"}[v])
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case *big.Int:
		b.WriteString(v.String())
	case float64:
		b.WriteString(formatFloat(v))
	case string:
		r.bytes(len(v))
		b.WriteString(quote(v))
	case markup:
		r.bytes(len(v))
		b.WriteString("Markup(" + quote(string(v)) + ")")
	case undefined:
		b.WriteString("Undefined")
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
			b.WriteString("<generator object>")
			break
		}
		r.reprList(b, v.kind+"([", v.items, "])")
	case *Dict:
		r.reprDict(b, v)
	case *namespace:
		b.WriteString("<Namespace ")
		r.reprDict(b, v.vars)
		b.WriteString(">")
	case *loopState:
		fmt.Fprintf(b, "<LoopContext %d/%d>", v.index0+1, v.length())
	case *closure:
		fmt.Fprintf(b, "<Macro %s>", quote(v.name))
	case method:
		fmt.Fprintf(b, "<built-in method %s of %s object>", v.name, typeName(v.of))
	default:
		b.WriteString("<function>")
	}
	r.bytes(b.Len() / 64)
	if b.Len() > maxString {
		r.bytes(b.Len())
	}
}

func (r *run) reprList(b *strings.Builder, open string, items []any, end string) {
	b.WriteString(open)
	for i, item := range items {
		if i > 0 {
			b.WriteString(", ")
		}
		r.repr(b, item)
	}
	b.WriteString(end)
}

func (r *run) reprDict(b *strings.Builder, d *Dict) {
	b.WriteByte('{')
	for i, k := range d.keys {
		if i > 0 {
			b.WriteString(", ")
		}
		r.repr(b, k)
		b.WriteString(": ")
		r.repr(b, d.values[i])
	}
	b.WriteByte('}')
}

// quote is Python's repr of a string: in single quotes unless it has those and
// no double ones.
func quote(s string) string {
	q := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	b := []byte{q}
	for _, c := range s {
		switch {
		case c == rune(q) || c == '\\':
			b = append(b, '\\', byte(c))
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c < ' ' || c == 0x7f || c > 0x7f && c < 0x100 && !unicode.IsPrint(c):
			b = fmt.Appendf(b, `\x%02x`, c)
		case c > 0xffff && !unicode.IsPrint(c):
			b = fmt.Appendf(b, `\U%08x`, c)
		case c > 0xff && !unicode.IsPrint(c):
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = utf8.AppendRune(b, c)
		}
	}
	return string(append(b, q))
}

// jsonStyle is how json.dumps is asked to write.
type jsonStyle struct {
	ascii  bool
	sorted bool
	indent string // of one level; "" is all on one line
	lines  bool
	comma  string
	colon  string
}

// json writes a value as Python's json.dumps does.
func (r *run) json(b *strings.Builder, v any, s jsonStyle, depth int) {
	r.down()
	defer r.up()
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int64, *big.Int:
		r.repr(b, v)
	case float64:
		b.WriteString(jsonFloat(v))
	case string:
		r.bytes(len(v))
		jsonString(b, v, s.ascii)
	case markup:
		r.bytes(len(v))
		jsonString(b, string(v), s.ascii)
	case list:
		r.jsonItems(b, s, depth, "[]", len(v), func(i int) { r.json(b, v[i], s, depth+1) })
	case tuple:
		r.jsonItems(b, s, depth, "[]", len(v), func(i int) { r.json(b, v[i], s, depth+1) })
	case *Dict:
		if s.sorted {
			v = r.sortedDict(v)
		}
		r.jsonItems(b, s, depth, "{}", v.Len(), func(i int) {
			jsonString(b, r.jsonKey(v.keys[i]), s.ascii)
			b.WriteString(s.colon)
			r.json(b, v.values[i], s, depth+1)
		})
	default:
		r.fail("Object of type %s is not JSON serializable", typeName(v))
	}
	if b.Len() > maxString {
		r.bytes(b.Len())
	}
}

func (r *run) jsonItems(b *strings.Builder, s jsonStyle, depth int, brackets string, n int, write func(int)) {
	b.WriteByte(brackets[0])
	for i := range n {
		if i > 0 {
			b.WriteString(s.comma)
		}
		if s.lines {
			r.bytes(64 + len(s.indent)*(depth+1))
			b.WriteString("\n" + strings.Repeat(s.indent, depth+1))
		}
		write(i)
	}
	if s.lines && n > 0 {
		b.WriteString("\n" + strings.Repeat(s.indent, depth))
	}
	b.WriteByte(brackets[1])
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
		v, _ := d.Get(k)
		out.Set(k, v)
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

func jsonString(b *strings.Builder, s string, ascii bool) {
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case jsonEscapes[c] != "":
			b.WriteString(jsonEscapes[c])
		case c < ' ' || ascii && c > '~' && c <= 0xffff:
			fmt.Fprintf(b, `\u%04x`, c)
		case ascii && c > 0xffff:
			c -= 0x10000
			fmt.Fprintf(b, `\u%04x\u%04x`, 0xd800+c>>10, 0xdc00+c&0x3ff)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
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
