package jinja_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"moeflow/tokenizer/chat/jinja"
)

// clock is the time that tools/golden/chat.py renders at.
func clock() time.Time { return time.Date(2026, 3, 5, 7, 8, 9, 0, time.UTC) }

// TestSnippets compares small templates with what Python's Jinja2 makes of them:
// the same text, or an error in both.
func TestSnippets(t *testing.T) {
	data, err := os.ReadFile("testdata/snippets.json")
	if err != nil {
		t.Fatal(err)
	}
	var snippets []struct {
		Template    string
		Values      json.RawMessage
		Want, Error *string
	}
	if err := json.Unmarshal(data, &snippets); err != nil {
		t.Fatal(err)
	}
	if len(snippets) < 550 {
		t.Fatalf("%d snippets, want 550 and more", len(snippets))
	}
	for _, s := range snippets {
		values := map[string]any{}
		if s.Values != nil {
			var raw map[string]json.RawMessage
			if err := json.Unmarshal(s.Values, &raw); err != nil {
				t.Fatal(err)
			}
			for name, v := range raw {
				if values[name], err = jinja.DecodeJSON(v); err != nil {
					t.Fatal(err)
				}
			}
		}
		got, err := render(s.Template, values)
		var e *jinja.Error
		switch {
		case s.Error != nil && err == nil:
			t.Errorf("%q\n gives %q, want an error like %s", s.Template, got, *s.Error)
		case s.Error != nil && (!errors.As(err, &e) || e.Line < 1 || strings.Contains(err.Error(), "\n")):
			t.Errorf("%q\n gives error %q, want one line that names the template's", s.Template, err)
		case s.Want != nil && err != nil:
			t.Errorf("%q\n gives error %v, want %q", s.Template, err, *s.Want)
		case s.Want != nil && got != *s.Want:
			t.Errorf("%q\n gives %q\n want  %q", s.Template, got, *s.Want)
		}
	}
}

func render(source string, values map[string]any) (string, error) {
	t, err := jinja.Parse(source)
	if err != nil {
		return "", err
	}
	return t.Render(context.Background(), values, jinja.Options{Now: clock})
}
