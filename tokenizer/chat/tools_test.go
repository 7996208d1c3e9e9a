package chat_test

import (
	"os"
	"strings"
	"testing"

	"moeflow/tokenizer/chat"
)

func TestParseTools(t *testing.T) {
	const text = `[{"type": "function", "function": {"z": 1, "a": [null, 2.50, 12345678901234567890], "é": {}}}, {}]`
	tools, err := chat.ParseTools([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	got := render(t, "{{ tools|tojson }}", chat.Options{}, chat.Conversation{Tools: tools})
	if want := strings.Replace(text, "2.50", "2.5", 1); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, none := range []string{"null", "[]", " [ ] "} {
		if tools, err := chat.ParseTools([]byte(none)); err != nil || len(tools) != 0 {
			t.Errorf("%s: %v, %v, want no tools", none, tools, err)
		}
	}
}

func TestParseToolsErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":            "tools: JSON: unexpected end of JSON input",
		"[{}":         "tools: JSON: unexpected end of JSON input",
		"[{}]]":       "tools: JSON: invalid character ']' after top-level value",
		"[{}] 1":      "tools: JSON: invalid character '1' after top-level value",
		`{"a": 1}`:    "tools: got an object, wanted a JSON list of objects",
		`"a"`:         "tools: got a string, wanted a JSON list of objects",
		"7":           "tools: got a number, wanted a JSON list of objects",
		"true":        "tools: got a bool, wanted a JSON list of objects",
		"[{}, [1]]":   "tools: tool 2 is a list, wanted an object",
		"[{}, null]":  "tools: tool 2 is null, wanted an object",
		`[{"a": }]`:   "tools: JSON: invalid character '}' looking for beginning of value",
		"[{}, 1e400]": "tools: tool 2 is a number, wanted an object",
	} {
		if _, err := chat.ParseTools([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
	}
}

// TestDeepJSON: text that is brackets alone must not overflow the stack, which
// no program survives.
func TestDeepJSON(t *testing.T) {
	for _, open := range []string{"[", `{"a":`} {
		_, err := chat.DecodeJSON([]byte(strings.Repeat(open, 10_000_000)))
		if err == nil || !strings.Contains(err.Error(), "depth") {
			t.Errorf("%s, 10,000,000 deep: error %v, want one of the depth", open, err)
		}
	}
	// As deep as reading allows: rendering must refuse it or write it.
	const deep = 9_990
	v, err := chat.DecodeJSON([]byte(strings.Repeat("[", deep) + strings.Repeat("]", deep)))
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{"{{ messages|tojson }}", "{{ messages }}", "{{ messages == messages|list }}"} {
		tmpl, err := chat.New(source, chat.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = tmpl.Render(t.Context(), chat.Conversation{Messages: []chat.Message{{"role": "user", "content": v}}})
		if err != nil && (strings.Contains(err.Error(), "\n") || len(err.Error()) > 300) {
			t.Errorf("%s: error %.400q, want one short line", source, err)
		}
	}
}

// FuzzRender: whatever a conversation holds, every template gives the same text
// twice or an error of one line.
func FuzzRender(f *testing.F) {
	names := []string{"tiny-go", "qwen2.5", "qwen3", "qwen3-coder", "mistral-nemo", "llama3-like", "chatml"}
	templates := make([]*chat.Template, len(names))
	for i, name := range names {
		templates[i] = template(f, name)
	}
	files, err := os.ReadDir("testdata/templates")
	if err != nil || len(files) != len(names) {
		f.Fatalf("%d templates, want %d (%v)", len(files), len(names), err)
	}
	for i := range names {
		f.Add(uint8(i), "system", "Be brief.", []byte(`"a"`), []byte(`[{"function": {"name": "f", "arguments": {"x": [1, null]}}}]`), []byte(`[{"type": "function", "function": {"name": "f", "parameters": {"properties": {"x": {"type": ["a"]}}}}}]`), true)
	}
	f.Fuzz(func(t *testing.T, which uint8, role, text string, content, calls, tools []byte, prompt bool) {
		c := chat.Conversation{AddGenerationPrompt: prompt, Messages: []chat.Message{{"role": role, "content": text}, {"role": "user", "content": text}}}
		answer := chat.Message{"role": "assistant", "content": text}
		if v, err := chat.DecodeJSON(content); err == nil {
			answer["content"] = v
		}
		if v, err := chat.DecodeJSON(calls); err == nil {
			answer["tool_calls"] = v
		}
		c.Messages = append(c.Messages, answer, chat.Message{"role": "tool", "content": answer["content"]}, chat.Message{"role": role})
		list, err := chat.ParseTools(tools)
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("error of several lines: %q", err)
		}
		c.Tools = list
		tmpl := templates[int(which)%len(templates)]
		first, err := tmpl.Render(t.Context(), c)
		if err != nil {
			if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "template engine failed") {
				t.Errorf("error %q, want one line that names a cause", err)
			}
			return
		}
		if second, err := tmpl.Render(t.Context(), c); err != nil || second != first {
			t.Errorf("second rendering: %q, %v; the first: %q", second, err, first)
		}
	})
}
