package job

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// maxCustomID is how many bytes a custom_id may have: results stay readable, and
// a line of them cannot be made of nothing else.
const maxCustomID = 1024

// Parse reads a line of a format other than Auto. The prompt keeps nothing of
// line's memory. Lines of plain text get the custom_id "line-N".
func Parse(format Format, line Line) (*Prompt, *LineError) {
	if line.TooLong {
		return nil, lineErrorf(codeLong, "the line has more than %d bytes", MaxLine)
	}
	if at := invalidUTF8(line.Text); at >= 0 {
		return nil, lineErrorf(codeEncoding, "byte %d of the line is not UTF-8", at+1)
	}
	if format == Text {
		return &Prompt{CustomID: lineID(line.Number), Text: string(line.Text), LogProbs: -1}, nil
	}
	f, err := object(line.Text)
	if err != nil {
		return nil, lineErrorf(codeJSON, "%v", err)
	}
	p := &Prompt{LogProbs: -1}
	top := &fields{m: f}
	if format == OpenAI {
		p.CustomID = top.customID("custom_id", true)
		top.request(p)
	} else {
		if p.CustomID = top.customID("id", false); p.CustomID == "" {
			p.CustomID = lineID(line.Number)
		}
		top.prompt(p)
		top.sampling(p, false)
	}
	if top.err != nil {
		top.err.CustomID = p.CustomID
		return nil, top.err
	}
	return p, nil
}

func lineID(n int) string { return "line-" + strconv.Itoa(n) }

func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// object reads a JSON object, keys as they are written.
func object(b []byte) (map[string]json.RawMessage, error) {
	if b = bytes.TrimSpace(b); len(b) == 0 || b[0] != '{' {
		return nil, fmt.Errorf("the line is %s, want a JSON object", kindOf(b))
	}
	var m map[string]json.RawMessage
	err := json.Unmarshal(b, &m)
	var s *json.SyntaxError
	if errors.As(err, &s) {
		return nil, fmt.Errorf("no JSON at byte %d of the line: %v", s.Offset, s)
	}
	return m, err
}

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

// request reads a request of OpenAI's batch format.
func (f *fields) request(p *Prompt) {
	if m, ok := f.text("method"); f.missing("method", ok) || m != "POST" {
		f.fail(codeMethod, "method is %q, want \"POST\"", m)
		return
	}
	url, ok := f.text("url")
	if f.missing("url", ok) {
		return
	}
	switch url {
	case "/v1/chat/completions":
		p.Chat = true
	case "/v1/completions":
	default:
		f.fail(codeURL, `url is %s, want "/v1/chat/completions" or "/v1/completions"`, quoted(url))
		return
	}
	raw, ok := f.get("body")
	if f.missing("body", ok) {
		return
	}
	if kindOf(raw) != "an object" {
		f.fail(codeValue, "body is %s, want an object", kindOf(raw))
		return
	}
	m, err := object(raw)
	if err != nil {
		f.fail(codeJSON, "body: %v", err)
		return
	}
	body := &fields{m: m, at: "body."}
	body.refuse()
	if p.Chat {
		body.messages(p)
	} else {
		body.prompt(p)
	}
	body.sampling(p, p.Chat)
	if f.err == nil {
		f.err = body.err
	}
}
