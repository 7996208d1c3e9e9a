package chat_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"moeflow/tokenizer/chat"
)

// talk makes messages of role and content in turns.
func talk(words ...string) []chat.Message {
	var out []chat.Message
	for i := 0; i < len(words); i += 2 {
		out = append(out, chat.Message{"role": words[i], "content": words[i+1]})
	}
	return out
}

// TestRoles: what a conversation with developer messages, and with system messages
// behind the first message, is the same as.
func TestRoles(t *testing.T) {
	const merge, place = "merge", "place"
	for name, late := range map[string]string{"tiny-go": place, "qwen2.5": place, "qwen3": place, "qwen3-coder": place, "chatml": place,
		"llama3-like": place, "mistral-nemo": merge} {
		tmpl := template(t, name)
		same := func(given, wanted []chat.Message) {
			t.Helper()
			got, err := tmpl.Render(t.Context(), chat.Conversation{Messages: given, AddGenerationPrompt: true})
			want, err2 := tmpl.Render(t.Context(), chat.Conversation{Messages: wanted, AddGenerationPrompt: true})
			if err != nil || err2 != nil || got != want {
				t.Errorf("%s: %v, %v, got\n%s\nwant\n%s", name, err, err2, got, want)
			}
		}
		same(talk("developer", "Be brief.", "user", "Hi"), talk("system", "Be brief.", "user", "Hi"))
		same(talk("system", "Be kind.", "developer", "Be brief.", "user", "Hi"), talk("system", "Be kind.\n\nBe brief.", "user", "Hi"))
		same(talk("developer", "Be kind.", "developer", "Be brief.", "user", "Hi"), talk("system", "Be kind.\n\nBe brief.", "user", "Hi"))
		same(talk("developer", "", "developer", "Be brief.", "user", "Hi"), talk("system", "Be brief.", "user", "Hi"))
		given := talk("system", "Be kind.", "user", "Hi", "assistant", "Hi!", "developer", "Be brief.", "user", "Who?")
		if late == merge {
			same(given, talk("system", "Be kind.\n\nBe brief.", "user", "Hi", "assistant", "Hi!", "user", "Who?"))
			same(given[1:], talk("system", "Be brief.", "user", "Hi", "assistant", "Hi!", "user", "Who?"))
			same(talk("system", "a", "system", "b", "user", "c"), talk("system", "a\n\nb", "user", "c"))
		} else {
			same(given, talk("system", "Be kind.", "user", "Hi", "assistant", "Hi!", "system", "Be brief.", "user", "Who?"))
		}
	}
}

const shown = "{% for m in messages %}{{ m.role }}:{{ m.content if m.content is string else m.content|tojson }};{% endfor %}"

// TestRolesByTemplate: templates that know developers, refuse late system messages
// or pass over them.
func TestRolesByTemplate(t *testing.T) {
	given := talk("system", "a", "user", "b", "developer", "c", "system", "d", "user", "e")
	for name, c := range map[string]struct{ before, want string }{
		"shows":         {"", "system:a;user:b;system:c;system:d;user:e;"},
		"knows":         {"{% if messages[0].role == 'developer' %}!{% endif %}", "system:a;user:b;developer:c;system:d;user:e;"},
		"only says":     {"{# developer #}", "system:a;user:b;system:c;system:d;user:e;"},
		"refuses":       {"{% for m in messages[1:] if m.role == 'system' %}{{ raise_exception('late') }}{% endfor %}", "system:a\n\nc\n\nd;user:b;user:e;"},
		"passes over":   {"{% set messages = messages[:1] + messages[1:]|rejectattr('role', 'eq', 'system')|list %}", "system:a\n\nc\n\nd;user:b;user:e;"},
		"knows neither": {"{% if 'developer' == '' %}{% endif %}{% for m in messages[1:] if m.role == 'system' %}{{ raise_exception('late') }}{% endfor %}", "system:a\n\nd;user:b;developer:c;user:e;"},
	} {
		if got := render(t, c.before+shown, chat.Options{}, chat.Conversation{Messages: given}); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	// Contents that are parts stay parts.
	part := func(text string) any { return []any{map[string]any{"type": "text", "text": text}} }
	got := render(t, shown, chat.Options{}, chat.Conversation{Messages: []chat.Message{{"role": "system", "content": part("a")},
		{"role": "developer", "content": "b"}, {"role": "developer", "content": part("c")}, {"role": "developer"}, {"role": "user", "content": "d"}}})
	for _, text := range []string{"a", "\\n\\n", "b", "\\n\\n", "c"} {
		want := `{"text": "` + text + `", "type": "text"}`
		i := strings.Index(got, want)
		if i < 0 {
			t.Fatalf("%s is not in %s, in this order", want, got)
		}
		got = got[i+len(want):]
	}
	if got != "];user:d;" {
		t.Errorf("behind the parts is %q", got)
	}
}

// TestRolesCancelled: a context that ends while the template is tried says nothing
// of the template.
func TestRolesCancelled(t *testing.T) {
	tmpl := template(t, "qwen3")
	c := chat.Conversation{Messages: talk("user", "a", "system", "b", "user", "c")}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tmpl.Render(ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	if text, err := tmpl.Render(t.Context(), c); err != nil || !strings.Contains(text, "<|im_start|>user\na<|im_end|>\n<|im_start|>system\nb<|im_end|>") {
		t.Errorf("then %q, %v", text, err)
	}
}
