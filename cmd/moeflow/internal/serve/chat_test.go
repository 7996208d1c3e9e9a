package serve

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/openai"
)

var errStop = errors.New("the engine stopped")

const hi = `"messages":[{"role":"user","content":"hi"}]`

// text joins what a stream says, for each choice.
func text(list []openai.Body) (texts, finish map[int]string) {
	texts, finish = map[int]string{}, map[int]string{}
	for _, b := range list {
		for _, c := range b.Choices {
			if c.Delta != nil && c.Delta.Content != nil {
				texts[c.Index] += *c.Delta.Content
			}
			if c.Text != nil {
				texts[c.Index] += *c.Text
			}
			if c.Finish != nil {
				finish[c.Index] = *c.Finish
			}
		}
	}
	return texts, finish
}

func TestChat(t *testing.T) {
	h, e := start(t, Options{}, "Hello, world. STOP here")
	r := post(t, h.URL+"/v1/chat/completions", `{`+hi+`,"model":"gpt-5","stop":"STOP","seed":7}`)
	b := decode[openai.Body](t, r.body)
	if r.status != 200 || b.Object != "chat.completion" || b.Model != "coder" || b.Choices[0].Message.Content != "Hello, world. " || *b.Choices[0].Finish != "stop" {
		t.Errorf("%d %s", r.status, r.body)
	}
	q := e.last()
	if u := b.Usage; u.Prompt != len(q.IDs) || u.Details.Cached != len(q.IDs)/2 || u.Completion == 0 || u.Total != u.Prompt+u.Completion {
		t.Errorf("usage %+v of a prompt of %d tokens", u, len(q.IDs))
	}
	if !strings.Contains(r.body, `"timings":{"cache_n":`) || q.Sampling.Seed != 7 || !strings.Contains(e.prompt(), "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n") {
		t.Errorf("%s\nseed %d, prompt %s", r.body, q.Sampling.Seed, e.prompt())
	}
	// The same as a stream.
	r = post(t, h.URL+"/v1/chat/completions", `{`+hi+`,"stop":["STOP"],"stream":true,"stream_options":{"include_usage":true}}`)
	list := chunksOf(t, r)
	texts, finish := text(list)
	if texts[0] != "Hello, world. " || finish[0] != "stop" {
		t.Errorf("%v, %v", texts, finish)
	}
	first, last := list[0], list[len(list)-1]
	if d := first.Choices[0].Delta; d.Role != "assistant" || len(last.Choices) != 0 || last.Usage == nil || last.Usage.Completion != b.Usage.Completion {
		t.Errorf("first chunk %+v, last %+v", first, last)
	}
	for _, c := range list[1 : len(list)-2] {
		if len(c.Choices) != 1 || *c.Choices[0].Delta.Content == "" {
			t.Errorf("an empty chunk: %+v", c)
		}
	}
	if r.header.Get("Cache-Control") != "no-cache, no-transform" || r.header.Get("X-Request-Id") == "" {
		t.Errorf("headers %v", r.header)
	}
	if list := chunksOf(t, post(t, h.URL+"/v1/chat/completions", `{`+hi+`,"stream":true}`)); list[len(list)-1].Usage != nil {
		t.Error("usage was not asked for")
	}
}

// TestFields: what reaches the engine of the fields that clients send.
func TestFields(t *testing.T) {
	h, e := start(t, Options{}, "a b c d e f")
	post(t, h.URL+"/v1/chat/completions", `{`+hi+`,"max_completion_tokens":3,"temperature":0.5,"top_k":7,"top_p":0.9,"min_p":0.1,"repetition_penalty":1.1,
		"presence_penalty":0.2,"frequency_penalty":0.3,"logit_bias":{"5":-100},"ignore_eos":true,"stop_token_ids":[9],"logprobs":true,"top_logprobs":2,
		"chat_template_kwargs":{"x":1},"prompt_cache_key":"k","parallel_tool_calls":true,"stroe":1,"provider":{"order":["x"]},"reasoning_effort":"low","user":"u"}`)
	q := e.last()
	if p := q.Sampling; p.Temperature != 0.5 || p.TopK != 7 || p.TopP != 0.9 || p.MinP != 0.1 || p.RepeatPenalty != 1.1 || p.RepeatLastN != -1 ||
		p.PresencePenalty != 0.2 || p.FrequencyPenalty != 0.3 || len(p.Bias) != 1 {
		t.Errorf("sampling %+v", p)
	}
	if q.MaxTokens != 3 || !q.IgnoreEOG || !q.LogProbs || q.Top != 2 || q.Stop == nil || !q.Stop(9) {
		t.Errorf("%+v", q)
	}
	seeds := map[uint64]bool{}
	for range 3 {
		post(t, h.URL+"/v1/completions", `{"prompt":"x"}`)
		seeds[e.last().Sampling.Seed] = true
	}
	if len(seeds) != 3 {
		t.Errorf("requests without a seed got %v", seeds)
	}
	if want := 2048 - 1 + 1; e.last().MaxTokens != min(want, 1024) {
		t.Errorf("max_tokens %d", e.last().MaxTokens)
	}
}

func TestSeveralAnswers(t *testing.T) {
	h, e := start(t, Options{}, "one", "two", "three")
	b := decode[openai.Body](t, post(t, h.URL+"/v1/chat/completions", `{`+hi+`,"n":3,"seed":5}`).body)
	for i, want := range []string{"one", "two", "three"} {
		if c := b.Choices[i]; c.Index != i || c.Message.Content != want || e.asked[i].Sampling.Seed != uint64(5+i) {
			t.Errorf("choice %d: %+v", i, c)
		}
	}
	texts, finish := text(chunksOf(t, post(t, h.URL+"/v1/completions", `{"prompt":"x","n":2,"stream":true}`)))
	if texts[0] != "three" || texts[1] != "three" || finish[0] != "stop" || finish[1] != "stop" {
		t.Errorf("%v %v", texts, finish)
	}
}

func TestLogProbs(t *testing.T) {
	h, _ := start(t, Options{}, "a b\n\nc")
	whole := post(t, h.URL+"/v1/chat/completions", `{`+hi+`,"logprobs":true,"top_logprobs":1}`)
	want := strings.Count(whole.body, `"bytes"`)
	got := 0
	for _, b := range chunksOf(t, post(t, h.URL+"/v1/chat/completions", `{`+hi+`,"logprobs":true,"top_logprobs":1,"stream":true}`)) {
		got += strings.Count(fmt.Sprint(b.Choices[0].LogProbs), "bytes")
	}
	if want < 6 || got != want {
		t.Errorf("%d log probabilities in the stream, %d in %s", got, want, whole.body)
	}
}

// TestText: echo, and the text between two others.
func TestText(t *testing.T) {
	h, e := start(t, Options{}, "func")
	if b := decode[openai.Body](t, post(t, h.URL+"/v1/completions", `{"prompt":"main ","echo":true}`).body); *b.Choices[0].Text != "main func" || b.Object != "text_completion" {
		t.Errorf("%q", *b.Choices[0].Text)
	}
	if texts, _ := text(chunksOf(t, post(t, h.URL+"/v1/completions", `{"prompt":"main ","echo":true,"stream":true}`))); texts[0] != "main func" {
		t.Errorf("%v", texts)
	}
	post(t, h.URL+"/v1/completions", `{"prompt":"<|im_end|>before","suffix":"after"}`)
	tok := e.m.Settings.Tokenizer
	want := append(append([]int32{1}, tok.Encode("<|im_end|>before", false)...), 2)
	want = append(append(want, tok.Encode("after", false)...), 3)
	if got := e.last().IDs; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestContinue(t *testing.T) {
	h, e := start(t, Options{}, " world")
	post(t, h.URL+"/v1/chat/completions", `{"messages":[{"role":"user","content":"greet"},{"role":"assistant","content":"Hello,"}],"continue_final_message":true,"add_generation_prompt":false}`)
	if p := e.prompt(); !strings.HasSuffix(p, "<|im_start|>assistant\nHello,") {
		t.Errorf("prompt %q", p)
	}
}

func TestErrors(t *testing.T) {
	h, _ := start(t, Options{Strict: true, MaxBody: 20000}, "x")
	long := strings.Repeat("word ", 3000)
	for _, c := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"chat/completions", `{` + hi + `}`, 404, `"code":"model_not_found"`},
		{"chat/completions", `{"model":"coder"}`, 400, `messages is missing`},
		{"chat/completions", `{"model":"coder",` + hi + `,"n":0}`, 400, `"param":"n"`},
		{"chat/completions", `{"model":"coder",` + hi + `,"audio":{"a":1}}`, 400, `"code":"unsupported_parameter"`},
		{"chat/completions", `{"model":"coder",` + hi + `,"response_format":{"type":"x"}}`, 400, `response_format is`},
		{"chat/completions", `{"model":"coder","messages":[{"role":"user","content":[{"type":"image_url"}]}]}`, 400, `messages[0].content[0].type`},
		{"chat/completions", `{"model":"coder","messages":[{"role":"user","content":"` + long + `"}]}`, 400, `"code":"context_length_exceeded"`},
		{"chat/completions", `{"model":"coder","messages":[{"role":"user","content":"` + long + long + `"}]}`, 413, `more than 20000 bytes`},
		{"chat/completions", `{"model":"coder",` + hi + `,"tool_choice":"required"}`, 400, `tools is empty`},
		{"completions", `[]`, 400, `want a JSON object`},
		{"completions", `{"model":"coder","prompt":["a","b"]}`, 400, `prompt is a list of 2`},
		{"completions", `{"model":"coder","prompt":"x","echo":true,"logprobs":1}`, 400, `not served`},
		{"embeddings", `{}`, 400, `/v1/embeddings is not served`},
		{"nothing", `{}`, 404, `not_found_error`},
		{"models", `{}`, 405, `takes GET, not POST`},
	} {
		r := post(t, h.URL+"/v1/"+c.path, c.body)
		e := decode[struct {
			Error struct{ Message, Type string }
		}](t, r.body)
		if r.status != c.status || !strings.Contains(r.body, c.want) || e.Error.Message == "" || e.Error.Type == "" || r.header.Get("X-Request-Id") == "" {
			t.Errorf("%s %.100s: %d %s, want %d %s", c.path, c.body, r.status, r.body, c.status, c.want)
		}
	}
}

// TestEngineErrors: what an engine refuses, and what it fails on.
func TestEngineErrors(t *testing.T) {
	for _, c := range []struct {
		fail, lost error
		status     int
		want       string
	}{
		{fail: &engine.PromptError{Err: errors.New("token 1 is bad")}, status: 400, want: "token 1 is bad"},
		{fail: generate.ErrFull, status: 429, want: "too many requests wait"},
		{fail: generate.ErrClosed, status: 503, want: "shutting down"},
		{lost: errors.New("the device was lost"), status: 500, want: "the device was lost"},
	} {
		h, e := start(t, Options{}, "")
		e.fail, e.lost, e.slow = c.fail, c.lost, true
		for _, stream := range []string{"", `,"stream":true`} {
			r := post(t, h.URL+"/v1/completions", `{"prompt":"x"`+stream+`}`)
			if r.status != c.status || !strings.Contains(r.body, c.want) || c.status == 429 && r.header.Get("Retry-After") != "1" {
				t.Errorf("%v: %d %s", c, r.status, r.body)
			}
		}
	}
	// An error behind the first token is an event.
	h, e := start(t, Options{}, "some text")
	e.lost = errors.New("the device was lost")
	list := eventsOf(t, post(t, h.URL+"/v1/completions", `{"prompt":"x","stream":true}`))
	if n := len(list); n < 3 || !strings.Contains(list[n-2].data, `"error":{"code":"engine_error"`) || list[n-1].data != "[DONE]" {
		t.Errorf("%v", list)
	}
}
