package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Object reads the fields of a JSON object, keys as they are written. The first
// error is kept, and what is read after it means nothing. null is as good as a
// field that is not there.
type Object struct {
	Err *Error

	m    map[string]json.RawMessage
	at   string // what stands before a field's name in errors
	live bool   // of a request to a server
}

// ReadObject reads a JSON object. What it says of bytes that are none begins with
// what: "the line", "body".
func ReadObject(data []byte, what string) (*Object, *Error) {
	if data = bytes.TrimSpace(data); len(data) == 0 || data[0] != '{' {
		return nil, errorf(CodeJSON, "%s is %s, want a JSON object", what, kindOf(data))
	}
	o := &Object{}
	err := json.Unmarshal(data, &o.m)
	var s *json.SyntaxError
	if errors.As(err, &s) {
		return nil, errorf(CodeJSON, "no JSON at byte %d of %s: %v", s.Offset, what, s)
	}
	if err != nil {
		return nil, errorf(CodeJSON, "%s: %v", what, err)
	}
	// Names that are not known are compared with all that are, so there is a bound.
	if len(o.m) > maxFields {
		return nil, errorf(CodeValue, "%s has %d fields, want at most %d", what, len(o.m), maxFields)
	}
	return o, nil
}

// maxFields is how many fields an object may have.
const maxFields = 1000

// kindOf names a JSON value by its first byte.
func kindOf(b []byte) string {
	if len(b) == 0 {
		return "nothing"
	}
	switch c := b[0]; {
	case c == '{':
		return "an object"
	case c == '[':
		return "a list"
	case c == '"':
		return "a string"
	case c == 't' || c == 'f':
		return "a bool"
	case c == 'n':
		return "null"
	case c == '-' || c >= '0' && c <= '9':
		return "a number"
	}
	return "no JSON"
}

// Fail notes an error that begins with a field's name.
func (o *Object) Fail(code, format string, args ...any) {
	if o.Err == nil {
		o.Err = errorf(code, "%s", o.at+fmt.Sprintf(format, args...))
	}
}

// Get gives the bytes of a field without the white space around it.
func (o *Object) Get(name string) (json.RawMessage, bool) {
	raw, ok := o.m[name]
	return raw, ok && string(raw) != "null"
}

// Has tells whether a field is there.
func (o *Object) Has(name string) bool {
	_, ok := o.Get(name)
	return ok
}

// Missing fails if a field is not there, and tells whether anything failed.
func (o *Object) Missing(name string, ok bool) bool {
	if !ok {
		o.Fail(CodeMissing, "%s is missing", name)
	}
	return o.Err != nil
}

// wrong fails with what was found and what was wanted.
func (o *Object) wrong(name string, raw json.RawMessage, want string) {
	o.Fail(CodeValue, "%s is %s, want %s", name, Shortened(string(raw)), want)
}

// Shortened keeps an error on one screen.
func Shortened(s string) string {
	const most = 60
	if r := []rune(s[:min(len(s), 4*most)]); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// Quoted is a client's text as messages show it: short, and escaped.
func Quoted(s string) string { return strconv.Quote(Shortened(s)) }

// Text reads a string.
func (o *Object) Text(name string) (string, bool) {
	raw, ok := o.Get(name)
	if !ok {
		return "", false
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		o.wrong(name, raw, "a string")
	}
	return s, true
}

// flag reads a bool, nil if it is not there.
func (o *Object) flag(name string) *bool {
	raw, ok := o.Get(name)
	if !ok {
		return nil
	}
	var b bool
	if json.Unmarshal(raw, &b) != nil {
		o.wrong(name, raw, "true or false")
	}
	return &b
}

// number reads a number of a range, nil if it is not there.
func (o *Object) number(name string, from, to float64) *float64 {
	raw, ok := o.Get(name)
	if !ok {
		return nil
	}
	var v float64
	if json.Unmarshal(raw, &v) != nil || v < from || v > to {
		o.wrong(name, raw, fmt.Sprintf("a number from %v to %v", from, to))
	}
	return &v
}

// whole reads a whole number of a range, nil if it is not there. One that is
// written as a float, 6.0 or 1e3, is as good: tools that keep numbers in tables of
// floats write them so.
func (o *Object) whole(name string, from, to int64) *int64 {
	raw, ok := o.Get(name)
	if !ok {
		return nil
	}
	v, ok := Whole(raw)
	if !ok || v < from || v > to {
		want := fmt.Sprintf("a whole number from %d to %d", from, to)
		if to == math.MaxInt64 {
			want = "a whole number of 64 bits"
		}
		o.wrong(name, raw, want)
	}
	return &v
}

// Whole is the whole number that a JSON value is, written as an integer or as a
// float.
func Whole(raw json.RawMessage) (int64, bool) {
	if kindOf(raw) != "a number" {
		return 0, false
	}
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return n, true
	}
	const exact = 1 << 53 // beyond it a float does not tell neighbours apart
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > exact || !strings.ContainsAny(string(raw), ".eE") {
		return 0, false
	}
	return int64(f), true
}

// object reads the object that a field is. Its errors are not yet those of o.
func (o *Object) object(name string, raw json.RawMessage) *Object {
	v := &Object{at: o.at + name + "."}
	if json.Unmarshal(raw, &v.m) != nil {
		o.wrong(name, raw, "an object")
	}
	return v
}

// texts reads a string or a list of strings.
func (o *Object) texts(name string) []string {
	raw, ok := o.Get(name)
	if !ok {
		return nil
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}
	}
	var list []*string
	bad := json.Unmarshal(raw, &list) != nil
	var out []string
	for _, s := range list {
		if bad = bad || s == nil; bad {
			break
		}
		out = append(out, *s)
	}
	if bad {
		o.wrong(name, raw, "a string or a list of strings")
		return nil
	}
	return out
}

// ids reads a list of token ids.
func (o *Object) ids(name string, raw json.RawMessage) []int32 {
	var list []json.RawMessage
	bad := json.Unmarshal(raw, &list) != nil
	ids := make([]int32, 0, len(list))
	for _, r := range list {
		n, ok := Whole(r)
		if bad = bad || !ok || n < math.MinInt32 || n > math.MaxInt32; bad {
			break
		}
		ids = append(ids, int32(n))
	}
	if bad {
		o.wrong(name, raw, "a list of token ids")
		return nil
	}
	return ids
}

// Only fails on fields that are not among names but are known fields of a body, or
// look like a misspelt one of names. in is the field where a body has its place.
func (o *Object) Only(in string, names ...string) {
	for _, name := range slices.Sorted(maps.Keys(o.m)) {
		if slices.Contains(names, name) || harmless[name] {
			continue
		}
		raw, ok := o.Get(name)
		f, known := fields[name]
		if !ok || known && f.takes(raw) {
			continue
		}
		if known {
			o.Fail(CodeUnsupported, "%s stands beside %s: put it into %s", name, in, in)
		} else if n := nearest(name, names); n != "" {
			o.Fail(CodeUnknown, "%s is not a known field, the nearest is %q", Shortened(name), n)
		}
	}
}
