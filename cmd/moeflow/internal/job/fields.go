package job

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// fields reads the fields of an object. The first error is kept, and what comes
// after it means nothing. null is as good as not there.
type fields struct {
	m   map[string]json.RawMessage
	at  string // what stands before a field's name in errors
	err *LineError
}

func (f *fields) fail(code, format string, args ...any) {
	if f.err == nil {
		f.err = lineErrorf(code, "%s", f.at+fmt.Sprintf(format, args...))
	}
}

// get gives the bytes of a field without the white space around it.
func (f *fields) get(name string) (json.RawMessage, bool) {
	raw, ok := f.m[name]
	return raw, ok && string(raw) != "null"
}

// missing fails if a field is not there, and tells whether anything failed.
func (f *fields) missing(name string, ok bool) bool {
	if !ok {
		f.fail(codeMissing, "%s is missing", name)
	}
	return f.err != nil
}

// wrong fails with what was found and what was wanted.
func (f *fields) wrong(name string, raw json.RawMessage, want string) {
	f.fail(codeValue, "%s is %s, want %s", name, shortened(string(raw)), want)
}

// shortened keeps an error on one screen.
func shortened(s string) string {
	const most = 60
	if r := []rune(s[:min(len(s), 4*most)]); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func quoted(s string) string { return strconv.Quote(shortened(s)) }

func (f *fields) text(name string) (string, bool) {
	raw, ok := f.get(name)
	if !ok {
		return "", false
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		f.wrong(name, raw, "a string")
	}
	return s, true
}

// flag reads a bool, nil if it is not there.
func (f *fields) flag(name string) *bool {
	raw, ok := f.get(name)
	if !ok {
		return nil
	}
	var b bool
	if json.Unmarshal(raw, &b) != nil {
		f.wrong(name, raw, "true or false")
	}
	return &b
}

// number reads a number of a range, nil if it is not there.
func (f *fields) number(name string, from, to float64) *float64 {
	raw, ok := f.get(name)
	if !ok {
		return nil
	}
	var v float64
	if json.Unmarshal(raw, &v) != nil || v < from || v > to {
		f.wrong(name, raw, fmt.Sprintf("a number from %v to %v", from, to))
	}
	return &v
}

// whole reads a whole number of a range, nil if it is not there.
func (f *fields) whole(name string, from, to int64) *int64 {
	raw, ok := f.get(name)
	if !ok {
		return nil
	}
	var v int64
	if json.Unmarshal(raw, &v) != nil || v < from || v > to {
		want := fmt.Sprintf("a whole number from %d to %d", from, to)
		if to == math.MaxInt64 {
			want = "a whole number of 64 bits"
		}
		f.wrong(name, raw, want)
	}
	return &v
}

// customID reads the name of a prompt: a string, or a whole number, which is
// taken as written.
func (f *fields) customID(name string, needed bool) string {
	raw, ok := f.get(name)
	if !ok {
		if needed {
			f.missing(name, false)
		}
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		var n int64
		if json.Unmarshal(raw, &n) != nil {
			f.wrong(name, raw, "a string")
			return ""
		}
		s = strconv.FormatInt(n, 10)
	}
	if s == "" || len(s) > maxCustomID {
		f.fail(codeValue, "%s has %d bytes, want 1 to %d", name, len(s), maxCustomID)
		return ""
	}
	return s
}
