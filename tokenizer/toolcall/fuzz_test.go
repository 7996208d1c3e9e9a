package toolcall_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"moeflow/tokenizer/toolcall"
)

// watched feeds pieces and checks what holds of any events: their order, their
// text, and that the arguments are objects.
func watched(t *testing.T, p *toolcall.Parser, pieces []string) toolcall.Message {
	t.Helper()
	var c toolcall.Collector
	started, open := 0, false
	see := func(events []toolcall.Event) {
		for _, e := range events {
			right := utf8.ValidString(e.Text) && (e.Text == "") == (e.Kind == toolcall.Start || e.Kind == toolcall.End)
			switch e.Kind {
			case toolcall.Start:
				right = right && !open && e.Index == started && e.Name != "" && e.ID != ""
				started, open = started+1, true
			case toolcall.Arguments:
				right = right && open && e.Index == started-1
			case toolcall.End:
				right = right && open && e.Index == started-1
				open = false
			default:
				right = right && !open
			}
			if !right {
				t.Fatalf("event %+v is out of place", e)
			}
		}
		c.Add(events...)
	}
	for _, piece := range pieces {
		see(p.Feed(piece))
	}
	see(p.Finish())
	if open || p.Calls() != started || p.Held() != 0 {
		t.Fatalf("at the end: a call is open: %v, %d calls and %d starts, %d bytes held", open, p.Calls(), started, p.Held())
	}
	m := c.Message()
	for _, call := range m.Calls {
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(call.Arguments), &object); err != nil || !utf8.ValidString(call.Arguments) {
			t.Fatalf("arguments %q: %v", call.Arguments, err)
		}
	}
	return m
}

// pieces cuts a text at random places, also within characters.
func pieces(text string, random *rand.Rand, most int) []string {
	var out []string
	for text != "" {
		n := min(1+random.IntN(most), len(text))
		out = append(out, text[:n])
		text = text[n:]
	}
	return out
}

func same(a, b toolcall.Message) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// FuzzChunks: rule 12: any way to cut a text gives the same message.
func FuzzChunks(f *testing.F) {
	for _, text := range []string{
		"I look.\n" + call("write_file", "path", "a/é", "content", "x\n</parameter>\n<parameter=mode>\n</function>\ny", "mode", "7"),
		function("read_file", "path", "x", "limit", "null") + "\n" + function("now"), call("typed", "list", `['a', {"b": Non`, "note", "nul", "whole", "1.0"),
		"<think>\na\n</think>\n\n<tool_call>\n" + `{"name": "now", "arguments": {"a": "b\u00e9\n", "c": [1, {}]}}` + "\n</tool_call> b",
		"<tool_call>[{\"arguments\": \"{'a': 1\", 'name': now}, {}]", "<parameter=note=x\n</param\xe4\xb8", "a \xff\xf0\x9f\x98\x80 <", "<tool_call>\n<tool_call>\n<function=now\n</function>\r\n",
		call("write_file", "content", call("now")+"\n"), "<tool_call>" + strings.Repeat(" \n", 200) + "<function=now>",
	} {
		for i := range uint8(4) {
			f.Add(text, i, uint64(i))
		}
	}
	list := tools(f)
	f.Fuzz(func(t *testing.T, text string, how uint8, seed uint64) {
		o := toolcall.Options{Format: toolcall.Format{Calls: toolcall.Calls(how % 3), Thinking: how&4 != 0}, Tools: list, InThinking: how&8 != 0}
		whole := watched(t, toolcall.New(o), []string{text})
		random := rand.New(rand.NewPCG(seed, 0))
		for _, most := range []int{1, 3, 40} {
			cut := pieces(text, random, most)
			if got := watched(t, toolcall.New(o), cut); !same(got, whole) {
				t.Errorf("%q\n gives %+v\n as %q\n gives %+v", text, whole, cut, got)
			}
		}
		// Text without a tag is content, as it is.
		if !strings.Contains(text, "<") && !o.InThinking && utf8.ValidString(text) && (whole.Content != text || len(whole.Calls) > 0) {
			t.Errorf("%q gives %+v", text, whole)
		}
	})
}

// fragments are what texts of calls are made of, whole and broken.
var fragments = []string{"<tool_call>", "</tool_call>", "<function=", "</function>", "<parameter=", "</parameter>", "<think>", "</think>", ">", "\n", " ", "\r", "\r\n",
	"<tool_call>\n<function=write_file>\n", "<function=now>", "<function=typed>\n", "<function=unknown>", "<parameter=path>\n", "<parameter=mode>", "<parameter=content>\n",
	"<parameter=note>", "<parameter=list>", "<parameter=object>\n", "<parameter=x>", "\n</parameter>\n", "</parameter>\n</function>\n</tool_call>", "<parameter=mode=", "<parameter name=\"path\">",
	"<parameter=path\n", "<function=now\n", "<", "</", "<p", "</t", "<tool", "write_file", "now", "path", "mode", "null", "true", "7", "=", "a", "é", "\xe4", "\xb8", "\xff", "\\", "\"", "'",
	"{", "}", "[", "]", ",", ":", `"name": "now"`, `"arguments": {`, `{"name": "typed", "arguments": {"a": `, `"name"`, `"arguments"`, `"{\"a\": 1}"`, `\u00`, "e9", "-1.5", "None",
	strings.Repeat(" ", 70), strings.Repeat("\n", 300), "text with words "}

// FuzzFragments is FuzzChunks with texts of such fragments.
func FuzzFragments(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		data := make([]byte, 4+random.IntN(40))
		for i := range data {
			data[i] = byte(random.IntN(len(fragments)))
		}
		f.Add(data, uint8(random.IntN(16)), random.Uint64())
	}
	list := tools(f)
	f.Fuzz(func(t *testing.T, data []byte, how uint8, seed uint64) {
		var b strings.Builder
		for _, c := range data {
			b.WriteString(fragments[int(c)%len(fragments)])
		}
		text := b.String()
		o := toolcall.Options{Format: toolcall.Format{Calls: toolcall.Calls(how % 3), Thinking: how&4 != 0}, Tools: list, InThinking: how&8 != 0}
		whole := watched(t, toolcall.New(o), []string{text})
		random := rand.New(rand.NewPCG(seed, 0))
		for _, most := range []int{1, 5, 60} {
			cut := pieces(text, random, most)
			if got := watched(t, toolcall.New(o), cut); !same(got, whole) {
				t.Errorf("%q\n gives %+v\n as %q\n gives %+v", text, whole, cut, got)
			}
		}
	})
}

// FuzzValues: what a call was written with is what is read, as long as the values
// hold no tags.
func FuzzValues(f *testing.F) {
	f.Add("a.go", "package a\n\nvar s = \"<b>\"\n", int64(420), "I write.", uint64(1))
	f.Add("", "\n", int64(-1), "", uint64(2))
	f.Add("null", "\r\n{", int64(0), " ", uint64(3))
	list := tools(f)
	f.Fuzz(func(t *testing.T, path, content string, mode int64, before string, seed uint64) {
		for _, s := range []string{path, content, before} {
			for _, tag := range []string{"<tool_call", "</tool_call", "<function", "</function", "<parameter", "</parameter", "<t", "</", "<f", "<p"} {
				if strings.Contains(s, tag) || strings.HasSuffix(s, "\r") || !utf8.ValidString(s) {
					t.Skip()
				}
			}
		}
		number, err := json.Marshal(mode)
		if err != nil {
			t.Fatal(err)
		}
		arguments := object("path", quote(path), "content", quote(content), "mode", string(number))
		for _, c := range []struct {
			format toolcall.Format
			text   string
		}{
			{xml, before + call("write_file", "path", path, "content", content, "mode", string(number))},
			{hermes, before + "<tool_call>\n{\"name\": \"write_file\", \"arguments\": " + arguments + "}\n</tool_call>"},
		} {
			p := toolcall.New(toolcall.Options{Format: c.format, Tools: list})
			m := watched(t, p, pieces(c.text, rand.New(rand.NewPCG(seed, 1)), 9))
			var got, want any
			if len(m.Calls) != 1 || json.Unmarshal([]byte(m.Calls[0].Arguments), &got) != nil || json.Unmarshal([]byte(arguments), &want) != nil {
				t.Fatalf("%q gives %+v", c.text, m)
			}
			x, _ := json.Marshal(got)
			y, _ := json.Marshal(want)
			if string(x) != string(y) || strings.TrimRight(m.Content, " \t\r\n") != strings.TrimRight(before, " \t\r\n") {
				t.Errorf("%q gives %+v, want %s", c.text, m, arguments)
			}
		}
	})
}

// TestLinear: a long text costs in proportion, also in small pieces.
func TestLinear(t *testing.T) {
	long := strings.Repeat("x < y </parameter>\n<parameter=z>\n\n", 60_000)
	for name, text := range map[string]string{
		"value":   "<tool_call>\n<function=write_file>\n<parameter=content>\n" + long,
		"content": long, "json": `<tool_call>{"name": "now", "arguments": {"a": "` + long, "list": "<tool_call>\n<function=typed>\n<parameter=list>\n[" + strings.Repeat(`"a", `, 200_000),
		"held": `<tool_call>{"arguments": {"a": "` + long,
	} {
		format := xml
		if strings.HasPrefix(text, "<tool_call>{") {
			format = hermes
		}
		p := toolcall.New(toolcall.Options{Format: format, Tools: tools(t)})
		for from := 0; from < len(text); from += 5 {
			p.Feed(text[from:min(from+5, len(text))])
		}
		p.Finish()
		if m := toolcall.Read(text, toolcall.Options{Format: format, Tools: tools(t)}); len(m.Content)+len(m.Calls) == 0 {
			t.Errorf("%s: nothing was read", name)
		}
	}
}
