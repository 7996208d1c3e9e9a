package chat_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"moeflow/tokenizer/chat"
)

type testCase struct {
	Name                string
	Template            string
	Messages            []json.RawMessage
	Tools               []json.RawMessage
	AddGenerationPrompt bool `json:"add_generation_prompt"`
	Extra               map[string]any
}

func (c testCase) conversation(t *testing.T) chat.Conversation {
	t.Helper()
	out := chat.Conversation{AddGenerationPrompt: c.AddGenerationPrompt, Extra: c.Extra}
	for _, raw := range c.Messages {
		fields := map[string]json.RawMessage{}
		if err := json.Unmarshal(raw, &fields); err != nil {
			t.Fatal(err)
		}
		m := chat.Message{}
		for name, value := range fields {
			m[name] = decode(t, value)
		}
		out.Messages = append(out.Messages, m)
	}
	for _, raw := range c.Tools {
		out.Tools = append(out.Tools, decode(t, raw))
	}
	return out
}

func decode(t *testing.T, data []byte) any {
	t.Helper()
	v, err := chat.DecodeJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// clock is the time that tools/golden/chat.py renders at.
func clock() time.Time { return time.Date(2026, 3, 5, 7, 8, 9, 0, time.UTC) }

func template(t testing.TB, name string) *chat.Template {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("testdata", "templates", name+".jinja"))
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := chat.New(string(source), chat.Options{BOS: "<s>", EOS: "</s>", Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

// TestGolden renders real templates on conversations and compares with what
// Python's Jinja2 made of them; where that failed, this must.
func TestGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []testCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 115 {
		t.Fatalf("%d cases, want 115 and more", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			got, err := template(t, c.Template).Render(t.Context(), c.conversation(t))
			golden := filepath.Join("testdata", "golden", c.Name)
			want, missing := os.ReadFile(golden + ".txt")
			if errors.Is(missing, os.ErrNotExist) {
				why, none := os.ReadFile(golden + ".error")
				if none != nil {
					t.Fatal(none)
				}
				if err == nil {
					t.Fatalf("no error, want one like %q", why)
				}
				if !strings.Contains(err.Error(), ": line ") || strings.Contains(err.Error(), "\n") {
					t.Errorf("error %q, want one line that names the template's", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
