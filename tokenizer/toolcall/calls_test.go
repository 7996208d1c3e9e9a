package toolcall_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"moeflow/tokenizer/chat"
	"moeflow/tokenizer/toolcall"
)

// Rule 6: what is missing or malformed is repaired.
func TestRepairs(t *testing.T) {
	o := toolcall.Options{Format: xml, Tools: tools(t)}
	both := []string{"write_file", `{"path":"f","content":"x\ny"}`}
	const open = "<tool_call>\n<function=write_file>\n"
	const path, content = "<parameter=path>\nf\n", "<parameter=content>\nx\ny\n"
	const endP, endF, endC = "</parameter>\n", "</function>\n", "</tool_call>"
	for name, text := range map[string]string{
		"parameter's end":        open + path + content + endP + endF + endC,
		"all parameters' ends":   open + path + content + endF + endC,
		"last parameter's end":   open + path + endP + content + endF + endC,
		"function's end":         open + path + endP + content + endP + endC,
		"both ends":              open + path + endP + content + endC,
		"call's end":             open + path + endP + content + endP + endF,
		"all ends":               open + path + content,
		"parameter and call":     open + path + endP + content + endF,
		"end of function broken": open + path + endP + content + endP + "</func",
		"end broken":             open + path + endP + content + "</param",
		"with an equals sign":    open + "<parameter=path=\nf\n" + endP + "<parameter=content=>\nx\ny\n" + endP + endF + endC,
		"quoted":                 open + "<parameter=\"path\">\nf\n" + endP + "<parameter='content'>\nx\ny\n" + endP + endF + endC,
		"as attributes":          open + "<parameter name=\"path\">\nf\n" + endP + "<parameter name=content>\nx\ny\n" + endP + endF + endC,
		"without brackets":       open + "<parameter=path\nf\n" + endP + "<parameter=content \nx\ny\n" + endP + endF + endC,
		"function's bracket":     "<tool_call>\n<function=write_file\n" + path + endP + content + endP + endF + endC,
		"doubled ends":           open + path + endP + content + endP + endF + endF + endC + "\n" + endC,
		"doubled begin":          "<tool_call>\n" + open + path + endP + content + endP + endF + endC,
		"stray text":             open + "Here:\n" + path + endP + "and\n" + content + endP + endF + endC,
		"json in the function":   open + `{"path": "f", "content": "x\ny"}` + "\n" + endF + endC,
		"json, broken":           open + "{'path': 'f', \"content\": \"x\ny\"\n" + endF + endC,
		"json in the call":       "<tool_call>\n" + `{"name": "write_file", "arguments": {"path": "f", "content": "x\ny"}}` + endC,
	} {
		if name == "stray text" { // between parameters text is part of the first
			both := []string{"write_file", `{"path":"f\n</parameter>\nand","content":"x\ny"}`}
			check(t, name, text, o, expect{"", both})
			continue
		}
		check(t, name, text, o, expect{"", both})
	}
	check(t, "one line", "<tool_call><function=write_file><parameter=path>f<parameter=mode>7<parameter=content>x</function></tool_call>", o,
		one("write_file", `{"path":"f","mode":7,"content":"x"}`))
	check(t, "note", "<tool_call>\n<function=typed>\n<parameter=note=hello\n</parameter>\n</function>\n</tool_call>", o, one("typed", `{"note":"hello"}`))
	check(t, "twice", call("write_file", "mode", "1", "mode", "2", "path", "x"), o, one("write_file", `{"mode":1,"path":"x"}`))
	// Wherever the text breaks off, the arguments are an object with what there was.
	whole := "Hi.\n" + call("write_file", "path", "a\"b\\c\nd\té", "mode", "420", "content", "<x>\n</parameter>\n") + call("typed", "list", `["a", {"b": null}]`, "note", "null")
	for i := range len(whole) {
		m := toolcall.Read(whole[:i], o)
		for _, c := range m.Calls {
			var v map[string]any
			if err := json.Unmarshal([]byte(c.Arguments), &v); err != nil {
				t.Errorf("%q gives %s: %v", whole[:i], c.Arguments, err)
			}
		}
		if strings.Contains(m.Content, "<function") || len(m.Content) > len("Hi.\n<tool_call") {
			t.Errorf("%q leaves %q in the content", whole[:i], m.Content)
		}
	}
}

// Rule 7: several functions in one call, several calls.
func TestSeveralCalls(t *testing.T) {
	o := toolcall.Options{Format: xml, Tools: tools(t)}
	a, b, both := function("read_file", "path", "a"), function("read_file", "path", "b"), []string{"read_file", `{"path":"a"}`, "read_file", `{"path":"b"}`}
	for name, text := range map[string]string{
		"in one call":           "<tool_call>\n" + a + "\n" + b + "\n</tool_call>",
		"in one call, no space": "<tool_call>" + a + b + "</tool_call>",
		"two calls":             "<tool_call>\n" + a + "\n</tool_call>\n<tool_call>\n" + b + "\n</tool_call>",
		"two calls, no space":   "<tool_call>" + a + "</tool_call><tool_call>" + b + "</tool_call>",
		"bare":                  a + "\n" + b,
		"end of a function":     "<tool_call>\n" + strings.TrimSuffix(a, "</function>") + b + "\n</tool_call>",
		"ends of the first":     "<tool_call>\n" + strings.TrimSuffix(a, "\n</function>") + "\n<tool_call>\n" + b + "\n</tool_call>",
		"end of the first call": "<tool_call>\n" + a + "\n<tool_call>\n" + b + "\n</tool_call>",
		"begin of the second":   "<tool_call>\n" + a + "\n</tool_call>\n" + b + "\n</tool_call>",
		"far apart":             "<tool_call>\n" + a + "\n</tool_call>" + strings.Repeat("\n", 1000) + "<tool_call>\n" + b + "\n</tool_call>",
	} {
		check(t, name, text, o, expect{"", both})
	}
	var seen []string
	p := toolcall.New(toolcall.Options{Format: xml, Tools: tools(t), ID: func(i int) string { return "id" + string(rune('a'+i)) }})
	for _, e := range append(p.Feed("<tool_call>"+a+b+"</tool_call>"), p.Finish()...) {
		seen = append(seen, e.ID+e.Name+e.Text+string(rune('0'+e.Index)))
	}
	if got, want := strings.Join(seen, " "), `idaread_file0 {"path":"a"}0 0 idbread_file1 {"path":"b"}1 1`; got != want || p.Calls() != 2 {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Rule 8: text before a call is content, the call is not, text behind it is again.
func TestContent(t *testing.T) {
	o := toolcall.Options{Format: xml, Tools: tools(t)}
	now := []string{"now", "{}"}
	for text, want := range map[string]expect{
		"I look.\n\n" + call("now"):                    {"I look.", now},
		"\n\n" + call("now") + "\n":                    {"", now},
		"é<" + call("now"):                             {"é<", now},
		"I look." + call("now") + "\nDone.\n":          {"I look.\nDone.", now},
		"a" + call("now") + " b " + call("now") + " c": {"a b c", append(now, now...)},
		" No call. \n\n":                               {" No call. \n\n", nil},
		"":                                             {"", nil},
		"\n":                                           {"\n", nil},
		"a" + strings.Repeat(" ", 1000) + "b" + call("now"): {"a" + strings.Repeat(" ", 1000) + "b", now},
		"a < b, <tool_box>, <tool_call, </tool_call>":       {"a < b, <tool_box>, <tool_call, </tool_call>", nil},
		"[link](x)" + call("now") + "[link](y)":             {"[link](x)[link](y)", now},
		function("now") + "\n{x}":                           {"{x}", now},
		"<tool_call>":                                       {"", nil},
		"<tool_call>\n<function=no":                         {"", nil},
		"<think>\nno thinking here</think>":                 {"<think>\nno thinking here</think>", nil},
	} {
		check(t, text, text, o, want)
	}
}

// Rule 9: arguments come as they are written.
func TestArgumentsStream(t *testing.T) {
	p := toolcall.New(toolcall.Options{Format: xml, Tools: tools(t)})
	for _, c := range []struct{ text, want string }{
		{"<tool_call>\n<function=write_file>", "+write_file"}, {"\n<parameter=path>", `{"path":"`}, {"\na", "a"}, {"b/c", "b/c"}, {"\"", `\"`}, {"\n", ""}, {"d", `\nd`},
		{" <", " "}, {"x", "<x"}, {"\n</parameter>", ""}, {"\n<parameter=mode>", `","mode":`}, {"\n64", ""}, {"4\n</parameter>\n", ""}, {"</function>", "644}-"},
		{"\n</tool_call>", ""}, {"\nDone", "Done"}, {" .", " ."}, {" ", ""},
	} {
		got := ""
		for _, e := range p.Feed(c.text) {
			got += map[toolcall.Kind]string{toolcall.Start: "+" + e.Name, toolcall.End: "-"}[e.Kind] + e.Text
		}
		if got != c.want {
			t.Errorf("%q gives %q, want %q", c.text, got, c.want)
		}
	}
	// Little is held back of long values, and of white space.
	for name, c := range map[string]struct {
		format         toolcall.Format
		before, repeat string
	}{
		"string":  {xml, "<tool_call>\n<function=write_file>\n<parameter=content>\n", "a <b>\n</parameter>\n<x>\n</function>\n"},
		"lines":   {xml, "<tool_call>\n<function=write_file>\n<parameter=content>\n", "\n"},
		"spaces":  {xml, "a", " "},
		"angles":  {xml, "a", "<"},
		"nested":  {xml, "<tool_call>\n<function=write_file>\n<parameter=content>\n", "<tool_call>\n<function=x>"},
		"ends":    {xml, "<tool_call>\n<function=write_file>\n<parameter=content>\n<tool_call><function=x>", "</parameter></function>"},
		"json":    {hermes, `<tool_call>{"name": "write_file", "arguments": {"content": "`, "a </tool_call> b\n"},
		"opened":  {hermes, `<tool_call>{"name": "write_file", "arguments": {"content": `, "[{}, 1, "},
		"garbage": {xml, "<tool_call>\n<function=write_file>\n", "garbage "},
		"think":   {thinking, "<think>", "a </thing>\n"},
	} {
		p := toolcall.New(toolcall.Options{Format: c.format, Tools: tools(t)})
		p.Feed(c.before)
		for range 20_000 / len(c.repeat) {
			for i := range len(c.repeat) {
				p.Feed(c.repeat[i : i+1])
				if n := p.Held(); n > 800 {
					t.Fatalf("%s: %d bytes are held back", name, n)
				}
			}
		}
		p.Finish()
	}
}

// Rule 10: without tools, as with tool_choice "none", nothing is a call; a call that
// the prompt begins is read with its beginning.
func TestToolChoice(t *testing.T) {
	text := "a\n" + call("now") + " b\n"
	check(t, "none", text, toolcall.Options{Format: xml}, expect{text, nil})
	check(t, "no form", text, toolcall.Options{Tools: tools(t)}, expect{text, nil})
	check(t, "named, xml", xml.Begin("read_file")+"<parameter=path>\nx\n</parameter>\n</function>\n</tool_call>", toolcall.Options{Format: xml, Tools: tools(t)},
		one("read_file", `{"path":"x"}`))
	check(t, "named, json", hermes.Begin("read_file")+`{"path": "x"}}`+"\n</tool_call>", toolcall.Options{Format: hermes, Tools: tools(t)}, one("read_file", `{"path":"x"}`))
	if got := (toolcall.Format{}).Begin("x"); got != "" {
		t.Errorf("a template without calls begins them with %q", got)
	}
}

// Rule 11: arguments go back into the conversation as a string, and the template
// writes the call that the model wrote.
func TestRoundTrip(t *testing.T) {
	for name, format := range map[string]toolcall.Format{"qwen3-coder": xml, "qwen3": thinking, "qwen2.5": hermes} {
		source, err := os.ReadFile("../chat/testdata/templates/" + name + ".jinja")
		if err != nil {
			t.Fatal(err)
		}
		if got := toolcall.FormatOf(string(source)); got != format {
			t.Errorf("%s: format %v, want %v", name, got, format)
		}
		tmpl, err := chat.New(string(source), chat.Options{})
		if err != nil {
			t.Fatal(err)
		}
		const arguments = `{"path":"a \"b\".go","content":"x < y\n\n\tz é\n","mode":420}`
		render := func(m chat.Message) string {
			text, err := tmpl.Render(t.Context(), chat.Conversation{Messages: []chat.Message{{"role": "user", "content": "u"}, m}})
			if err != nil {
				t.Fatal(err)
			}
			_, text, _ = strings.Cut(text, "<|im_start|>assistant\n")
			return strings.TrimSuffix(text, "<|im_end|>\n")
		}
		message := func(m toolcall.Message) chat.Message {
			var calls []any
			for _, c := range m.Calls {
				calls = append(calls, map[string]any{"type": "function", "id": c.ID, "function": map[string]any{"name": c.Name, "arguments": c.Arguments}})
			}
			return chat.Message{"role": "assistant", "content": m.Content, "tool_calls": calls}
		}
		first := render(message(toolcall.Message{Content: "I write.", Calls: []toolcall.Call{{Name: "write_file", Arguments: arguments}, {Name: "now", Arguments: "{}"}}}))
		m := toolcall.Read(first, toolcall.Options{Format: format, Tools: tools(t)})
		if m.Content != "I write." || len(m.Calls) != 2 || m.Calls[1].Arguments != "{}" {
			t.Fatalf("%s: %q gives %+v", name, first, m)
		}
		if got := m.Calls[0].Arguments; got != arguments {
			t.Errorf("%s: arguments %s, want %s", name, got, arguments)
		}
		if again := render(message(m)); again != first {
			t.Errorf("%s: read and written again\n%s\nwas\n%s", name, again, first)
		}
	}
}
