package serve

import (
	"encoding/json"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/openai"
)

const (
	tools = `"tools":[{"type":"function","function":{"name":"read_file","description":"reads","parameters":{"type":"object","properties":{"path":{"type":"string"},"lines":{"type":"integer"}}}}},` +
		`{"type":"function","function":{"name":"now","parameters":{"type":"object","properties":{}}}},{"type":"web_search"}]`
	called = "I look.\n\n<tool_call>\n<function=read_file>\n<parameter=path>\na \"b\".go\n</parameter>\n<parameter=lines>\n7\n</parameter>\n</function>\n</tool_call>\n" +
		"<tool_call>\n<function=now>\n</function>\n</tool_call>"
	arguments = `{"path":"a \"b\".go","lines":7}`
)

// calls joins the pieces of calls in a stream.
func calls(t *testing.T, list []openai.Body) []openai.ToolCall {
	t.Helper()
	var out []openai.ToolCall
	for _, b := range list {
		for _, c := range b.Choices {
			if c.Delta == nil {
				continue
			}
			for _, p := range c.Delta.ToolCalls {
				switch {
				case p.Index == nil:
					t.Fatalf("a call without an index: %+v", b)
				case *p.Index == len(out):
					out = append(out, p)
				case p.ID != "" || p.Function.Name != "":
					t.Errorf("a second begin of call %d", *p.Index)
				default:
					out[*p.Index].Function.Arguments += p.Function.Arguments
				}
			}
		}
	}
	return out
}

func TestTools(t *testing.T) {
	h, e := start(t, Options{}, called)
	b := decode[openai.Body](t, post(t, h.URL+"/v1/chat/completions", `{`+hi+`,`+tools+`}`).body)
	list := chunksOf(t, post(t, h.URL+"/v1/chat/completions", `{`+hi+`,`+tools+`,"stream":true}`))
	texts, finish := text(list)
	if m := b.Choices[0].Message; m.Content != "I look." || *b.Choices[0].Finish != "tool_calls" || texts[0] != "I look." || finish[0] != "tool_calls" {
		t.Errorf("%+v, %v %v", m, texts, finish)
	}
	for _, got := range [][]openai.ToolCall{b.Choices[0].Message.ToolCalls, calls(t, list)} {
		if len(got) != 2 || got[0].Function != (openai.Function{Name: "read_file", Arguments: arguments}) || got[1].Function != (openai.Function{Name: "now", Arguments: "{}"}) ||
			got[0].Type != "function" || !strings.HasPrefix(got[0].ID, "call_") || got[0].ID == got[1].ID {
			t.Errorf("calls %+v", got)
		}
	}
	if p := e.prompt(); !strings.Contains(p, "<name>read_file</name>") || strings.Contains(p, "web_search") {
		t.Errorf("prompt %s", p)
	}
	n := 0
	for _, c := range list { // Cline and Roo draw arguments as they come
		for _, p := range c.Choices[0].Delta.ToolCalls {
			n += min(1, len(p.Function.Arguments))
		}
	}
	if n < 4 {
		t.Errorf("arguments came in %d pieces", n)
	}
}

func TestToolChoice(t *testing.T) {
	h, e := start(t, Options{}, called)
	b := decode[openai.Body](t, post(t, h.URL+"/v1/chat/completions", `{`+hi+`,`+tools+`,"tool_choice":"none"}`).body)
	if m := b.Choices[0].Message; m.Content != called || m.ToolCalls != nil || *b.Choices[0].Finish != "stop" || strings.Contains(e.prompt(), "read_file") {
		t.Errorf("none: %+v, prompt %s", m, e.prompt())
	}
	b = decode[openai.Body](t, post(t, h.URL+"/v1/chat/completions", `{`+hi+`,`+tools+`,"parallel_tool_calls":false}`).body)
	if m := b.Choices[0].Message; len(m.ToolCalls) != 1 || m.ToolCalls[0].Function.Arguments != arguments || *b.Choices[0].Finish != "tool_calls" {
		t.Errorf("one call: %+v", b.Choices[0])
	}
	// The prompt has the beginning of a call that was asked for by name.
	e.texts = []string{"<parameter=path>\nx\n</parameter>\n</function>\n</tool_call>"}
	for _, stream := range []string{"", `,"stream":true`} {
		r := post(t, h.URL+"/v1/chat/completions", `{`+hi+`,`+tools+`,"tool_choice":{"type":"function","function":{"name":"read_file"}}`+stream+`}`)
		var got []openai.ToolCall
		if stream == "" {
			got = decode[openai.Body](t, r.body).Choices[0].Message.ToolCalls
		} else {
			got = calls(t, chunksOf(t, r))
		}
		if len(got) != 1 || got[0].Function != (openai.Function{Name: "read_file", Arguments: `{"path":"x"}`}) || !strings.HasSuffix(e.prompt(), "<tool_call>\n<function=read_file>\n") {
			t.Errorf("named%s: %+v, prompt %s", stream, got, e.prompt())
		}
	}
}

// TestConversation: calls and their results come back.
func TestConversation(t *testing.T) {
	h, e := start(t, Options{}, "Done.")
	post(t, h.URL+"/v1/chat/completions", `{"messages":[{"role":"system","content":"S"},{"role":"user","content":[{"type":"text","text":"u","cache_control":{"type":"ephemeral"}}]},
		{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"read_file","arguments":"{ \"path\" : \"x.go\" }"}}]},
		{"role":"tool","tool_call_id":"c1","content":"package x"},{"role":"developer","content":"D"}],`+tools+`}`)
	p := e.prompt()
	for _, want := range []string{"<function=read_file>\n<parameter=path>\nx.go\n</parameter>\n</function>", "<tool_response>\npackage x\n</tool_response>", "S"} {
		if !strings.Contains(p, want) {
			t.Errorf("the prompt lacks %s: %s", want, p)
		}
	}
	// What a message says of control tokens stays text.
	post(t, h.URL+"/v1/chat/completions", `{"messages":[{"role":"user","content":"a<|im_end|>b"}]}`)
	ends := 0
	for _, id := range e.last().IDs {
		if e.m.Settings.Tokenizer.IsEOG(id) {
			ends++
		}
	}
	if ends != 1 || !strings.Contains(e.prompt(), "a<|im_end|>b") {
		t.Errorf("%d ends in %s", ends, e.prompt())
	}
}

func TestThinking(t *testing.T) {
	h, _ := startModel(t, Options{}, served(t, "qwen3"), "<think>\nhm\n</think>\n\n<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>")
	b := decode[openai.Body](t, post(t, h.URL+"/v1/chat/completions", `{`+hi+`,`+tools+`}`).body)
	if m := b.Choices[0].Message; m.Reasoning != "hm" || m.Content != "" || len(m.ToolCalls) != 1 || m.ToolCalls[0].Function.Name != "now" {
		t.Errorf("%+v", m)
	}
	thought := ""
	for _, c := range chunksOf(t, post(t, h.URL+"/v1/chat/completions", `{`+hi+`,`+tools+`,"stream":true}`)) {
		if r := c.Choices[0].Delta.Reasoning; r != nil {
			thought += *r
		}
	}
	if thought != "hm" {
		t.Errorf("thought %q", thought)
	}
}

const anthropicTools = `"tools":[{"name":"read_file","description":"reads","input_schema":{"type":"object","properties":{"path":{"type":"string"},"lines":{"type":"integer"}}}},
	{"name":"now","input_schema":{"type":"object","properties":{}}},{"type":"web_search_20250305","name":"web_search"}]`

func TestMessages(t *testing.T) {
	h, e := start(t, Options{}, called)
	ask := `{"model":"claude","max_tokens":1000,"system":[{"type":"text","text":"x-anthropic-billing-header: cc=1; cch=ab12"},{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],
		"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"ok"},{"type":"tool_use","id":"toolu_1","name":"read_file","input":{"path":"x"}}]},
		{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"the file"}]},{"type":"text","text":"go on"}]}],
		"metadata":{"user_id":"u"},"thinking":{"type":"enabled","budget_tokens":1000},"tool_choice":{"type":"auto"},"context_management":{},` + anthropicTools
	r := post(t, h.URL+"/v1/messages?beta=true", ask+`}`, "x-api-key", "k", "anthropic-version", "2023-06-01")
	type message struct {
		ID, Type, Role string
		Content        []struct {
			Type, Text, ID, Name string
			Input                json.RawMessage
		}
		Reason string `json:"stop_reason"`
		Usage  map[string]int
	}
	m := decode[message](t, r.body)
	if r.status != 200 || m.Type != "message" || m.Role != "assistant" || m.Reason != "tool_use" || len(m.Content) != 3 || m.Content[0].Text != "I look." ||
		m.Content[1].Name != "read_file" || string(m.Content[1].Input) != arguments || !strings.HasPrefix(m.Content[2].ID, "toolu_") {
		t.Errorf("%d %s", r.status, r.body)
	}
	n := len(e.last().IDs)
	if m.Usage["input_tokens"]+m.Usage["cache_read_input_tokens"] != n || m.Usage["output_tokens"] == 0 {
		t.Errorf("usage %v of %d", m.Usage, n)
	}
	p := e.prompt()
	for _, want := range []string{"Be brief.", "<parameter=path>\nx\n</parameter>", "<tool_response>\nthe file\n</tool_response>", "go on"} {
		if !strings.Contains(p, want) {
			t.Errorf("the prompt lacks %s: %s", want, p)
		}
	}
	if strings.Contains(p, "x-anthropic") || strings.Contains(p, "web_search") {
		t.Errorf("prompt %s", p)
	}
	if c := decode[map[string]int](t, post(t, h.URL+"/v1/messages/count_tokens", ask+`}`).body); c["input_tokens"] != n {
		t.Errorf("%v tokens, want %d", c, n)
	}
	var names []string
	args := ""
	for _, e := range eventsOf(t, post(t, h.URL+"/v1/messages", ask+`,"stream":true}`)) {
		v := decode[struct {
			Type  string
			Block struct{ Type string } `json:"content_block"`
			Delta struct {
				Type, Text string
				JSON       string `json:"partial_json"`
				Reason     string `json:"stop_reason"`
			}
		}](t, e.data)
		if v.Type != e.name {
			t.Errorf("event %s has type %s", e.name, v.Type)
		}
		name := strings.TrimSpace(strings.TrimPrefix(e.name, "content_block_") + " " + v.Block.Type + v.Delta.Type + v.Delta.Reason)
		if len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
		args += v.Delta.JSON
	}
	want := "message_start, start text, delta text_delta, stop, start tool_use, delta input_json_delta, stop, start tool_use, delta input_json_delta, stop, message_delta tool_use, message_stop"
	if got := strings.Join(names, ", "); got != want || args != arguments+"{}" {
		t.Errorf("events %s\nwant   %s\narguments %s", got, want, args)
	}
}

// TestMessagesEnds: prefilled answers, stop sequences, errors in Anthropic's form.
func TestMessagesEnds(t *testing.T) {
	h, e := start(t, Options{}, "one two END three")
	r := post(t, h.URL+"/v1/messages", `{"max_tokens":50,"stop_sequences":["END"],"messages":[{"role":"user","content":"count"},{"role":"assistant","content":"zero"}]}`)
	if !strings.Contains(r.body, `"stop_reason":"stop_sequence","stop_sequence":"END"`) || !strings.HasSuffix(e.prompt(), "<|im_start|>assistant\nzero") {
		t.Errorf("%s, prompt %s", r.body, e.prompt())
	}
	if r := post(t, h.URL+"/v1/messages", `{"max_tokens":2,"messages":[{"role":"user","content":"count"}]}`); !strings.Contains(r.body, `"stop_reason":"max_tokens"`) {
		t.Errorf("%s", r.body)
	}
	for body, want := range map[string]string{
		`{"messages":[]}`: "messages is missing",
		`{"messages":7}`:  "messages is of the wrong type, number",
		`{"messages":[`:   "no JSON at byte",
		`{"messages":[{"role":"user","content":[{"type":"image","source":{}}]}]}`:                           `messages[0].content[0].type is \"image\", which is not served`,
		`{"messages":[{"role":"user","content":"` + strings.Repeat("word ", 3000) + `"}]}`:                  "maximum context length is 2048 tokens",
		`{"messages":[{"role":"user","content":"x"}],"tool_choice":{"type":"any"}}`:                         "tools is empty",
		`{"messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"document"}]}]}]}`: `content[0].type is \"document\"`,
	} {
		if r := post(t, h.URL+"/v1/messages", body); r.status != 400 || !strings.Contains(r.body, want) || !strings.Contains(r.body, `"type":"error"`) || !strings.Contains(r.body, "invalid_request_error") || !strings.Contains(r.body, "req_") {
			t.Errorf("%.80s: %d %s, want %s", body, r.status, r.body, want)
		}
	}
	e.none = false
	e.lost = errStop
	list := eventsOf(t, post(t, h.URL+"/v1/messages", `{"stream":true,"messages":[{"role":"user","content":"x"}]}`))
	if last := list[len(list)-1]; last.name != "error" || !strings.Contains(last.data, "api_error") {
		t.Errorf("%v", last)
	}
}

func TestTokens(t *testing.T) {
	h, e := start(t, Options{}, "x")
	r := post(t, h.URL+"/tokenize", `{"content":"func main<|im_end|>"}`)
	v := decode[struct {
		Tokens []int32
		Count  int
	}](t, r.body)
	if want := e.m.Settings.Tokenizer.Encode("func main<|im_end|>", true); v.Count != len(want) || len(v.Tokens) != len(want) {
		t.Errorf("%s, want %v", r.body, want)
	}
	ids, _ := json.Marshal(v.Tokens)
	if r := post(t, h.URL+"/detokenize", `{"tokens":`+string(ids)+`}`); !strings.Contains(r.body, `"content":"func main\u003c|im_end|\u003e"`) {
		t.Errorf("%s", r.body)
	}
	if r := post(t, h.URL+"/detokenize", `{"tokens":[-1,99999999]}`); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := post(t, h.URL+"/tokenize", `{"prompt":"func","with_pieces":true}`); !strings.Contains(r.body, `"piece":"func"`) {
		t.Errorf("%s", r.body)
	}
	if r := post(t, h.URL+"/apply-template", `{`+hi+`}`); !strings.Contains(r.body, `user\nhi`) {
		t.Errorf("%s", r.body)
	}
	for path, body := range map[string]string{"/tokenize": `{}`, "/detokenize": `{"tokens":"x"}`, "/apply-template": `{}`} {
		if r := post(t, h.URL+path, body); r.status != 400 {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
}
