package serve

import (
	"strings"
	"testing"
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
	for body, want := range map[string]string{`{"type":"json_schema","json_schema":{"strict":true,"schema":{"type":"nothing"}}}`: "response_format is not served as it is", `{"type":"json_object"},` + tools: "not served yet"} {
		if r := post(t, h.URL+"/v1/chat/completions", `{`+hi+`,"response_format":`+body+`}`); r.status != 400 || !strings.Contains(r.body, want) {
			t.Errorf("%s: %d %s", body, r.status, r.body)
		}
	}
}
