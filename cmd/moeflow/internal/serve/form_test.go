package serve

import (
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/openai"
)

func TestForm(t *testing.T) {
	m := served(t, "qwen3-coder")
	var err error
	if m.Vocabulary, err = NewVocabulary(&m.Settings, m.Settings.Tokenizer.VocabSize()); err != nil {
		t.Fatal(err)
	}
	h, e := startModel(t, Options{}, m, "x")
	tok := m.Settings.Tokenizer
	for _, form := range []string{`{"type":"json_object"}`, `{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}}}`} {
		if r := post(t, h.URL+"/v1/chat/completions", `{`+hi+`,"response_format":`+form+`}`); r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		allow := e.last().Allow
		if first := allow(nil); !first.Has(tok.Encode("{", false)[0]) || first.Has(tok.Encode("x", false)[0]) || first.Has(tok.EOGs()[0]) {
			t.Errorf("%s: the first token may be the wrong ones", form)
		}
		if last := allow(tok.Encode(`{"a":7}`, false)); !last.Has(tok.EOGs()[0]) || last.Has(tok.Encode("x", false)[0]) {
			t.Errorf("%s: a whole object may not end", form)
		}
	}
	post(t, h.URL+"/v1/responses", `{"input":"x","text":{"format":{"type":"json_schema","name":"n","strict":true,"schema":{"type":"array"}}}}`)
	if first := e.last().Allow(nil); !first.Has(tok.Encode("[", false)[0]) || first.Has(tok.Encode("{", false)[0]) {
		t.Error("responses: the schema does not hold")
	}
	for body, want := range map[string]string{`{"type":"json_schema","json_schema":{"strict":true,"schema":{"type":"nothing"}}}`: "response_format is not served as it is", `{"type":"json_object"},` + tools: "not served yet"} {
		if r := post(t, h.URL+"/v1/chat/completions", `{`+hi+`,"response_format":`+body+`}`); r.status != 400 || !strings.Contains(r.body, want) {
			t.Errorf("%s: %d %s", body, r.status, r.body)
		}
	}
}

// TestRequired: the model has to call a tool, and may choose which.
func TestRequired(t *testing.T) {
	for template, say := range map[string]string{"qwen3-coder": "now>\n</function>\n</tool_call>", "qwen3": "now\", \"arguments\": {}}\n</tool_call>"} {
		m := served(t, template)
		var err error
		if m.Vocabulary, err = NewVocabulary(&m.Settings, m.Settings.Tokenizer.VocabSize()); err != nil {
			t.Fatal(err)
		}
		h, e := startModel(t, Options{}, m, say)
		b := decode[openai.Body](t, post(t, h.URL+"/v1/chat/completions", `{`+hi+`,`+tools+`,"tool_choice":"required"}`).body)
		if c := b.Choices[0].Message.ToolCalls; len(c) != 1 || c[0].Function != (openai.Function{Name: "now", Arguments: "{}"}) {
			t.Errorf("%s: %+v", template, b.Choices[0].Message)
		}
		tok, allow := m.Settings.Tokenizer, e.last().Allow
		if first := allow(nil); !first.Has(tok.Encode("read", false)[0]) || !first.Has(tok.Encode("n", false)[0]) || first.Has(tok.Encode("x", false)[0]) {
			t.Errorf("%s: the name may be that of no tool", template)
		}
		if then := allow(tok.Encode(say, false)); !then.Has(tok.Encode("x", false)[0]) || !then.Has(tok.EOGs()[0]) {
			t.Errorf("%s: behind the name not all may come", template)
		}
	}
}
