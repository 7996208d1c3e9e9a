package serve

import (
	"strings"
	"testing"
)

// response is the answer of /v1/responses.
type response struct {
	ID, Object, Status string
	Output             []struct {
		Type, ID, Name, Arguments, Status string
		CallID                            string `json:"call_id"`
		Content                           []struct{ Type, Text string }
	}
	Usage map[string]any
}

const codex = `{"model":"gpt-5-codex","instructions":"Be brief.","input":[{"type":"message","role":"developer","content":[{"type":"input_text","text":"D"}]},
	{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]},{"type":"reasoning","summary":[],"encrypted_content":"x"},
	{"type":"message","role":"assistant","content":[{"type":"output_text","text":"I read."}]},
	{"type":"function_call","call_id":"c1","name":"read_file","arguments":"{\"path\":\"x\"}"},{"type":"function_call_output","call_id":"c1","output":"the file"},{"type":"web_search_call"}],
	"tools":[{"type":"function","name":"read_file","description":"reads","strict":false,"parameters":{"type":"object","properties":{"path":{"type":"string"},"lines":{"type":"integer"}}}},
	{"type":"function","name":"now","parameters":{"type":"object","properties":{}}},{"type":"web_search"},{"type":"custom","name":"c"},{"type":"namespace"}],
	"tool_choice":"auto","parallel_tool_calls":true,"store":false,"include":["reasoning.encrypted_content"],"prompt_cache_key":"k","text":{"verbosity":"low","format":{"type":"text"}},"reasoning":{"effort":"medium","summary":"auto"}`

func TestResponses(t *testing.T) {
	h, e := start(t, Options{}, called)
	r := post(t, h.URL+"/v1/responses", codex+`}`)
	v := decode[response](t, r.body)
	if r.status != 200 || v.Object != "response" || v.Status != "completed" || len(v.Output) != 3 || v.Output[0].Content[0].Text != "I look." ||
		v.Output[1].Name != "read_file" || v.Output[1].Arguments != arguments || !strings.HasPrefix(v.Output[1].CallID, "call_") || v.Output[2].Arguments != "{}" {
		t.Errorf("%d %s", r.status, r.body)
	}
	p := e.prompt()
	for _, want := range []string{"Be brief.", "D", "I read.\n\n<tool_call>\n<function=read_file>", "<tool_response>\nthe file\n</tool_response>"} {
		if !strings.Contains(p, want) {
			t.Errorf("the prompt lacks %s: %s", want, p)
		}
	}
	var names []string
	var done response
	for i, e := range eventsOf(t, post(t, h.URL+"/v1/responses", codex+`,"stream":true}`)) {
		v := decode[struct {
			Type     string
			Number   int `json:"sequence_number"`
			Response response
		}](t, e.data)
		if v.Type != e.name || v.Number != i {
			t.Errorf("event %d, %s, is %s", i, e.name, e.data)
		}
		if name := strings.TrimPrefix(e.name, "response."); len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
		done = v.Response
	}
	const args = "output_item.added function_call_arguments.delta function_call_arguments.done output_item.done "
	want := "created in_progress output_item.added content_part.added output_text.delta output_text.done content_part.done output_item.done " + args + args + "completed"
	if got := strings.Join(names, " "); got != want || len(done.Output) != 3 || done.Output[1].Arguments != arguments || done.Usage["output_tokens"] == 0.0 {
		t.Errorf("events %s\nwant   %s\nthe last has %+v", got, want, done)
	}
}

func TestResponsesEnds(t *testing.T) {
	h, e := start(t, Options{}, "one two three")
	if v := decode[response](t, post(t, h.URL+"/v1/responses", `{"input":"count","max_output_tokens":1}`).body); v.Status != "incomplete" || len(v.Output) != 1 {
		t.Errorf("%+v", v)
	}
	if r := post(t, h.URL+"/v1/responses", `{"model":"x","input":[],"max_output_tokens":1}`); r.status != 200 { // Codex looks whether somebody is there
		t.Errorf("%d %s", r.status, r.body)
	}
	for body, want := range map[string]string{
		`{"input":"x","previous_response_id":"resp_1"}`:                  "previous_response_id is not served",
		`{"input":"x","text":{"format":{"type":"x"}}}`:                   "response_format is",
		`{"input":"x","background":true}`:                                "background is not served",
		`{"input":7}`:                                                    "input is neither a text nor a list",
		`{"input":"` + strings.Repeat("word ", 3000) + `"}`:              `"code":"context_length_exceeded"`,
		`{"input":[{"role":"user","content":[{"type":"input_image"}]}]}`: `input[0].content[0].type is \"input_image\"`,
		`{"input":[{"role":"user","content":7}]}`:                        `input[0].content is neither`,
		`{"input":"x","tools":[{"type":"function","name":1}]}`:           "tools.name is of the wrong type",
	} {
		if r := post(t, h.URL+"/v1/responses", body); r.status != 400 || !strings.Contains(r.body, want) {
			t.Errorf("%.80s: %d %s, want %s", body, r.status, r.body, want)
		}
	}
	e.lost = errStop
	list := eventsOf(t, post(t, h.URL+"/v1/responses", `{"input":"x","stream":true}`))
	if last := list[len(list)-1]; last.name != "response.failed" || !strings.Contains(last.data, "the engine stopped") {
		t.Errorf("%v", last)
	}
}
