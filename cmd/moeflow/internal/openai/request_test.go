package openai

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"moeflow/stages/sample"
)

// parse reads a body.
func parse(kind Kind, body string) (*Request, *Error) {
	o, err := ReadObject([]byte(body), "body")
	if err != nil {
		return nil, err
	}
	return Parse(kind, o)
}

// manyFields are n fields of different names.
func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"field %d":1`, i)
	}
	return b.String()[1:]
}

const hi = `"messages":[{"role":"user","content":"hi"}]`

func oneTurn(m string) string { return `{"messages":[` + m + `]}` }

// badRequests are bodies and the beginnings of their errors.
var badRequests = []struct {
	kind       Kind
	body, want string
}{
	{Text, `[]`, "invalid_json: body is a list, want a JSON object"},
	{Text, `{` + strings.Repeat(`"a":1,`, 3) + manyFields(1001) + `}`, "invalid_value: body has 1002 fields, want at most 1000"},
	{Text, `{"prompt":"x"`, "invalid_json: no JSON at byte 13 of body"},
	{Text, `{}`, "missing_required_parameter: prompt is missing"},
	{Text, `{"prompt":null}`, "missing_required_parameter: prompt is missing"},
	{Text, `{"messages":[]}`, "unsupported_parameter: messages is a field of chat/completions, this is a request of completions: leave it out"},
	{Text, `{"prompt":""}`, "invalid_prompt: prompt is empty"},
	{Text, `{"prompt":[]}`, "invalid_prompt: prompt is empty"},
	{Text, `{"prompt":["a","b"]}`, "unsupported_parameter: prompt is a list of 2, want one"},
	{Text, `{"prompt":[1,"b"]}`, `invalid_value: prompt is [1,"b"], want a list of token ids`},
	{Text, `{"prompt":[1.5]}`, "invalid_value: prompt is [1.5], want a list of token ids"},
	{Text, `{"prompt":[9999999999]}`, "invalid_value: prompt is [9999999999], want a list of token ids"},
	{Text, `{"prompt":{"x":1}}`, `invalid_value: prompt is {"x":1}, want a string or a list of token ids`},
	{Text, `{"prompt":"x","n":2}`, "unsupported_parameter: n is 2, which is not supported: leave it out or make it 1"},
	{Text, `{"prompt":"x","audio":{ "a" : 1}}`, "unsupported_parameter: audio is a field of chat/completions"},
	{Chat, `{` + hi + `,"audio":{ "a" : 1}}`, `unsupported_parameter: audio is {"a":1}, which is not supported: leave it out`},
	{Chat, `{` + hi + `,"prompt":"x"}`, "unsupported_parameter: prompt is a field of completions, this is a request of chat/completions"},
	{Text, `{"prompt":"x","n_predict":8}`, "unsupported_parameter: n_predict is not supported: give max_tokens"},
	{Text, `{"prompt":"x","extra_body":{"repetition_penalty":1.9}}`, "unsupported_parameter: extra_body is not supported: give its fields beside the others"},
	{Text, `{"prompt":"x","options":{"num_predict":1}}`, "unsupported_parameter: options is not supported: give its fields beside the others"},
	{Text, `{"prompt":"x","max_tokens":0}`, "invalid_value: max_tokens is 0, want a whole number from 1 to 16777216"},
	{Text, `{"prompt":"x","max_tokens":6.5}`, "invalid_value: max_tokens is 6.5, want a whole number"},
	{Text, `{"prompt":"x","max_tokens":"8"}`, `invalid_value: max_tokens is "8", want a whole number`},
	{Text, `{"prompt":"x","max_tokens":1,"max_completion_tokens":2}`, "invalid_value: max_tokens is 1 and max_completion_tokens is 2"},
	{Text, `{"prompt":"x","temperature":-1}`, "invalid_value: temperature is -1, want a number from 0 to 100"},
	{Text, `{"prompt":"x","temperature":1e999}`, "invalid_value: temperature is 1e999"},
	{Text, `{"prompt":"x","top_p":2}`, "invalid_value: top_p is 2"},
	{Text, `{"prompt":"x","top_k":-2}`, "invalid_value: top_k is -2, want a whole number from -1"},
	{Text, `{"prompt":"x","seed":1e400}`, "invalid_value: seed is 1e400, want a whole number of 64 bits"},
	{Text, `{"prompt":"x","seed":1e30}`, "invalid_value: seed is 1e30, want a whole number of 64 bits"},
	{Text, `{"prompt":"x","repeat_penalty":0}`, "invalid_value: repeat_penalty is 0, want more; 1 is off"},
	{Text, `{"prompt":"x","repetition_penalty":0}`, "invalid_value: repetition_penalty is 0, want more; 1 is off"},
	{Text, `{"prompt":"x","repetition_penalty":1.5,"repeat_penalty":1.1}`, "invalid_value: repeat_penalty is 1.1 and repetition_penalty is 1.5: give one"},
	{Text, `{"prompt":"x","frequency_penalty":"1"}`, `invalid_value: frequency_penalty is "1", want a number from -100 to 100`},
	{Text, `{"prompt":"x","presence_penalty":101}`, "invalid_value: presence_penalty is 101"},
	{Text, `{"prompt":"x","logit_bias":5}`, "invalid_value: logit_bias is 5, want an object"},
	{Text, `{"prompt":"x","logit_bias":{"the":5}}`, "invalid_value: logit_bias has the: 5, want an object of token ids and numbers from -100 to 100"},
	{Text, `{"prompt":"x","logit_bias":{"5":-101}}`, "invalid_value: logit_bias has 5: -101"},
	{Text, `{"prompt":"x","logit_bias":[[5,false]]}`, "invalid_value: logit_bias has 5: false"},
	{Text, `{"prompt":"x","logit_bias":[[5]]}`, "invalid_value: logit_bias has 5: , want"},
	{Text, `{"prompt":"x","stop":5}`, "invalid_value: stop is 5, want a string or a list of strings"},
	{Text, `{"prompt":"x","stop":["a",null]}`, "invalid_value: stop is"},
	{Text, `{"prompt":"x","stop":""}`, "invalid_value: stop has a string of 0 bytes"},
	{Text, `{"prompt":"x","stop":["a"` + strings.Repeat(`,"b"`, 16) + `]}`, "invalid_value: stop has 17 strings, want at most 16"},
	{Text, `{"prompt":"x","stop_token_ids":[1` + strings.Repeat(`,2`, 128) + `]}`, "invalid_value: stop_token_ids has 129 tokens, want at most 128"},
	{Text, `{"prompt":"x","stop_token_ids":5}`, "invalid_value: stop_token_ids is 5, want a list of token ids"},
	{Text, `{"prompt":"x","skip_special_tokens":0}`, "invalid_value: skip_special_tokens is 0, want true or false"},
	{Text, `{"prompt":"x","add_special_tokens":false}`, "unsupported_parameter: add_special_tokens is false"},
	{Text, `{"prompt":"x","logprobs":true}`, "invalid_value: logprobs is true, want a whole number from 0 to 20"},
	{Chat, `{` + hi + `,"top_logprobs":3}`, "invalid_value: top_logprobs is 3 and logprobs is not true"},
	{Text, `{"prompt":"x","stream_options":[]}`, "invalid_value: stream_options is [], want an object"},
	{Text, `{"prompt":"x","stream_options":{"include_usage":1}}`, "invalid_value: stream_options.include_usage is 1, want true or false"},
	{Chat, `{` + hi + `,"chat_template_kwargs":{"messages":[]}}`, "unsupported_parameter: chat_template_kwargs.messages is []"},
	{Chat, `{"messages":"x"}`, `invalid_value: messages is "x", want a list of objects`},
	{Chat, `{"messages":[]}`, "invalid_prompt: messages is empty"},
	{Chat, oneTurn(`5`), "invalid_value: messages[0] is a number, want an object"},
	{Chat, oneTurn(`{"content":"x"}`), "missing_required_parameter: messages[0].role is missing"},
	{Chat, oneTurn(`{"role":"user"}`), "missing_required_parameter: messages[0].content is missing"},
	{Chat, oneTurn(`{"role":"user","content":5}`), "invalid_value: messages[0].content is 5, want a string or a list of parts"},
	{Chat, oneTurn(`{"role":"user","content":[5]}`), "invalid_value: messages[0].content[0] is a number, want an object"},
	{Chat, oneTurn(`{"role":"user","content":[{"type":"image_url","image_url":{}}]}`), `unsupported_parameter: messages[0].content[0].type is "image_url"`},
	{Chat, oneTurn(`{"role":"user","content":[{"type":"text"}]}`), "missing_required_parameter: messages[0].content[0].text is missing"},
	{Chat, `{` + hi + `,"tools":[1]}`, "invalid_value: tools: tool 1 is a number, wanted an object"},
	{Chat, `{` + hi + `,"tool_choice":"required"}`, "unsupported_parameter: tool_choice"},
	{Chat, `{` + hi + `,"response_format":{"type":"json_object"}}`, "unsupported_parameter: response_format is"},
}

// TestBadRequests: each is an error that names what was wrong and what was wanted.
func TestBadRequests(t *testing.T) {
	for _, c := range badRequests {
		r, err := parse(c.kind, c.body)
		if err == nil {
			t.Errorf("%s: read as %+v, want %s", c.body, r, c.want)
		} else if !strings.HasPrefix(err.Error(), c.want) || len(err.Message) > 400 || strings.Contains(err.Message, "\n") {
			t.Errorf("%s:\n%v\nwant\n%s", c.body, err, c.want)
		}
	}
}

// TestRequests: what is read, and what is left alone.
func TestRequests(t *testing.T) {
	one := func(kind Kind, body string) *Request {
		t.Helper()
		r, err := parse(kind, body)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return r
	}
	r := one(Text, `{"model":"m","prompt":["x\ny"],"max_completion_tokens":5.0,"temperature":0.5,"top_p":0,"seed":-1,"stop":["\n","b"],
		"logprobs":2.0,"n":1.0,"best_of":1,"stream":false,"logit_bias":{ },"echo":null,"user":"u","top_k":3,"min_p":0.1,"repeat_penalty":1.1,
		"ignore_eos":true,"frequency_penalty":0.5,"presence_penalty":-1,"options":["A","B"],"stop_token_ids":[1,2.0],"include_stop_str_in_output":true,"skip_special_tokens":false,"repeat_last_n":9}`)
	s := r.Sampling
	if r.Model != "m" || r.Text != "x\ny" || r.MaxTokens != 5 || *s.Temperature != 0.5 || *s.TopP <= 0 || *s.TopP > 1e-30 || *s.Seed != 1<<64-1 || len(r.Stop) != 2 ||
		r.LogProbs != 2 || *s.TopK != 3 || *s.MinP != 0.1 || *s.RepeatPenalty != 1.1 || !*r.IgnoreEOS || r.Kind != Text || !slices.Equal(r.StopIDs, []int32{1, 2}) ||
		*s.FrequencyPenalty != 0.5 || *s.PresencePenalty != -1 || s.Bias != nil || !r.KeepStop || !r.Special || *s.RepeatLastN != 9 || r.Stream {
		t.Errorf("%+v", r)
	}
	if r := one(Text, `{"prompt":[[1,2.0]],"stop":"x","logprobs":null,"top_k":-1,"repetition_penalty":1.9,"stream":true,"stream_options":{"include_usage":true}}`); !slices.Equal(r.IDs, []int32{1, 2}) ||
		r.Stop[0] != "x" || r.LogProbs != -1 || *r.Sampling.TopK != 0 || *r.Sampling.RepeatPenalty != 1.9 || *r.Sampling.RepeatLastN != -1 || !r.Stream || !r.IncludeUsage || r.KeepStop || r.Special {
		t.Errorf("%+v", r)
	}
	if r := one(Text, `{"prompt":"x","repeat_last_n":0,"repeat_penalty":1.9}`); *r.Sampling.RepeatPenalty != 1 {
		t.Errorf("repeat_last_n 0 leaves a penalty of %v", *r.Sampling.RepeatPenalty)
	}
	r = one(Chat, `{"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"text","text":"y"}]},
		{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f"}}]}],"logprobs":true,"tools":[{"type":"function"}],
		"chat_template_kwargs":{"a":[1],"add_generation_prompt":false},"enable_thinking":false,"reasoning_effort":"low","tool_choice":"auto"}`)
	if r.Kind != Chat || r.Messages[0]["content"] != "x\ny" || r.Messages[1]["content"] != "" || r.LogProbs != 0 || len(r.Tools) != 1 ||
		!r.NoGenerationPrompt || len(r.Variables) != 3 || r.Variables["enable_thinking"] != false || r.Variables["reasoning_effort"] != "low" {
		t.Errorf("%+v", r)
	}
	for _, bias := range []string{`{"7":-100,"30":1.5}`, `[[7,-100],[30.0,1.5]]`} {
		if r := one(Text, `{"prompt":"x","logit_bias":`+bias+`}`); !slices.Equal(r.Sampling.Bias, []sample.Bias{{ID: 30, Add: 1.5}, {ID: 7, Add: -100}}) &&
			!slices.Equal(r.Sampling.Bias, []sample.Bias{{ID: 7, Add: -100}, {ID: 30, Add: 1.5}}) {
			t.Errorf("%s: %+v", bias, r.Sampling.Bias)
		}
	}
	if r := one(Chat, `{`+hi+`,"tools":[{}],"tool_choice":"none","logprobs":true,"top_logprobs":4}`); r.Tools != nil || r.LogProbs != 4 {
		t.Errorf("%+v", r)
	}
}

// TestFields: every field that is known is served, or taken with its plain values,
// or refused by its name; those that are harmless are taken with any value.
func TestFields(t *testing.T) {
	need := map[Kind]string{Text: `"prompt":"x"`, Chat: `"messages":[{"role":"user","content":"x"}]`}
	for name, f := range fields {
		if harmless[name] {
			t.Errorf("%s is in both tables", name)
		}
		for kind, body := range need {
			try := func(value string) *Error {
				_, err := parse(kind, `{`+body+`,"`+name+`":`+value+`}`)
				return err
			}
			if name == "prompt" || name == "messages" {
				continue
			}
			if err := try("null"); err != nil {
				t.Errorf("%s: null: %v", name, err)
			}
			err := try(`{"x":["never"]}`)
			switch {
			case f.kinds&kind == 0 && (err == nil || !strings.HasPrefix(err.Message, name+" is a field of ")):
				t.Errorf("%s in a request of %s: %v", name, kind, err)
			case f.read == nil && (err == nil || !strings.HasPrefix(err.Message, name+" is ")):
				t.Errorf("%s: %v", name, err)
			}
			for _, v := range f.plain {
				if !json.Valid([]byte(v)) {
					t.Errorf("%s: %s is no JSON", name, v)
				}
				if err := try(v); err != nil {
					t.Errorf("%s: %s: %v", name, v, err)
				}
			}
		}
	}
	for name := range harmless {
		if _, err := parse(Text, `{"prompt":"x","`+name+`":[{"x":-1}]}`); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDocs: the documentation's table of fields has those that are served and no
// others, but for what belongs to a stream and what is only looked at.
func TestDocs(t *testing.T) {
	doc, err := os.ReadFile("../../../../docs/batch.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(doc), "| field | |")
	table, _, _ = strings.Cut(table, "\n\n")
	told := map[string]bool{"stream": true, "stream_options": true, "add_special_tokens": true, "options": true}
	for _, m := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(table, -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			told[strings.Trim(name, "`")] = true
		}
	}
	for name, f := range fields {
		if (f.read != nil) != told[name] {
			t.Errorf("%s: served %v, in the documentation %v", name, f.read != nil, told[name])
		}
		delete(told, name)
	}
	if len(told) > 0 {
		t.Errorf("no fields: %v", told)
	}
}

// TestNearest: misspelt fields get the one that was meant, and other words none.
func TestNearest(t *testing.T) {
	for name, want := range map[string]string{
		"max_token": "max_tokens", "maxTokens": "max_tokens", "Max-Tokens": "max_tokens", "temprature": "temperature", "tempertaure": "temperature",
		"top-p": "top_p", "topK": "top_k", "stpo": "stop", "stops": "stop", "seeed": "seed", "logprob": "logprobs", "stop_tokens_id": "stop_token_ids",
		"repetition_penalti": "repetition_penalty", "ignoreEos": "ignore_eos", "guided-json": "guided_json", "frequency_penality": "frequency_penalty",
		"max_completions_tokens": "max_completion_tokens", "N": "n",
	} {
		_, err := parse(Text, `{"prompt":"x","`+name+`":1}`)
		if err == nil || err.Code != CodeUnknown || !strings.HasSuffix(err.Message, name+` is not a known field, the nearest is "`+want+`"`) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	for _, name := range []string{"step", "steps", "label", "labels", "category", "source", "meta", "comment", "text", "answer", "expected", "difficulty", "x", "m",
		"need", "index", "top", "uid", "users", "models", "content", "output", "reference", "task", "lang", "language", "split", "name", "",
		strings.Repeat("max_tokens", 1000)} {
		if r, err := parse(Text, `{"prompt":"x","`+name+`":1}`); err != nil || !reflect.DeepEqual(r, &Request{Kind: Text, Text: "x", LogProbs: -1}) {
			t.Errorf("%.20s: %+v, %v", name, r, err)
		}
	}
}
