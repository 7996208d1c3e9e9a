package jinja_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"moeflow/tokenizer/chat/jinja"
)

// What any template may take: far less on an idle machine.
const (
	mostTime   = 20 * time.Second
	mostMemory = 320 << 20 // bytes of all values, those that are garbage at once included
	mostOutput = 3 << 19
	mostError  = 300
)

// bounded parses and renders a template, and checks what that takes and that an
// error is one line.
func bounded(t *testing.T, source string, values map[string]any) (string, error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	tmpl, err := jinja.Parse(source)
	text := ""
	if err == nil {
		text, err = tmpl.Render(t.Context(), values, jinja.Options{Now: clock})
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if took > mostTime {
		t.Errorf("took %v", took)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > mostMemory {
		t.Errorf("took %d MiB, want at most %d", n>>20, mostMemory>>20)
	}
	if len(text) > mostOutput {
		t.Errorf("text of %d bytes, want at most %d", len(text), mostOutput)
	}
	if err != nil && (len(err.Error()) > mostError || !strings.HasPrefix(err.Error(), "line ") || strings.ContainsAny(err.Error(), "\n\r\x1b")) {
		t.Errorf("error %.400q, want a line that names the template's", err)
	}
	return text, err
}

// TestHostile: templates made to run for ever or to take all memory end soon,
// with an error or a text.
func TestHostile(t *testing.T) {
	data, err := os.ReadFile("testdata/hostile.txt")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{"messages": []any{map[string]any{"role": "user", "content": "hi"}}, "tools": nil}
	n, ran, ended := 0, 0, 0
	for line := range strings.Lines(string(data)) {
		name, source, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			t.Fatalf("%.80q: want a name, a tab and a template", line)
		}
		n++
		t.Run(name, func(t *testing.T) {
			_, err := bounded(t, source, values)
			ran++
			if err != nil && strings.Contains(err.Error(), "the limit of one conversation") {
				ended++
			}
		})
	}
	// The others end by themselves, or are wrong in another way.
	if n < 240 || ran == n && ended < 185 {
		t.Errorf("%d templates, of which %d were ended, want 240 and 185", n, ended)
	}
}

// TestHostileSource: templates that are large or nested as they are written.
func TestHostileSource(t *testing.T) {
	n := 100_000
	for name, source := range map[string]string{
		"size":           strings.Repeat("a", 2<<20),
		"tags":           strings.Repeat("{{a}}", n),
		"words":          "{{ [" + strings.Repeat("a,", n) + "] }}",
		"parentheses":    "{{ " + strings.Repeat("(", n) + " }}",
		"lists":          "{{ " + strings.Repeat("[", n) + " }}",
		"dictionaries":   "{{ " + strings.Repeat("{1:", n) + " }}",
		"nots":           "{{ " + strings.Repeat("not ", n) + "1 }}",
		"signs":          "{{ " + strings.Repeat("-", n) + "1 }}",
		"ifs":            strings.Repeat("{% if 1 %}", n),
		"fors":           strings.Repeat("{% for a in b %}", n),
		"elifs":          "{% if 0 %}" + strings.Repeat("{% elif 0 %}", n) + "{% endif %}",
		"sum":            "{{ 1" + strings.Repeat("+1", n/4) + " }}",
		"powers":         "{{ 2" + strings.Repeat("**1", n/4) + " }}",
		"ors":            "{{ 0" + strings.Repeat(" or 0", n/4) + " }}",
		"members":        "{{ a" + strings.Repeat("[0]", n/4) + " }}",
		"attributes":     "{{ a" + strings.Repeat(".b", n/4) + " }}",
		"calls":          "{{ a" + strings.Repeat("()", n/4) + " }}",
		"filters":        "{{ a" + strings.Repeat("|e", n) + " }}",
		"tests":          "{{ a" + strings.Repeat(" is a", n) + " }}",
		"else":           "{{ " + strings.Repeat("1 if 0 else ", n) + "1 }}",
		"slices":         "{{ a[" + strings.Repeat("a[:", n) + " }}",
		"digits":         "{{ " + strings.Repeat("9", 1_000_000) + " }}",
		"hexadecimal":    "{{ 0x" + strings.Repeat("f", 1_000_000) + " }}",
		"name":           "{{ " + strings.Repeat("a", 1_000_000) + " }}",
		"filter":         "{{ a|" + strings.Repeat("a", 1_000_000) + " }}",
		"tag":            "{% " + strings.Repeat("a", 1_000_000) + " %}",
		"string":         "{{ '" + strings.Repeat(`\`, 1_000_001) + " }}",
		"spaces":         "{%" + strings.Repeat(" ", 1_000_000) + "if %}",
		"raw":            "{% raw %}" + strings.Repeat("{%", 500_000),
		"comment":        "{#" + strings.Repeat("{#", 500_000),
		"braces":         strings.Repeat("{", 1_000_000),
		"names":          strings.Repeat("{% set a1=1 %}", 1000) + names(3000) + "{% for i in range(100000) %}{{ zzz }}{% endfor %}",
		"targets":        "{% for " + strings.Repeat("a,", n/4) + " in [range(25000)|list]*1000 %}{% endfor %}",
		"parameters":     "{% macro f(" + strings.Repeat("a,", n/4) + "a) %}{% endmacro %}{% for i in range(100000) %}{{ f() }}{% endfor %}",
		"control":        "{{ a|\x1b[2J }}",
		"unfinished tag": "{{ a" + strings.Repeat(" ", 1_000_000),
	} {
		t.Run(name, func(t *testing.T) {
			if text, err := bounded(t, source, nil); err == nil {
				t.Errorf("text of %d bytes, want an error", len(text))
			}
		})
	}
	// Strings side by side are one.
	text, err := bounded(t, "{{ ("+strings.Repeat("'ab'\n", 90_000)+")|length }}", nil)
	if err != nil || text != "180000" {
		t.Errorf("strings side by side: %q, %v, want 180000", text, err)
	}
}

func names(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("{% set v" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i%100) + " = 1 %}")
	}
	return b.String()
}

// FuzzTemplate: whatever the template, there is text or an error, soon and in
// little memory.
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
	hostile, err := os.ReadFile("testdata/hostile.txt")
	if err != nil {
		f.Fatal(err)
	}
	lines := strings.Split(string(hostile), "\n")
	for i := 0; i < len(lines); i += 10 { // TestHostile has them all
		_, source, _ := strings.Cut(lines[i], "\t")
		f.Add(source)
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
		if _, err := bounded(t, source, values); err != nil && strings.Contains(err.Error(), "template engine failed") {
			t.Error(err)
		}
	})
}
