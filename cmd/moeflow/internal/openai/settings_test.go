package openai

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// TestPrompt: a request's tokens, and what is wrong with one that has none.
func TestPrompt(t *testing.T) {
	s := testSettings(t)
	s.System = "short"
	for body, want := range map[string]string{
		`{"messages":[{"role":"user","content":"hi"}]}`:                                                       "system: short\nuser: hi\nassistant:",
		`{"messages":[{"role":"system","content":"long"},{"role":"user","content":"hi"}]}`:                    "system: long\nuser: hi\nassistant:",
		`{"messages":[{"role":"user","content":"hi"}],"add_generation_prompt":false}`:                         "system: short\nuser: hi\n",
		`{"messages":[{"role":"user","content":"hi"}],"chat_template_kwargs":{"x":[1,"y"]}}`:                  "[[1, 'y']]system: short\nuser: hi\nassistant:",
		`{"messages":[{"role":"user","content":"hi"}],"stop_token_ids":[260]}`:                                "invalid_value: stop_token_ids has 260, want tokens of the vocabulary, 0 to 259",
		`{"messages":[{"role":"user","content":"hi"}],"logit_bias":{"260":1}}`:                                "invalid_value: logit_bias names token 260, the vocabulary has 0 to 259",
		`{"messages":[{"role":"user","content":"hi"}],"stop_token_ids":[-1]}`:                                 "invalid_value: stop_token_ids has -1",
		`{"messages":[{"role":"user","content":"hi"}],"temperature":0,"repeat_penalty":100,"max_tokens":1e1}`: "system: short\nuser: hi\nassistant:",
	} {
		r, bad := parse(Chat, body)
		if bad != nil {
			t.Fatalf("%s: %v", body, bad)
		}
		ids, bad := s.Prompt(context.Background(), r)
		got := s.Tokenizer.Decode(ids, true)
		if bad != nil {
			got = bad.Error()
		}
		if !strings.HasPrefix(got, want) || bad == nil && got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
	r, _ := parse(Chat, `{"messages":[{"role":"user","content":"hi"}]}`)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, bad := s.Prompt(ctx, r); bad == nil || bad.Code != CodeTemplate {
		t.Errorf("a cancelled template: %v", bad)
	}
	s.Template, s.NoTemplate = nil, errors.New("none")
	if _, bad := s.Prompt(context.Background(), r); bad == nil || bad.Error() != "chat_template: no chat template: none" {
		t.Errorf("without a template: %v", bad)
	}
	text, _ := parse(Text, `{"prompt":"a<|sep|>"}`)
	for raw, n := range map[bool]int{false: 2, true: 8} {
		s.Raw = raw
		if ids, bad := s.Prompt(context.Background(), text); bad != nil || len(ids) != n {
			t.Errorf("raw %v: %v, %v, want %d tokens", raw, ids, bad, n)
		}
	}
}

// TestDefaults: what a request leaves out is the settings', and temperature 0 turns
// the settings' penalty off.
func TestDefaults(t *testing.T) {
	s := testSettings(t)
	s.Sampling.Temperature, s.Sampling.RepeatPenalty, s.IgnoreEOS = 0.7, 1.1, true
	r, _ := parse(Text, `{"prompt":"x"}`)
	if p := s.Params(r); !reflect.DeepEqual(p, s.Sampling) || s.Most(r) != 100 || !s.IgnoresEOS(r) {
		t.Errorf("%+v", p)
	}
	r, _ = parse(Text, `{"prompt":"x","temperature":0,"max_tokens":3,"ignore_eos":false,"seed":4,"top_k":2}`)
	if p := s.Params(r); p.Temperature != 0 || p.RepeatPenalty != 1 || p.Seed != 4 || p.TopK != 2 || s.Most(r) != 3 || s.IgnoresEOS(r) {
		t.Errorf("%+v", p)
	}
	r, _ = parse(Text, `{"prompt":"x","frequency_penalty":1,"presence_penalty":2,"logit_bias":{"9":3}}`)
	if p := s.Params(r); p.FrequencyPenalty != 1 || p.PresencePenalty != 2 || len(p.Bias) != 1 || p.Bias[0].ID != 9 {
		t.Errorf("%+v", p)
	}
	r, _ = parse(Text, `{"prompt":"x","temperature":0,"repetition_penalty":1.9}`)
	if p := s.Params(r); p.RepeatPenalty != 1.9 || p.RepeatLastN != -1 {
		t.Errorf("%+v", p)
	}
}

// FuzzBody: whatever a body holds, it is a request that the settings take, or an
// error of one line with a code.
func FuzzBody(f *testing.F) {
	for _, s := range []string{`{"prompt":"x","stop":["a"],"logprobs":2}`, `{"prompt":[[1,2.0]],"max_tokens":1e1,"n":1}`, `{"prompt":"x","mxa_tokens":3}`,
		`{"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"tools":[{"a":{"b":[1,null]}}],"chat_template_kwargs":{"x":{}},"stream_options":{"include_usage":true}}`,
		`{"messages":[{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}],"logprobs":true,"top_logprobs":5}`} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	s := testSettings(f)
	f.Fuzz(func(t *testing.T, data []byte, isChat bool) {
		kind := Text
		if isChat {
			kind = Chat
		}
		r, bad := parse(kind, string(data))
		if (r == nil) == (bad == nil) {
			t.Fatalf("%+v and %v", r, bad)
		}
		if bad == nil {
			if r.Kind != kind || r.MaxTokens < 0 || r.MaxTokens > MaxTokens || r.LogProbs < -1 || r.LogProbs > MaxLogProbs || len(r.Stop) > maxStops || len(r.StopIDs) > maxStopIDs {
				t.Errorf("%+v", r)
			}
			if _, bad = s.Prompt(context.Background(), r); bad == nil {
				return
			}
		}
		if bad.Code == "" || bad.Message == "" {
			t.Errorf("%+v", bad)
		}
	})
}
