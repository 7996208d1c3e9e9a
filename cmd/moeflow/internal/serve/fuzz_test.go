package serve

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzBodies: whatever a body holds, the answer is one, or an error of the client's
// in the form of the interface; never a failure of the server.
func FuzzBodies(f *testing.F) {
	paths := []string{"/v1/chat/completions", "/v1/completions", "/v1/messages", "/v1/responses", "/tokenize", "/detokenize", "/apply-template", "/v1/messages/count_tokens"}
	for i, body := range []string{`{` + hi + `,` + tools + `}`, `{"prompt":"x","suffix":"y","n":2}`, `{` + hi + `,"max_tokens":5,` + anthropicTools + `,"system":[{"type":"text","text":"x"}]}`,
		codex + `}`, `{"content":"x"}`, `{"tokens":[1,2]}`, `{` + hi + `}`, `{"messages":[{"role":"user","content":[{"type":"tool_result","content":"x"}]}]}`,
		`{"messages":[{"role":"assistant","content":"a"}],"continue_final_message":true}`, `{"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"x","arguments":"{"}}]}]}`} {
		f.Add(byte(i), body)
	}
	m := served(f, "qwen3-coder")
	s := New(Options{})
	s.Ready(m, &scripted{m: m, texts: []string{called}})
	f.Fuzz(func(t *testing.T, path byte, body string) {
		p := paths[int(path)%len(paths)]
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("POST", p, strings.NewReader(body)))
		switch {
		case strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream"):
		case !json.Valid(w.Body.Bytes()):
			t.Fatalf("%s %q: no JSON: %s", p, body, w.Body)
		case w.Code >= 500 || w.Code != 200 && !strings.Contains(w.Body.String(), `"error":{`):
			t.Fatalf("%s %q: %d %s", p, body, w.Code, w.Body)
		}
	})
}
