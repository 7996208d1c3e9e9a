package job

import (
	"fmt"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/openai"
)

// batchLine wraps a body as a line of OpenAI's batch format.
func batchLine(id, url, body string) string {
	return fmt.Sprintf(`{"custom_id":%q,"method":"POST","url":"/v1/%s","body":%s}`, id, url, body)
}

func TestDetect(t *testing.T) {
	for line, want := range map[string]Format{
		`{"custom_id":"a"}`:                          OpenAI,
		`{"body":{"prompt":"x"}}`:                    OpenAI,
		`{"id":"a","prompt":"say \"custom_id\""}`:    JSONL,
		`{"meta":{"custom_id":1},"prompt":"x"}`:      JSONL,
		`{"prompt":["custom_id"],"id":[{"url":1}]}`:  JSONL,
		`{"id":"a","x":[1,{"a":[]},2],"method":"P"}`: OpenAI,
		`{"prompt":"torn`:                            JSONL,
		`{"custom_id":"a","body":{"mess`:             OpenAI,
		`  {"prompt":"x"}`:                           JSONL,
		`{"messages":[{"custom_id":1}]}`:             JSONL,
		`func main() {`:                              Text,
		`"prompt"`:                                   Text,
		`[1,2]`:                                      Text,
		`{"x":1}`:                                    "",
		`{`:                                          "",
		`{ return x }`:                               "",
	} {
		got, err := Detect([]byte(line))
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v; want %q", line, got, err, want)
		}
	}
}

// TestOtherFiles: what is no lines of UTF-8 is refused by its first bytes, whatever
// the format, with what makes lines of it.
func TestOtherFiles(t *testing.T) {
	for text, want := range map[string]string{
		"\xff\xfe{\x00\"\x00":       "f is UTF-16 text, want lines of UTF-8: convert it with iconv -f UTF-16 -t UTF-8 first",
		"\xfe\xff\x00{\x00\"":       "f is UTF-16 text, want",
		"\xff\xfe\x00\x00{\x00":     "f is UTF-32 text, want",
		"{\x00\"\x00i\x00d\x00":     "f is UTF-16 text, want lines of UTF-8: convert it with iconv -f UTF-16LE",
		"\x00{\x00\"\x00i\x00d":     "f is UTF-16 text, want lines of UTF-8: convert it with iconv -f UTF-16BE",
		"\x1f\x8b\x08\x00abc":       "f is compressed by gzip, want lines of UTF-8: convert it with gunzip first",
		"(\xb5/\xfdxyz":             "f is compressed by zstd, want",
		"BZh91AY&SY":                "f is compressed by bzip2, want",
		"PK\x03\x04abc":             "f is a zip archive, want",
		"\n[{\"id\":\"a\"},\n":      "f is a list of JSON, want one object a line: convert it with jq -c '.[]' first, or say --format text",
		"[\n  {\"id\":\"a\"},\n":    "f is a list of JSON, want",
		"\ufeff[ {\"id\":\"a\"}]\n": "f is a list of JSON, want",
	} {
		for _, f := range Formats() {
			got, err := NewSource("f", strings.NewReader(text)).Format(f)
			if list := strings.Contains(want, "list"); list && f == Text && err == nil {
				continue
			}
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%q as %s: %s, %v, want %s", text, f, got, err, want)
			}
		}
	}
	for text, want := range map[string]Format{"[1, 2]\n": Text, "BZhello\n": Text, "PK\n": Text, "a\x00bc": Text, "[x]": Text} {
		if got, err := NewSource("f", strings.NewReader(text)).Format(Auto); got != want || err != nil {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}

// TestBadLines: each is an error that names what was wrong; its custom_id is
// that of the line if it could be read.
func TestBadLines(t *testing.T) {
	for _, c := range []struct{ line, id, want string }{
		{`{`, "", "invalid_json_line: no JSON at byte 1 of the line"},
		{`{"custom_id":"a"} {}`, "", "invalid_json_line: no JSON at byte 19"},
		{`[]`, "", "invalid_json_line: the line is a list, want a JSON object"},
		{`null`, "", "invalid_json_line: the line is null, want a JSON object"},
		{"{\"custom_id\":\"\xff\"}", "", "invalid_utf8: byte 15 of the line is not UTF-8"},
		{`{"method":"POST"}`, "", "missing_required_parameter: custom_id is missing"},
		{`{"custom_id":null,"method":"POST"}`, "", "missing_required_parameter: custom_id is missing"},
		{`{"custom_id":"","method":"POST"}`, "", "invalid_value: custom_id has 0 bytes, want 1 to 1024"},
		{`{"custom_id":1.5}`, "", "invalid_value: custom_id is 1.5, want a string"},
		{`{"custom_id":"` + strings.Repeat("x", 2000) + `"}`, "", "invalid_value: custom_id has 2000 bytes"},
		{`{"custom-id":"a"}`, "", `unknown_parameter: custom-id is not a known field, the nearest is "custom_id"`},
		{`{"custom_id":"a"}`, "a", "missing_required_parameter: method is missing"},
		{`{"custom_id":"a","method":"GET"}`, "a", `invalid_method: method is "GET", want "POST"`},
		{`{"custom_id":"a","method":"POST"}`, "a", "missing_required_parameter: url is missing"},
		{`{"custom_id":7,"method":"POST","url":"/v1/embeddings"}`, "7", `invalid_url: url is "/v1/embeddings", want "/v1/chat/completions" or`},
		{`{"custom_id":"a","method":"POST","url":"%zz"}`, "a", `invalid_url: url is "%zz", want`},
		{`{"custom_id":"a","method":"POST","url":"/v1/completions"}`, "a", "missing_required_parameter: body is missing"},
		{`{"custom_id":"a","method":"POST","url":"/v1/completions","body":{"prompt":"x"},"max_tokens":3}`, "a", "unsupported_parameter: max_tokens stands beside body: put it into body"},
		{batchLine("a", "completions", `[]`), "a", "invalid_value: body is a list, want a JSON object"},
		{batchLine("a", "completions", `{}`), "a", "missing_required_parameter: body.prompt is missing"},
		{batchLine("a", "completions", `{"prompt":"x","n":2}`), "a", "unsupported_parameter: body.n is 2, which is not supported: leave it out or make it 1"},
		{batchLine("a", "completions", `{"prompt":"x","stream":true}`), "a", "unsupported_parameter: body.stream is true"},
		{batchLine("a", "chat/completions", `{"messages":[{"role":"user"}]}`), "a", "missing_required_parameter: body.messages[0].content is missing"},
	} {
		p, err := Parse(OpenAI, Line{Number: 3, Text: []byte(c.line)})
		if err == nil {
			t.Errorf("%s: read as %+v, want %s", c.line, p, c.want)
			continue
		}
		if !strings.HasPrefix(err.Error(), c.want) || err.CustomID != c.id || len(err.Message) > 400 {
			t.Errorf("%s:\n%q: %v\nwant\n%q: %s", c.line, err.CustomID, err, c.id, c.want)
		}
	}
	for line, want := range map[string]string{
		`{"id":"a","prompt":"x","stream":true}`:    "unsupported_parameter: stream is true",
		`{"id":"a","prompt":"x","max_token":3}`:    `unknown_parameter: max_token is not a known field, the nearest is "max_tokens"`,
		`{"id":"a","prompt":"x","guided_regex":3}`: "unsupported_parameter: guided_regex is 3",
		`{"id":"a","prompt":"x","system":"s"}`:     `unsupported_parameter: system is "s"`,
		`{"id":"a","messages":[]}`:                 "invalid_prompt: messages is empty",
		`{"id":"a","messages":[],"prompt":"x"}`:    "unsupported_parameter: messages is a field of chat/completions, this is a request of completions",
		`{"id":[],"prompt":"x"}`:                   "invalid_value: id is [], want a string",
	} {
		if p, err := Parse(JSONL, Line{Number: 3, Text: []byte(line)}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %+v, %v, want %s", line, p, err, want)
		}
	}
	if _, err := Parse(Text, Line{TooLong: true}); err == nil || err.Code != codeLong {
		t.Errorf("a line that is too long: %v", err)
	}
}

// TestNames: names and urls as files have them, and names of lines without one.
func TestNames(t *testing.T) {
	for line, want := range map[string]string{
		`{"id":"q","prompt":"x","label":"step","source":{"a":1}}`: "q",
		`{"id":12,"prompt":"x"}`:                                  "12",
		`{"id":18.0,"prompt":"x"}`:                                "18",
		`{"prompt":"x"}`:                                          "line-9",
	} {
		if p, err := Parse(JSONL, Line{Number: 9, Text: []byte(line)}); err != nil || p.CustomID != want || p.Text != "x" {
			t.Errorf("%s: %+v, %v", line, p, err)
		}
	}
	for url, want := range map[string]openai.Kind{
		"/v1/chat/completions": openai.Chat, "/chat/completions": openai.Chat, "chat/completions/": openai.Chat,
		"/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21": openai.Chat,
		"https://example.com/v1/chat/completions":                            openai.Chat,
		"/v1/completions": openai.Text, "/completions": openai.Text, "/v2/completions": openai.Text,
	} {
		body := `{"prompt":"x"}`
		if want == openai.Chat {
			body = `{"messages":[{"role":"user","content":"x"}]}`
		}
		line := fmt.Sprintf(`{"custom_id":18.0,"method":"post","url":%q,"body":%s}`, url, body)
		if p, err := Parse(OpenAI, Line{Number: 1, Text: []byte(line)}); err != nil || p.Kind != want || p.CustomID != "18" {
			t.Errorf("%s: %+v, %v", url, p, err)
		}
	}
	if p, err := Parse(Text, Line{Number: 9, Text: []byte(` a {"b"`)}); err != nil || p.CustomID != "line-9" || p.Text != ` a {"b"` {
		t.Errorf("%+v, %v", p, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"id":"a","prompt":"x"}`, "plain", batchLine("a", "completions", `{"prompt":[1,2],"stop":["x"],"logprobs":1}`),
		batchLine("a", "chat/completions", `{"messages":[{"role":"user","content":[{"type":"text","text":"é"}]}],"tools":[{"a":{"b":[1,null]}}]}`)} {
		f.Add([]byte(s), uint8(1))
	}
	s := testSettings(f, OpenAI)
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		format := Formats()[1+int(which)%3]
		if got, err := Detect(data); (got == "") == (err == nil) {
			t.Errorf("detected %q, %v", got, err)
		}
		p, bad := Parse(format, Line{Number: 1, Text: data})
		if (p == nil) == (bad == nil) {
			t.Fatalf("%+v and %v", p, bad)
		}
		if bad == nil {
			var r *Request
			if r, bad = s.request(t.Context(), 1, p); bad == nil {
				if r.MaxTokens < 1 || r.LogProbs < -1 || r.LogProbs > openai.MaxLogProbs {
					t.Errorf("%+v", r)
				}
				return
			}
		}
		b, err := encodeLine(errorLine(bad, record{Line: 1, Input: "00000001", Job: NewIdentity("m", "s")}))
		if err != nil || bad.Code == "" || bad.Message == "" {
			t.Fatalf("%+v: %v", bad, err)
		}
		if r, _, ok := readRecord(b[:len(b)-1]); r.Line != 1 || !ok || strings.Count(string(b), "\n") != 1 {
			t.Errorf("%s is not read back", b)
		}
	})
}
