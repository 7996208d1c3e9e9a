package chat_test

import (
	"strings"
	"testing"
	"time"

	"moeflow/tokenizer/chat"
)

func render(t *testing.T, source string, o chat.Options, c chat.Conversation) string {
	t.Helper()
	tmpl, err := chat.New(source, o)
	if err != nil {
		t.Fatal(err)
	}
	text, err := tmpl.Render(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestBadTemplate(t *testing.T) {
	for source, want := range map[string]string{
		"a\n{% if x %}":         "chat template: line 2: the template ends, wanted {% elif %}",
		"{{ a | nosuch }}":      `chat template: line 1: unknown filter "nosuch"`,
		"\n\n{% include 'x' %}": `chat template: line 3: unknown tag "include"`,
	} {
		if _, err := chat.New(source, chat.Options{}); err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", source, err, want)
		}
	}
	if _, err := chat.New(strings.Repeat(" ", 2<<20), chat.Options{}); err == nil {
		t.Error("a template of 2 MiB gives no error")
	}
}

func TestRefusal(t *testing.T) {
	turns := []chat.Message{{"role": "user", "content": "a"}, {"role": "user", "content": "b"}}
	_, err := template(t, "mistral-nemo").Render(t.Context(), chat.Conversation{Messages: turns})
	want := "chat template: line 18: the template says: After the optional system message, conversation roles must alternate user/assistant/user/assistant/..."
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestValues: what the template gets, and in which order.
func TestValues(t *testing.T) {
	tool, err := chat.DecodeJSON([]byte(`{"z": 1, "a": {"y": 1.0, "b": []}}`))
	if err != nil {
		t.Fatal(err)
	}
	c := chat.Conversation{
		Messages: []chat.Message{{"name": "n", "content": "c", "role": "user", "extra": []string{"x"}}},
		Tools:    []any{tool, map[string]any{"z": 1, "a": 2}},
		Extra:    map[string]any{"flag": true, "messages": "not these", "bos_token": "nor this"},
	}
	got := render(t, "{{ messages|tojson }}{{ tools|tojson }}{{ flag }}{{ bos_token is defined }}{{ eos_token }}{{ strftime_now('%d %b %Y') }}",
		chat.Options{EOS: "<e>", Now: func() time.Time { return time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC) }}, c)
	want := `[{"role": "user", "content": "c", "extra": ["x"], "name": "n"}][{"z": 1, "a": {"y": 1.0, "b": []}}, {"a": 2, "z": 1}]TrueFalse<e>02 Jan 2026`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := render(t, "{{ tools is none }}{{ add_generation_prompt }}", chat.Options{}, chat.Conversation{}); got != "TrueFalse" {
		t.Errorf("without tools: %s", got)
	}
}
