package chat_test

import (
	"reflect"
	"strings"
	"testing"

	"moeflow/tokenizer/chat"
)

// calling is a conversation in which the assistant called a tool.
func calling(arguments any) chat.Conversation {
	return chat.Conversation{AddGenerationPrompt: true, Messages: []chat.Message{
		{"role": "user", "content": "Which files are here?"},
		{"role": "assistant", "content": "", "tool_calls": []any{map[string]any{"id": "abcdef012", "type": "function",
			"function": map[string]any{"name": "list", "arguments": arguments}}}},
		{"role": "tool", "tool_call_id": "abcdef012", "content": "main.go"},
	}}
}

var toolTemplates = []string{"qwen2.5", "qwen3", "qwen3-coder", "mistral-nemo", "llama3-like"}

// TestArguments: a string of JSON says the same as the object.
func TestArguments(t *testing.T) {
	object, empty := decode(t, []byte(`{"path": "src", "all": true, "depth": 2.0, "like": ["*.go", null]}`)), map[string]any{}
	for _, name := range toolTemplates {
		tmpl := template(t, name)
		for want, forms := range map[any][]any{
			&object: {`{"path": "src", "all": true, "depth": 2.0, "like": ["*.go", null]}`, `{"path":"src","all":true,"depth":2.0,"like":["*.go",null]}`,
				" \n{\t\"path\" :\"src\" ,\r\n \"all\":true,\"depth\":2.0 ,\"like\":[ \"*.go\" , null ]}\n\n",
				`"{\"path\": \"src\", \"all\": true, \"depth\": 2.0, \"like\": [\"*.go\", null]}"`},
			&empty: {"", " \n", "{}", "{ }", nil, "null", `""`},
		} {
			c := calling(reflect.ValueOf(want).Elem().Interface())
			right, err := tmpl.Render(t.Context(), c)
			if err != nil {
				t.Fatal(name, err)
			}
			for _, form := range forms {
				if got, err := tmpl.Render(t.Context(), calling(form)); err != nil || got != right {
					t.Errorf("%s: %q gives %v\n%s\nwant\n%s", name, form, err, got, right)
				}
			}
		}
	}
	text, err := template(t, "qwen3").Render(t.Context(), calling(`{"z":1,"a":{"y":2,"b":3}}`))
	if want := `"arguments": {"z": 1, "a": {"y": 2, "b": 3}}`; err != nil || !strings.Contains(text, want) {
		t.Errorf("%s, %v: want %s, the keys in their order", text, err, want)
	}
}

// TestArgumentForms: calls without the function around them, the older field of
// one call, and calls without arguments.
func TestArgumentForms(t *testing.T) {
	const source = "{% for m in messages %}{{ m|tojson }}{% endfor %}"
	for _, c := range []struct {
		message chat.Message
		want    string
	}{
		{chat.Message{"tool_calls": []any{map[string]any{"name": "f", "arguments": `{"a":1}`}}}, `{"tool_calls": [{"arguments": {"a": 1}, "name": "f"}]}`},
		{chat.Message{"function_call": map[string]any{"name": "f", "arguments": ""}}, `{"function_call": {"arguments": {}, "name": "f"}}`},
		{chat.Message{"tool_calls": []any{map[string]any{"function": map[string]any{"name": "f"}}}}, `{"tool_calls": [{"function": {"name": "f"}}]}`},
		{chat.Message{"tool_calls": nil, "function_call": nil}, `{"function_call": null, "tool_calls": null}`},
		{chat.Message{"tool_calls": []any{}}, `{"tool_calls": []}`},
		{chat.Message{"tool_calls": "none", "function_call": "auto"}, `{"function_call": "auto", "tool_calls": "none"}`},
	} {
		if got := render(t, source, chat.Options{}, chat.Conversation{Messages: []chat.Message{c.message}}); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestArgumentsErrors(t *testing.T) {
	tmpl := template(t, "qwen3-coder")
	const at = "message 2: tool_calls[0].function.arguments: "
	for given, want := range map[any]string{
		`{"a":`:     at + "JSON: unexpected end of JSON input",
		`{"a":1}}`:  at + "JSON: invalid character '}' after top-level value",
		"src":       at + "JSON: invalid character 's' looking for beginning of value",
		"[1]":       at + "got a list, wanted an object or a string of JSON that is one",
		7:           at + "got a number, wanted an object or a string of JSON that is one",
		`"\"{}\""`:  at + "got a string, wanted an object or a string of JSON that is one",
		"true":      at + "got a bool, wanted an object or a string of JSON that is one",
		`{"a":1}\n`: at + "JSON: invalid character '\\\\' after top-level value",
	} {
		if _, err := tmpl.Render(t.Context(), calling(given)); err == nil || err.Error() != want {
			t.Errorf("%v: error %v, want %s", given, err, want)
		}
	}
}

// TestArgumentsOfCaller: what the caller handed over stays as it was.
func TestArgumentsOfCaller(t *testing.T) {
	calls := decode(t, []byte(`[{"function": {"name": "f", "arguments": "{\"a\": 1}"}}]`))
	c := chat.Conversation{Messages: []chat.Message{{"role": "developer", "content": "x"}, {"role": "assistant", "content": "", "tool_calls": calls}}}
	const source = "{% for m in messages %}{{ m.role }}{{ m.tool_calls|string }};{% endfor %}"
	want := "system;assistant[{'function': {'name': 'f', 'arguments': {'a': 1}}}];"
	for range 2 {
		if got := render(t, source, chat.Options{}, c); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := render(t, "{{ calls }}", chat.Options{}, chat.Conversation{Extra: map[string]any{"calls": calls}}); got != `[{'function': {'name': 'f', 'arguments': '{"a": 1}'}}]` {
		t.Errorf("the caller's calls are %s now", got)
	}
}
