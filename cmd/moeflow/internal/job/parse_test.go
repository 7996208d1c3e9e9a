package job

import (
	"fmt"
	"strings"
	"testing"
)

// openai wraps a body as a line of OpenAI's batch format.
func openai(id, url, body string) string {
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
		`func main() {`:                              Text,
		`"prompt"`:                                   Text,
		`[1,2]`:                                      Text,
		`{"x":1}`:                                    "",
		`{`:                                          "",
		`{ return x }`:                               "",
		"\xff\xfe{\x00":                              "",
	} {
		got, err := Detect([]byte(line))
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v; want %q", line, got, err, want)
		}
	}
}

// TestBadLines: each is an error that names what was wrong; its custom_id is
// that of the line if it could be read.
func TestBadLines(t *testing.T) {
	chat := func(body string) string { return openai("a", "chat/completions", body) }
	text := func(body string) string { return openai("a", "completions", body) }
	turn := func(m string) string { return chat(`{"messages":[` + m + `]}`) }
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
		{`{"custom_id":"a"}`, "a", "missing_required_parameter: method is missing"},
		{`{"custom_id":"a","method":"GET"}`, "a", `invalid_method: method is "GET", want "POST"`},
		{`{"custom_id":"a","method":"POST"}`, "a", "missing_required_parameter: url is missing"},
		{`{"custom_id":7,"method":"POST","url":"/v1/embeddings"}`, "7", `invalid_url: url is "/v1/embeddings", want "/v1/chat/completions" or`},
		{`{"custom_id":"a","method":"POST","url":"/v1/completions"}`, "a", "missing_required_parameter: body is missing"},
		{text(`[]`), "a", "invalid_value: body is a list, want an object"},
		{text(`{}`), "a", "missing_required_parameter: body.prompt is missing"},
		{text(`{"messages":[]}`), "a", "missing_required_parameter: body.prompt is missing; messages are for"},
		{text(`{"prompt":""}`), "a", "invalid_prompt: body.prompt is empty"},
		{text(`{"prompt":[]}`), "a", "invalid_prompt: body.prompt is empty"},
		{text(`{"prompt":["a","b"]}`), "a", "unsupported_parameter: body.prompt is a list of 2, want one"},
		{text(`{"prompt":[1,"b"]}`), "a", "invalid_value: body.prompt is [1,\"b\"], want a list of token ids"},
		{text(`{"prompt":[1.5]}`), "a", "invalid_value: body.prompt is [1.5], want a list of token ids"},
		{text(`{"prompt":{"x":1}}`), "a", "invalid_value: body.prompt is {\"x\":1}, want a string or a list of token ids"},
		{text(`{"prompt":"x","n":2}`), "a", "unsupported_parameter: body.n is 2, which is not supported: leave it out or make it 1"},
		{text(`{"prompt":"x","stream":true}`), "a", "unsupported_parameter: body.stream is true"},
		{text(`{"prompt":"x","logit_bias":{"1":2}}`), "a", "unsupported_parameter: body.logit_bias is {\"1\":2}"},
		{text(`{"prompt":"x","presence_penalty":0.5}`), "a", "unsupported_parameter: body.presence_penalty is 0.5"},
		{chat(`{"messages":[],"response_format":{"type":"json_object"}}`), "a", "unsupported_parameter: body.response_format is"},
		{text(`{"prompt":"x","max_tokens":0}`), "a", "invalid_value: body.max_tokens is 0, want a whole number from 1 to 16777216"},
		{text(`{"prompt":"x","max_tokens":"8"}`), "a", `invalid_value: body.max_tokens is "8", want a whole number`},
		{text(`{"prompt":"x","max_tokens":1,"max_completion_tokens":2}`), "a", "invalid_value: body.max_tokens is 1 and max_completion_tokens is 2"},
		{text(`{"prompt":"x","temperature":-1}`), "a", "invalid_value: body.temperature is -1, want a number from 0 to 100"},
		{text(`{"prompt":"x","temperature":1e999}`), "a", "invalid_value: body.temperature is 1e999"},
		{text(`{"prompt":"x","top_p":2}`), "a", "invalid_value: body.top_p is 2"},
		{text(`{"prompt":"x","seed":1e400}`), "a", "invalid_value: body.seed is 1e400, want a whole number of 64 bits"},
		{text(`{"prompt":"x","stop":5}`), "a", "invalid_value: body.stop is 5, want a string or a list of strings"},
		{text(`{"prompt":"x","stop":["a",null]}`), "a", "invalid_value: body.stop is"},
		{text(`{"prompt":"x","stop":""}`), "a", "invalid_value: body.stop has a string of 0 bytes"},
		{text(`{"prompt":"x","logprobs":true}`), "a", "invalid_value: body.logprobs is true, want a whole number from 0 to 20"},
		{chat(`{"messages":[{"role":"user","content":"x"}],"top_logprobs":3}`), "a", "invalid_value: body.top_logprobs is 3 and logprobs is not true"},
		{chat(`{"prompt":"x"}`), "a", "missing_required_parameter: body.messages is missing"},
		{chat(`{"messages":"x"}`), "a", "invalid_value: body.messages is \"x\", want a list of objects"},
		{chat(`{"messages":[]}`), "a", "invalid_prompt: body.messages is empty"},
		{turn(`5`), "a", "invalid_value: body.messages[0] is a number, want an object"},
		{turn(`{"content":"x"}`), "a", "missing_required_parameter: body.messages[0].role is missing"},
		{turn(`{"role":"user"}`), "a", "missing_required_parameter: body.messages[0].content is missing"},
		{turn(`{"role":"user","content":5}`), "a", "invalid_value: body.messages[0].content is 5, want a string or a list of parts"},
		{turn(`{"role":"user","content":[{"type":"image_url","image_url":{}}]}`), "a", `unsupported_parameter: body.messages[0].content[0].type is "image_url"`},
		{turn(`{"role":"user","content":[{"type":"text"}]}`), "a", "missing_required_parameter: body.messages[0].content[0].text is missing"},
		{chat(`{"messages":[{"role":"user","content":"x"}],"tools":[1]}`), "a", "invalid_value: body.tools: tool 1 is a number, wanted an object"},
		{chat(`{"messages":[{"role":"user","content":"x"}],"tool_choice":"required"}`), "a", "unsupported_parameter: body.tool_choice"},
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
	if _, err := Parse(Text, Line{TooLong: true}); err == nil || err.Code != codeLong {
		t.Errorf("a line that is too long: %v", err)
	}
}

// TestPrompts: what is read, and what is left alone.
func TestPrompts(t *testing.T) {
	one := func(f Format, line string) *Prompt {
		t.Helper()
		p, err := Parse(f, Line{Number: 9, Text: []byte(line)})
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return p
	}
	p := one(OpenAI, openai("a", "completions", `{"model":"m","prompt":["x\ny"],"max_completion_tokens":5,"temperature":0.5,"top_p":0,"seed":-1,"stop":["\n","b"],
		"logprobs":2,"n":1,"stream":false,"logit_bias":{ },"echo":null,"user":"u","top_k":3,"min_p":0.1,"repeat_penalty":1.1,"ignore_eos":true}`))
	if p.Text != "x\ny" || p.MaxTokens != 5 || *p.Temperature != 0.5 || *p.TopP <= 0 || *p.TopP > 1e-30 || *p.Seed != 1<<64-1 || len(p.Stop) != 2 ||
		p.LogProbs != 2 || *p.TopK != 3 || *p.MinP != 0.1 || *p.RepeatPenalty != 1.1 || !*p.IgnoreEOS || p.Chat {
		t.Errorf("%+v", p)
	}
	if p := one(OpenAI, openai("a", "completions", `{"prompt":[[1,2]],"stop":"x","logprobs":null}`)); len(p.IDs) != 2 || p.Stop[0] != "x" || p.LogProbs != -1 {
		t.Errorf("%+v", p)
	}
	p = one(OpenAI, openai("a", "chat/completions", `{"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"text","text":"y"}]},
		{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f"}}]}],"logprobs":true,"tools":[{"type":"function"}]}`))
	if !p.Chat || p.Messages[0]["content"] != "x\ny" || p.Messages[1]["content"] != "" || p.LogProbs != 0 || len(p.Tools) != 1 {
		t.Errorf("%+v", p)
	}
	if p := one(OpenAI, openai("a", "chat/completions", `{"messages":[{"role":"user","content":"x"}],"tools":[{}],"tool_choice":"none"}`)); p.Tools != nil {
		t.Errorf("%+v", p)
	}
	for line, id := range map[string]string{`{"id":"q","prompt":"x"}`: "q", `{"id":12,"prompt":"x"}`: "12", `{"prompt":"x"}`: "line-9"} {
		if p := one(JSONL, line); p.CustomID != id || p.Text != "x" {
			t.Errorf("%s: %+v", line, p)
		}
	}
	if p := one(Text, ` a {"b"`); p.CustomID != "line-9" || p.Text != ` a {"b"` {
		t.Errorf("%+v", p)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"id":"a","prompt":"x"}`, "plain", openai("a", "completions", `{"prompt":[1,2],"stop":["x"],"logprobs":1}`),
		openai("a", "chat/completions", `{"messages":[{"role":"user","content":[{"type":"text","text":"é"}]}],"tools":[{"a":{"b":[1,null]}}]}`)} {
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
				if r.MaxTokens < 1 || r.LogProbs < -1 || r.LogProbs > maxTop {
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
