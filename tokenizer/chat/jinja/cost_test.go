package jinja_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"moeflow/tokenizer/chat/jinja"
)

// free are filters, tests and methods that take no more time for a large value
// than for a small one, by the kind of the value. All others must be counted.
var free = map[string][]string{
	"text filter": {"attr", "d", "default", "first", "string", "safe", "abs"},
	"list filter": {"attr", "count", "d", "default", "first", "last", "length"},
	"dict filter": {"attr", "count", "d", "default", "first", "last", "length"},
	"text test": {"boolean", "callable", "defined", "undefined", "true", "false", "none", "float", "integer", "number", "string",
		"mapping", "iterable", "sequence", "escaped"},
	"list test": {"boolean", "callable", "defined", "undefined", "true", "false", "none", "float", "integer", "number", "string",
		"mapping", "iterable", "sequence", "escaped", "filter", "test", "sameas", "lower", "upper"},
	"dict test": {"boolean", "callable", "defined", "undefined", "true", "false", "none", "float", "integer", "number", "string",
		"mapping", "iterable", "sequence", "escaped", "filter", "test", "sameas", "lower", "upper"},
	"dict method": {"get", "keys", "values"}, // views share what they show
}

// refused are those that take no such value at all.
var refused = map[string][]string{
	"text filter": {"dictsort", "items", "round", "sum"},
	"list filter": {"abs", "dictsort", "indent", "items", "round", "sum"},
	"dict filter": {"abs", "indent", "round", "sum"},
	"text test":   {"divisibleby", "even", "odd"},
	"list test":   {"divisibleby", "even", "odd"},
	"dict test":   {"divisibleby", "even", "odd", "ge", "greaterthan", "gt", "le", "lessthan", "lt"},
}

// TestEverythingIsCounted goes through all filters, tests and methods with a
// large value and a small one: the large one must cost steps in proportion.
func TestEverythingIsCounted(t *testing.T) {
	const small, large = 100, 2_000
	// x is the value, y one that equals it, b a short text: what else is wanted.
	arguments := []string{"", "(y)", "(b)", "(b, b)", "(2)", "(attribute=0)", "(x ~ b)", "([y, y])", "('upper')", "('in', [y])", "(attribute='k')", "(['z'])"}
	filterNames, testNames, text, list, dict := jinja.Names()
	for _, kind := range []struct {
		name  string
		names []string
		form  string // %[1]s is the name, %[2]s its arguments
		make  func(n int) string
	}{
		{"text filter", filterNames, "{%% set z = x|%s%s %%}", textOf}, {"list filter", filterNames, "{%% set z = x|%s%s %%}", listOf},
		{"dict filter", filterNames, "{%% set z = x|%s%s %%}", dictOf},
		{"text test", testNames, "{%% set z = x is %s%s %%}", textOf}, {"list test", testNames, "{%% set z = x is %s%s %%}", listOf},
		{"dict test", testNames, "{%% set z = x is %s%s %%}", dictOf},
		{"text method", text, "{%% set z = x.%s%s %%}", textOf}, {"list method", list, "{%% set z = x.%s%s %%}", listOf},
		{"dict method", dict, "{%% set z = x.%s%s %%}", dictOf},
	} {
		few, many := values(kind.make, small), values(kind.make, large)
		for _, name := range kind.names {
			counted := slices.Contains(free[kind.name], name)
			works := counted
			for _, a := range arguments {
				if a == "" && strings.HasSuffix(kind.name, "method") {
					a = "()"
				}
				source := fmt.Sprintf(kind.form, name, a)
				low, _, err1 := jinja.Cost(source, few)
				high, _, err2 := jinja.Cost(source, many)
				works = works || err1 == nil && err2 == nil
				counted = counted || err1 == nil && err2 == nil && high-low >= (large-small)/256
			}
			if works && !counted {
				t.Errorf("%s %s costs as much for a large value as for a small one", kind.name, name)
			}
			if !works && !slices.Contains(refused[kind.name], name) {
				t.Errorf("%s %s takes none of the arguments: add some that it takes", kind.name, name)
			}
		}
	}
}

func values(of func(int) string, n int) map[string]any {
	x, err := jinja.DecodeJSON([]byte(of(n)))
	y, err2 := jinja.DecodeJSON([]byte(of(n)))
	if err != nil || err2 != nil {
		panic(fmt.Sprint(err, err2))
	}
	return map[string]any{"x": x, "y": y, "b": " b"}
}

func textOf(n int) string { return `"` + strings.Repeat("a b ", n/4) + `"` }

func listOf(n int) string { return "[" + strings.Repeat(`["a"],`, n-1) + `["z"]]` }

func dictOf(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":["a"]`, i)
	}
	return "{" + b.String()[1:] + "}"
}

// TestLongConversations: the limits grow with what a conversation holds, so that
// templates that do a usual amount of work with it do not meet them.
func TestLongConversations(t *testing.T) {
	const source = `{% set ns = namespace(last=0) %}{% for m in messages[::-1] %}{% set index = (messages|length - 1) - loop.index0 %}
{%- if m.role == 'user' and not m.content.startswith('<tool') %}{% set ns.last = index %}{% endif %}{% endfor %}
{%- for m in messages %}{% set text = m.content.split('</think>')[-1].lstrip('\n')|trim %}
{%- if loop.index0 > ns.last or loop.last %}<{{ m.role }}>{{ text|replace('a', 'b') }}{% else %}<{{ m.role ~ '>' ~ text }}{% endif %}
{%- if m.tool_calls %}{% for c in m.tool_calls %}{{ c.function|tojson }}{% for k, v in c.function.arguments|items %}{{ k }}={{ v|string }}{% endfor %}{% endfor %}{% endif %}{% endfor %}`
	call := map[string]any{"function": map[string]any{"name": "read", "arguments": map[string]any{"path": "a/b", "lines": 10}}}
	for name, c := range map[string]struct{ messages, size int }{"many": {20_000, 100}, "large": {3, 8 << 20}} {
		var messages []any
		for i := range c.messages {
			m := map[string]any{"role": []string{"user", "assistant"}[i%2], "content": strings.Repeat("word\n", c.size/5)}
			if i%2 == 1 {
				m["tool_calls"] = []any{call, call}
			}
			messages = append(messages, m)
		}
		tmpl, err := jinja.Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		text, err := tmpl.Render(t.Context(), map[string]any{"messages": messages}, jinja.Options{})
		if err != nil || len(text) < c.messages*c.size {
			t.Errorf("%s: text of %d bytes, error %v, want %d and more", name, len(text), err, c.messages*c.size)
		}
	}
}
