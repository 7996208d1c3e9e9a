package jinja_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"moeflow/tokenizer/chat/jinja"
)

// TestLimits gives templates that would run for ever, take all memory or
// overflow the stack. Each must end soon with an error.
func TestLimits(t *testing.T) {
	loops := func(n int, body string) string {
		return strings.Repeat("{% for i in range(100000) %}", n) + body + strings.Repeat("{% endfor %}", n)
	}
	ns := "{% set ns = namespace(x='ab', l=[1,2]) %}"
	for name, source := range map[string]string{
		"loops":          loops(5, ""),
		"output":         loops(3, strings.Repeat("text", 1000)),
		"macro":          "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
		"macros":         "{% macro f(x) %}{{ f(x ~ 1) ~ f(x ~ 2) }}{% endmacro %}{{ f(1) }}",
		"caller":         "{% macro f() %}{% call f() %}{{ caller() }}{% endcall %}{% endmacro %}{{ f() }}",
		"recursive loop": "{% for i in [[1]] recursive %}{{ loop([i]) }}{% endfor %}",
		"doubling":       ns + loops(1, "{% set ns.x = ns.x ~ ns.x %}"),
		"doubled list":   ns + loops(1, "{% set ns.l = ns.l + ns.l %}"),
		"repeat":         "{{ 'a' * 100000000000 }}",
		"repeat list":    "{{ [1] * 100000000000 }}",
		"replace":        ns + "{% set x = 'a' * 1000000 %}{{ x|replace('a', x) }}",
		"replace nobody": "{% set x = 'a' * 1000000 %}{{ x.replace('', x) }}",
		"center":         "{{ 'a'|center(100000000000) }}",
		"zfill":          "{{ 'a'.zfill(100000000000) }}",
		"indent":         "{{ 'a\\nb'|indent(100000000000) }}",
		"indents":        "{% set x = 'a\\n' * 1000000 %}{{ x|indent(1000000) }}",
		"printf":         "{{ '%1000000000d' % 1 }}",
		"precision":      "{{ '%.1000000000f' % 1 }}",
		"power":          "{{ 10 ** 1000000000 }}",
		"join":           "{% set x = 'a' * 1000000 %}{{ ([x] * 1000)|join(x) }}",
		"batch":          "{{ [1]|batch(100000000000, 0)|list }}",
		"range":          "{{ range(100000000000)|list }}",
		"json":           ns + loops(1, "{% set ns.l = [ns.l, ns.l] %}") + "{{ ns.l|tojson }}",
		"self":           ns + "{% set ns.l = [ns] %}{{ ns }}",
		"deep value":     ns + loops(1, "{% set ns.l = [ns.l] %}") + "{{ ns.l }}",
		"deep equal":     ns + loops(1, "{% set ns.l = [ns.l] %}") + "{{ ns.l == [ns.l] }}",
		"wide equal":     ns + "{% set a = [1] %}{% set b = [1] %}" + strings.Repeat("{% set a = [a, a] %}{% set b = [b, b] %}", 60) + "{{ a == b }}",
		"parentheses":    "{{ " + strings.Repeat("(", 100000) + " }}",
		"lists":          "{{ " + strings.Repeat("[", 100000) + " }}",
		"nots":           "{{ " + strings.Repeat("not ", 100000) + "1 }}",
		"signs":          "{{ " + strings.Repeat("-", 100000) + "1 }}",
		"ifs":            strings.Repeat("{% if 1 %}", 100000),
		"elifs":          "{% if 0 %}" + strings.Repeat("{% elif 0 %}", 100000) + "{% endif %}",
		"sum":            "{{ 1" + strings.Repeat("+1", 100000) + " }}",
		"members":        "{{ a" + strings.Repeat("[0]", 100000) + " }}",
		"filters":        "{{ a" + strings.Repeat("|e", 100000) + " }}",
		"else":           "{{ " + strings.Repeat("1 if 0 else ", 100000) + "1 }}",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := render(source, nil)
			if err == nil {
				t.Error("no error")
			} else if len(err.Error()) > 300 || !strings.HasPrefix(err.Error(), "line ") {
				t.Errorf("error is %.400q, want a short one that names the line", err)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// FuzzTemplate: whatever the template, there is text or an error, soon.
func FuzzTemplate(f *testing.F) {
	f.Add("{% for m in messages %}{{ m.role|upper ~ m['content'][::-1] }}{% if loop.last %}!{% endif %}{% endfor %}")
	f.Add("{% macro a(x, y=1) %}{{ x + y }}{% endmacro %}{{ a(1) }}{{ a(2, y=3)|tojson(indent=2) }}")
	f.Add("{%- set ns = namespace(i=0) -%}{% for k, v in d|dictsort if v is mapping %}{% set ns.i = ns.i + 1 %}{% else %}-{% endfor %}")
	f.Add("{% raw %}{{ x }}{% endraw %}{# c -#} {{ 'a%sb' % 5 }}{{ \"\\u00e9\".split()|join(',') }}")
	f.Add("{% call(x) f() %}{% endcall %}{% filter trim %} a {% endfilter %}{% set y %}b{% endset %}{{ y }}")
	f.Add("{{ 7 // 0 }}{{ 1e5 ** -3 }}{{ [1,2,3][5:0:-2]|sum }}{{ strftime_now('%-d %b') }}")
	real, err := filepath.Glob("../testdata/templates/*.jinja")
	if err != nil || len(real) == 0 {
		f.Fatal("no templates", err)
	}
	for _, name := range real {
		source, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(source))
	}
	tool := map[string]any{"name": "f", "parameters": map[string]any{"properties": map[string]any{"x": map[string]any{"type": "string"}}}}
	values := map[string]any{
		"messages": []any{
			map[string]any{"role": "user", "content": "hi é"},
			map[string]any{"role": "assistant", "content": "", "tool_calls": []any{map[string]any{"function": map[string]any{"name": "f", "arguments": map[string]any{"x": "y"}}}}},
			map[string]any{"role": "tool", "content": "z"},
		},
		"tools": []any{map[string]any{"type": "function", "function": tool}}, "add_generation_prompt": true,
		"d": map[string]any{"a": 1, "b": map[string]any{"c": 2.5}},
	}
	f.Fuzz(func(t *testing.T, source string) {
		start := time.Now()
		tmpl, err := jinja.Parse(source)
		if err == nil {
			_, err = tmpl.Render(t.Context(), values, jinja.Options{Now: clock})
		}
		if err != nil && (strings.Contains(err.Error(), "template engine failed") || strings.Contains(err.Error(), "\n")) {
			t.Error(err)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
