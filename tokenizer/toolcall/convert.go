package toolcall

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// converted is a complete value as JSON: of the parameter's type if the text is
// one, otherwise a string.
func (p param) converted(text string) string {
	trimmed := strings.Trim(text, space)
	if p.nullable && (text == "null" || p.kind != kindString && (trimmed == "null" || trimmed == "None")) {
		return "null"
	}
	switch p.kind {
	case kindInteger, kindNumber:
		if n, ok := number(trimmed, p.kind == kindInteger); ok {
			return n
		}
	case kindBool:
		switch strings.ToLower(trimmed) {
		case "true", "false":
			return strings.ToLower(trimmed)
		}
	case kindObject, kindArray:
		open := map[kind]string{kindObject: "{", kindArray: "["}[p.kind]
		if !strings.HasPrefix(trimmed, open) {
			break
		}
		if json.Valid([]byte(trimmed)) {
			return trimmed
		}
		r := &rewriter{}
		for i := 0; i < len(trimmed) && r.take(trimmed[i]); i++ {
		}
		r.finish()
		return string(r.out)
	}
	return quoted(text)
}

// number is text as a JSON number. Models write 3.0 for an integer, and some what
// JSON does not allow, such as +3 and .5.
func number(text string, whole bool) (string, bool) {
	if isNumber(text) && (!whole || !strings.ContainsAny(text, ".eE")) {
		return text, true
	}
	if text == "" || strings.Trim(text, "+-.0123456789eE") != "" {
		return "", false
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(x, 0) {
		return "", false
	}
	if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
		return strconv.FormatInt(int64(x), 10), true
	}
	if isNumber(text) {
		return text, true
	}
	return strconv.FormatFloat(x, 'g', -1, 64), true
}

// isNumber is whether text is a number as JSON has them.
func isNumber(text string) bool {
	return text != "" && (text[0] == '-' || text[0] >= '0' && text[0] <= '9') && json.Valid([]byte(text))
}

// quoted is a JSON string.
func quoted(s string) string { return `"` + string(appendEscaped(nil, s)) + `"` }

// appendEscaped adds s as it stands inside of a JSON string.
func appendEscaped(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, `\u00`...)
			b = append(b, hex[c>>4], hex[c&15])
		}
	}
	return append(b, s[from:]...)
}
