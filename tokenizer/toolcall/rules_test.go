package toolcall_test

import (
	"encoding/json"
	"strings"
	"testing"

	"moeflow/tokenizer/toolcall"
)

// toolsJSON has a tool for each thing that a schema can say.
const toolsJSON = `[
{"type": "function", "function": {"name": "write_file", "parameters": {"type": "object", "properties": {
  "path": {"type": "string"}, "content": {"type": "string"}, "mode": {"type": "integer"}}, "required": ["path", "content"]}}},
{"type": "function", "function": {"name": "read_file", "parameters": {"type": "object", "properties": {
  "path": {"type": "string"}, "limit": {"type": ["null", "integer"]}}}}},
{"type": "function", "function": {"name": "typed", "parameters": {"type": "object", "properties": {
  "text": {"type": "string"}, "note": {"type": ["string", "null"]}, "whole": {"type": "integer"}, "real": {"type": "number"},
  "flag": {"type": "boolean"}, "list": {"type": "array", "items": {"type": "string"}}, "object": {"type": "object"},
  "any": {"anyOf": [{"type": "null"}, {"type": "integer"}, {"type": "string"}]}, "one": {"oneOf": [{"type": "string"}, {"type": "object"}]},
  "many": {"type": ["null", "array", "string"]}, "ref": {"$ref": "#/$defs/Point"}, "deep": {"anyOf": [{"$ref": "#/$defs/Name"}, {"type": "null"}]},
  "circle": {"$ref": "#/$defs/Circle"}, "choice": {"enum": [1, 2, null]}, "fixed": {"const": true}, "all": {"allOf": [{"description": "d"}, {"type": "number"}]},
  "untyped": {"description": "anything"}, "shaped": {"properties": {"x": {}}}, "open": {"type": "string", "nullable": true}},
  "$defs": {"Point": {"type": "object", "properties": {"x": {"type": "integer"}}}, "Name": {"$ref": "#/$defs/Text"}, "Text": {"type": "string"}, "Circle": {"$ref": "#/$defs/Circle"}}}}},
{"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}},
{"type": "web_search"},
{"name": "flat", "input_schema": {"type": "object", "properties": {"q": {"type": "string"}}, "additionalProperties": {"type": "integer"}}}
]`

func tools(t testing.TB) []toolcall.Tool {
	t.Helper()
	list, err := toolcall.ParseTools([]byte(toolsJSON))
	if err != nil || len(list) != 5 {
		t.Fatalf("%d tools, error %v, want 5", len(list), err)
	}
	return list
}

var (
	xml      = toolcall.Format{Calls: toolcall.XML}
	hermes   = toolcall.Format{Calls: toolcall.JSON}
	thinking = toolcall.Format{Calls: toolcall.JSON, Thinking: true}
)

// call is a call in Qwen3-Coder's form, from a name and pairs of parameters.
func call(name string, pairs ...string) string {
	return "<tool_call>\n" + function(name, pairs...) + "\n</tool_call>"
}

func function(name string, pairs ...string) string {
	var b strings.Builder
	b.WriteString("<function=" + name + ">\n")
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString("<parameter=" + pairs[i] + ">\n" + pairs[i+1] + "\n</parameter>\n")
	}
	return b.String() + "</function>"
}

// object is the JSON of pairs of keys and JSON values.
func object(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(pairs[i]) + ":" + pairs[i+1])
	}
	return "{" + b.String() + "}"
}

func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// expect is a message: content, then names and arguments of calls in turns.
type expect struct {
	content string
	calls   []string
}

func one(name, arguments string) expect { return expect{"", []string{name, arguments}} }

// check reads a text whole and in pieces of some sizes.
func check(t *testing.T, name, text string, o toolcall.Options, want expect) {
	t.Helper()
	for _, size := range []int{len(text) + 1, 1, 2, 3, 7} {
		p := toolcall.New(o)
		var c toolcall.Collector
		for from := 0; from < len(text); from += size {
			c.Add(p.Feed(text[from:min(from+size, len(text))])...)
		}
		c.Add(p.Finish()...)
		m := c.Message()
		var calls []string
		for _, call := range m.Calls {
			calls = append(calls, call.Name, call.Arguments)
			if !json.Valid([]byte(call.Arguments)) || call.Arguments[0] != '{' {
				t.Errorf("%s, in pieces of %d: the arguments are no object: %s", name, size, call.Arguments)
			}
		}
		if m.Content != want.content || strings.Join(calls, "\n") != strings.Join(want.calls, "\n") {
			t.Errorf("%s, in pieces of %d:\n%s\ngives %q\n%s\nwant  %q\n%s", name, size, text, m.Content, strings.Join(calls, "\n"),
				want.content, strings.Join(want.calls, "\n"))
			return
		}
	}
}

// Rule 1: the first type that is not null decides.
func TestTypes(t *testing.T) {
	for _, c := range [][3]string{
		{"text", "7", `"7"`}, {"whole", "7", "7"}, {"whole", "-7", "-7"}, {"whole", " 7 ", "7"}, {"whole", "7.0", "7"}, {"whole", "+7", "7"}, {"whole", "1e3", "1000"},
		{"whole", "12345678901234567890", "12345678901234567890"}, {"whole", "seven", `"seven"`}, {"whole", "7.5", "7.5"}, {"whole", "", `""`},
		{"real", "7", "7"}, {"real", "7.50", "7.50"}, {"real", ".5", "0.5"}, {"real", "1e400", "1e400"}, {"real", "nan", `"nan"`}, {"real", "0x10", `"0x10"`},
		{"flag", "true", "true"}, {"flag", "False", "false"}, {"flag", "yes", `"yes"`},
		{"list", `["a", "b"]`, `["a", "b"]`}, {"list", "a, b", `"a, b"`}, {"list", "['a', True, None,]", `["a",true,null]`}, {"list", `["a", "b`, `["a","b"]`},
		{"object", `{"a": {"b": [1]}}`, `{"a": {"b": [1]}}`}, {"object", `{'a': 1}`, `{"a":1}`}, {"object", "a", `"a"`}, {"object", "", `""`},
		{"any", "7", "7"}, {"any", "null", "null"}, {"any", "x", `"x"`}, {"one", `{"a": 1}`, `"{\"a\": 1}"`}, {"many", `[1]`, `[1]`}, {"many", "null", "null"},
		{"ref", `{"x": 1}`, `{"x": 1}`}, {"deep", "7", `"7"`}, {"deep", "null", "null"}, {"circle", "7", `"7"`}, {"choice", "2", "2"}, {"choice", "null", "null"},
		{"fixed", "true", "true"}, {"all", "2.5", "2.5"}, {"untyped", "7", `"7"`}, {"shaped", `{"x": 1}`, `{"x": 1}`},
	} {
		check(t, c[0], call("typed", c[0], c[1]), toolcall.Options{Format: xml, Tools: tools(t)}, one("typed", object(c[0], c[2])))
	}
	check(t, "additional", call("flat", "q", "1", "other", "2"), toolcall.Options{Format: xml, Tools: tools(t)}, one("flat", `{"q":"1","other":2}`))
}

// Rule 2: a string stays one, whatever it says; null only where the schema allows it.
func TestStringsStay(t *testing.T) {
	for _, text := range []string{"null", "true", "7", "1.50", `"quoted"`, "[1]", `{"a": 1}`, "None", " null ", "nul", ""} {
		check(t, text, call("typed", "text", text), toolcall.Options{Format: xml, Tools: tools(t)}, one("typed", object("text", quote(text))))
		want := quote(text)
		if text == "null" {
			want = "null"
		}
		for _, name := range []string{"note", "open"} {
			check(t, text, call("typed", name, text), toolcall.Options{Format: xml, Tools: tools(t)}, one("typed", object(name, want)))
		}
	}
	for _, c := range [][3]string{{"whole", "null", `"null"`}, {"flag", "null", `"null"`}, {"list", "null", `"null"`}, {"note", "nullable", `"nullable"`}, {"note", "nul", `"nul"`}} {
		check(t, c[0], call("typed", c[0], c[1]), toolcall.Options{Format: xml, Tools: tools(t)}, one("typed", object(c[0], c[2])))
	}
}

// Rule 3: a value may hold the tags.
func TestTagsInValues(t *testing.T) {
	for name, text := range map[string]string{
		"end":               `if line == "</parameter>":`,
		"end on a line":     "a\n</parameter>\nb",
		"end then text":     "a</parameter> <b>",
		"unknown parameter": "<parameter=x>",
		"on a line":         "a\n<parameter=x>\nb\n</parameter>\n<parameter=y>\nc",
		"given already":     "a\n</parameter>\n<parameter=path>\nb",
		"itself":            "a\n<parameter=content>\nb",
		"known, in a line":  `a("<parameter=mode>")` + "\nb\n" + `c = "<parameter=mode>"`,
		"tool call":         `OPEN, CLOSE = "<tool_call>", "</tool_call>"`,
		"tool call, alone":  "<tool_call>\n</tool_call>\nx",
		"function":          `re.compile(r"<function=(.*?)</function>")`,
		"known function":    "call <function=read_file> now",
		"function's end":    "a\n</function>\nb",
		"whole call":        "example:\n" + call("read_file", "path", "x", "limit", "3") + "\nis a call",
		"whole call alone":  call("write_file", "path", "x", "content", "y"),
		"two calls":         call("now") + "\n" + call("read_file", "path", "x") + "\n",
		"call in one line":  `s = "<tool_call><function=now></function></tool_call>"`,
		"nested twice":      call("write_file", "content", call("now")),
		"open call":         "<tool_call>\n<function=write_file>\n<parameter=mode>\n1",
		"angles":            "a < b && c <d> </e> <<< </ <p </paramet",
		"json":              `<tool_call>{"name": "now"}</tool_call>`,
	} {
		want := one("write_file", object("path", `"f"`, "content", quote(text)))
		check(t, name, call("write_file", "path", "f", "content", text), toolcall.Options{Format: xml, Tools: tools(t)}, want)
	}
	text := "a\n</parameter>\n<parameter=x>"
	check(t, "then a parameter", call("write_file", "content", text, "mode", "7"), toolcall.Options{Format: xml, Tools: tools(t)},
		one("write_file", object("content", quote(text), "mode", "7")))
}

// Rule 4: one line end at each side is not part of the value.
func TestLineEnds(t *testing.T) {
	for text, want := range map[string]string{
		"\na\n": "a", "a": "a", "\na": "a", "a\n": "a", "\n\na\n\n": "\na\n", "\r\na\r\n": "a", "\n\r\na\r\n\r\n": "\r\na\r\n", "\n": "", "\n\n": "", "": "", "\n\n\n": "\n",
		"\n  a  \n": "  a  ", "\n\ta\n\t": "\ta\n\t", "\n\r\r\n": "\r", "\r": "\r", "\na\r": "a\r",
	} {
		source := "<tool_call>\n<function=read_file>\n<parameter=path>" + text + "</parameter>\n</function>\n</tool_call>"
		check(t, quote(text), source, toolcall.Options{Format: xml, Tools: tools(t)}, one("read_file", object("path", quote(want))))
	}
}

// Rule 5: <tool_call> may be missing, if the function is a tool.
func TestBareFunction(t *testing.T) {
	o := toolcall.Options{Format: xml, Tools: tools(t)}
	read := []string{"read_file", `{"path":"x"}`}
	check(t, "bare", function("read_file", "path", "x"), o, expect{"", read})
	check(t, "with its end", function("read_file", "path", "x")+"\n</tool_call>", o, expect{"", read})
	check(t, "behind text", "I look.\n"+function("read_file", "path", "x"), o, expect{"I look.", read})
	check(t, "in a line", "I look: "+function("read_file", "path", "x"), o, expect{"I look:", read})
	check(t, "without parameters", "<function=now></function>", o, expect{"", []string{"now", "{}"}})
	check(t, "broken off", "<function=now>\n", o, expect{"", []string{"now", "{}"}})
	for name, text := range map[string]string{
		"unknown":    function("unlink", "path", "x"),
		"longer":     function("read_files", "path", "x"),
		"prefix":     function("read", "path", "x"),
		"in a text":  "Call `<function=read_file>` with a path.",
		"cut off":    "<function=read_f",
		"only a tag": "<function=",
		"an angle":   "a <f",
		"gap":        "<function=read_file>" + strings.Repeat("\n", 100) + "<parameter=path>\nx\n</parameter>",
	} {
		check(t, name, text, o, expect{text, nil})
	}
	check(t, "unknown in its call", call("unlink", "path", "x", "n", "7"), o, expect{"", []string{"unlink", `{"path":"x","n":"7"}`}})
	check(t, "tool call in a text", "A <tool_call> tag, </tool_call> too.", o, expect{"A <tool_call> tag, </tool_call> too.", nil})
}
