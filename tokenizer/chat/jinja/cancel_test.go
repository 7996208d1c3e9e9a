package jinja_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"moeflow/tokenizer/chat/jinja"
)

// TestCancel: a rendering that would go on ends with its context, whatever it is
// busy with, and one whose context has ended does not begin.
func TestCancel(t *testing.T) {
	why := errors.New("the user has left")
	for name, source := range map[string]string{
		"loop":   "{{ stop() }}" + strings.Repeat("{% for i in range(100000) %}", 3) + strings.Repeat("{% endfor %}", 3),
		"macro":  "{% macro f(n) %}{% if n %}{{ f(n - 1) ~ f(n - 1) }}{% endif %}{% endmacro %}{{ stop() }}{{ f(90) }}",
		"filter": "{% set l = range(100000)|list %}{{ stop() }}{{ (l + l)|map('string')|map('int')|sort|join }}",
		"equal":  "{% set l = range(100000)|list %}{{ stop() }}{{ l == l|list }}",
	} {
		tmpl, err := jinja.Parse(source)
		if err != nil {
			t.Fatal(name, err)
		}
		ctx, cancel := context.WithCancelCause(context.Background())
		values := map[string]any{"stop": jinja.Function(func() { cancel(why) })}
		if text, err := tmpl.Render(ctx, values, jinja.Options{}); !errors.Is(err, why) || text != "" {
			t.Errorf("%s: text of %d bytes, error %v, want none and %v", name, len(text), err, why)
		}
		if _, err := tmpl.Render(ctx, values, jinja.Options{}); !errors.Is(err, why) {
			t.Errorf("%s: with a context that has ended: error %v, want %v", name, err, why)
		}
	}
}
