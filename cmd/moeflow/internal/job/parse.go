package job

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"moeflow/cmd/moeflow/internal/openai"
)

// maxCustomID is how many bytes a custom_id may have: results stay readable, and
// a line of them cannot be made of nothing else.
const maxCustomID = 1024

// Prompt is a line of prompts, read.
type Prompt struct {
	CustomID string
	*openai.Request
}

// LineError is what is wrong with one line: the error of its result.
type LineError struct {
	Code    string // one of openai's codes, or of those below
	Message string // one line
	// CustomID is that of the prompt if it could be read and is its own.
	CustomID string
}

// Codes of errors beside those of package openai. Scripts compare them, so they do
// not change.
const (
	codeEncoding  = "invalid_utf8"
	codeLong      = "line_too_long"
	codeJSON      = "invalid_json_line"
	codeDuplicate = "duplicate_custom_id"
	codeMethod    = "invalid_method"
	codeURL       = "invalid_url"
	codeEngine    = "engine_error" // not the prompt's fault: a resumed job computes it again
)

func (e *LineError) Error() string { return e.Code + ": " + e.Message }

func lineErrorf(code, format string, args ...any) *LineError {
	return &LineError{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Parse reads a line of a format other than Auto. The prompt keeps nothing of
// line's memory. Lines of plain text get the custom_id "line-N".
func Parse(format Format, line Line) (*Prompt, *LineError) {
	if line.TooLong {
		return nil, lineErrorf(codeLong, "the line has more than %d bytes", MaxLine)
	}
	if at := invalidUTF8(line.Text); at >= 0 {
		return nil, lineErrorf(codeEncoding, "byte %d of the line is not UTF-8", at+1)
	}
	p := &Prompt{CustomID: lineID(line.Number)}
	if format == Text {
		p.Request = &openai.Request{Kind: openai.Text, Text: string(line.Text), LogProbs: -1}
		return p, nil
	}
	top, bad := openai.ReadObject(line.Text, "the line")
	if bad != nil {
		if bad.Code == openai.CodeJSON {
			bad.Code = codeJSON
		}
		return nil, &LineError{bad.Code, bad.Message, ""}
	}
	at := ""
	if format == OpenAI {
		at = "body."
		top.Only("body", "custom_id", "method", "url", "body")
		p.CustomID = customID(top, "custom_id")
		top.Missing("custom_id", p.CustomID != "")
		p.Request, bad = request(top)
	} else {
		if id := customID(top, "id"); id != "" {
			p.CustomID = id
		}
		kind := openai.Text
		if top.Has("messages") && !top.Has("prompt") {
			kind = openai.Chat
		}
		p.Request, bad = openai.Parse(kind, top)
	}
	if bad == nil && p.Stream {
		bad = &openai.Error{Code: openai.CodeUnsupported, Message: at + "stream is true, which is not supported: leave it out or make it false"}
	}
	if bad != nil {
		return nil, &LineError{bad.Code, bad.Message, p.CustomID}
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

// customID reads the name of a prompt: a string, or a whole number, which is
// taken as an integer. It is "" if there is none or it is no name.
func customID(o *openai.Object, name string) string {
	raw, ok := o.Get(name)
	if !ok {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		n, whole := openai.Whole(raw)
		if !whole {
			o.Fail(openai.CodeValue, "%s is %s, want a string", name, openai.Shortened(string(raw)))
			return ""
		}
		s = strconv.FormatInt(n, 10)
	}
	if s == "" || len(s) > maxCustomID {
		o.Fail(openai.CodeValue, "%s has %d bytes, want 1 to %d", name, len(s), maxCustomID)
		return ""
	}
	return s
}

// request reads a request of OpenAI's batch format.
func request(o *openai.Object) (*openai.Request, *openai.Error) {
	if m, ok := o.Text("method"); o.Missing("method", ok) || !strings.EqualFold(m, "POST") {
		o.Fail(codeMethod, "method is %s, want \"POST\"", openai.Quoted(m))
		return nil, o.Err
	}
	at, ok := o.Text("url")
	if o.Missing("url", ok) {
		return nil, o.Err
	}
	kind, ok := kindOf(at)
	if !ok {
		o.Fail(codeURL, `url is %s, want "/v1/chat/completions" or "/v1/completions"`, openai.Quoted(at))
		return nil, o.Err
	}
	raw, ok := o.Get("body")
	if o.Missing("body", ok) {
		return nil, o.Err
	}
	body, err := openai.ReadObject(raw, "body")
	if err != nil {
		return nil, &openai.Error{Code: openai.CodeValue, Message: err.Message} // the line itself is JSON
	}
	r, err := openai.Parse(kind, body)
	if err != nil {
		err = &openai.Error{Code: err.Code, Message: "body." + err.Message}
	}
	return r, err
}

// kindOf is the endpoint that a url ends with. The services that take such files
// write it as /v1/chat/completions, /chat/completions, behind the name of a
// deployment, with a query, or with the host.
func kindOf(at string) (openai.Kind, bool) {
	u, err := url.Parse(at)
	if err != nil {
		return 0, false
	}
	switch path := "/" + strings.Trim(u.Path, "/"); {
	case strings.HasSuffix(path, "/chat/completions"):
		return openai.Chat, true
	case strings.HasSuffix(path, "/completions"):
		return openai.Text, true
	}
	return 0, false
}
