package toolcall_test

import (
	"encoding/json"
	"strings"
	"testing"

	"moeflow/tokenizer/toolcall"
)

// TestJSON: the form of Qwen3 and Hermes.
func TestJSON(t *testing.T) {
	o := toolcall.Options{Format: hermes, Tools: tools(t)}
	read := []string{"read_file", `{"path":"x","limit":3}`}
	const a, b = `{"name": "read_file", "arguments": {"path": "x", "limit": 3}}`, `{"name": "now", "arguments": {}}`
	const open, end = "<tool_call>\n", "\n</tool_call>"
	for name, text := range map[string]string{
		"usual":             open + a + end,
		"no space":          "<tool_call>" + a + "</tool_call>",
		"spaces":            open + "{ \"name\" :\n\"read_file\" , \"arguments\" : { \"path\" : \"x\" ,\t\"limit\":3 } }" + end,
		"arguments first":   open + `{"arguments": {"path": "x", "limit": 3}, "name": "read_file"}` + end,
		"parameters":        open + `{"name": "read_file", "parameters": {"path": "x", "limit": 3}}` + end,
		"more keys":         open + `{"id": 7, "type": "function", "x": {"name": "y"}, "name": "read_file", "arguments": {"path": "x", "limit": 3}, "z": [{}]}` + end,
		"string":            open + `{"name": "read_file", "arguments": "{\"path\": \"x\", \"limit\": 3}"}` + end,
		"list":              open + "[" + a + "]" + end,
		"no end":            open + a,
		"no brackets":       open + strings.TrimSuffix(a, "}}"),
		"one bracket":       open + strings.TrimSuffix(a, "}") + end,
		"one too many":      open + a + "}" + end,
		"single quotes":     open + `{'name': 'read_file', 'arguments': {'path': 'x', 'limit': 3}}` + end,
		"trailing commas":   open + `{"name": "read_file", "arguments": {"path": "x", "limit": 3,},}` + end,
		"no commas":         open + `{"name": "read_file" "arguments": {"path": "x" "limit": 3}}` + end,
		"no colons":         open + `{"name" "read_file", "arguments" {"path" "x", "limit" 3}}` + end,
		"bare keys":         open + `{name: "read_file", arguments: {path: "x", limit: 3}}` + end,
		"missing value":     open + `{"name": "read_file", "arguments": {"path": "x", "other": , "limit": 3}}` + end,
		"in the other form": open + "<function=read_file>\n<parameter=path>\nx\n</parameter>\n<parameter=limit>\n3\n</parameter>\n</function>" + end,
		"behind text":       open + a + end + "\n",
	} {
		check(t, name, text, o, expect{"", read})
	}
	both := append(read[:2:2], "now", "{}")
	for name, text := range map[string]string{
		"two":        open + a + end + "\n" + open + b + end,
		"in one":     open + a + "\n" + b + end,
		"in a list":  open + "[" + a + ", " + b + "]" + end,
		"no end":     open + a + "\n" + open + b,
		"in a chunk": "<tool_call>" + a + "</tool_call><tool_call>" + b + "</tool_call>",
	} {
		check(t, name, text, o, expect{"", both})
	}
	for name, c := range map[string]struct{ arguments, want string }{
		"null": {"null", "{}"}, "list": {"[1]", "{}"}, "number": {"7", "{}"}, "text": {`"x"`, "{}"}, "nothing": {"", "{}"}, "empty text": {`""`, "{}"},
		"tag in a string":  {`{"a": "</tool_call>\n<tool_call>"}`, `{"a":"</tool_call>\n<tool_call>"}`},
		"line end":         {"{\"a\": \"x\ny\tz\"}", `{"a":"x\ny\tz"}`},
		"escapes":          {`{"a": "\u00e9\ud83d\ude00\"\\\/\x\'\u12"}`, `{"a":"\u00e9\ud83d\ude00\"\\\/\\x'\\u12"}`},
		"python":           {`{"a": True, "b": None, "c": [False]}`, `{"a":true,"b":null,"c":[false]}`},
		"numbers":          {`{"a": 01, "b": 1., "c": -.5, "d": 1e5, "e": +1, "f": 1_000, "g": NaN}`, `{"a":1,"b":1,"c":-0.5,"d":1e5,"e":1,"f":"1_000","g":"NaN"}`},
		"wrong brackets":   {`{"a": [1, {"b": 2], "c": 3}`, `{"a":[1,{"b":2}],"c":3}`},
		"unicode":          {`{"é": "日本"}`, `{"é":"日本"}`},
		"large number":     {`{"a": 123456789012345678901234567890}`, `{"a":123456789012345678901234567890}`},
		"unknown name's":   {`{"a": {"b": {}}}`, `{"a":{"b":{}}}`},
		"string that is":   {`"{'a': 1}"`, `{"a":1}`},
		"commas":           {`{,"a":1,,"b":[,1,,2,]}`, `{"a":1,"b":[1,2]}`},
		"object for a key": {`{"a": 1, {"b": 2}}`, `{"a":1,"b":2}`},
	} {
		check(t, name, open+`{"name": "unlink", "arguments": `+c.arguments+"}"+end, o, one("unlink", c.want))
	}
	for name, text := range map[string]string{
		"no name":      open + `{"arguments": {"a": 1}}`,
		"name is none": open + `{"name": null}`,
		"no call":      open + `{"a": "b"`,
		"function":     function("now"),
		"prose":        "Write <tool_call> and {braces}.",
	} {
		check(t, name, text, o, expect{text, nil})
	}
}

// TestJSONBreaksOff: wherever the text ends, the arguments are an object of what
// there was, without a key whose value never began.
func TestJSONBreaksOff(t *testing.T) {
	text := `<tool_call>` + "\n" + `{"name": "typed", "arguments": {"text": "a\n\u00e9 é", "list": [1, -2.5e3, true, null, {"x": []}], "flag": false, "object": {"a": {"b": "c"}}}}`
	for i := range len(text) {
		m := toolcall.Read(text[:i], toolcall.Options{Format: hermes, Tools: tools(t)})
		if len(m.Calls) == 0 {
			if i > strings.Index(text, `, "arg`) {
				t.Errorf("%s: no call", text[:i])
			}
			continue
		}
		var v map[string]any
		if err := json.Unmarshal([]byte(m.Calls[0].Arguments), &v); err != nil || m.Content != "" {
			t.Errorf("%s gives %s, %q: %v", text[:i], m.Calls[0].Arguments, m.Content, err)
		}
		for key, value := range v {
			if value == nil {
				t.Errorf("%s: %s has no value", text[:i], key)
			}
		}
	}
}

func TestThinking(t *testing.T) {
	call := `<tool_call>{"name": "now", "arguments": {}}</tool_call>`
	for text, want := range map[string][3]string{
		"<think>\nI think.\n</think>\n\nHello.":    {"I think.", "Hello.", ""},
		"\n<think>a</think>b":                      {"a", "b", ""},
		"<think>\n\n</think>\n\nHello.\n":          {"", "Hello.\n", ""},
		"<think>\na < b </th </think>c":            {"a < b </th", "c", ""},
		"<think>\n" + call + "\n</think>\n" + call: {call, "", "now"},
		"<think>\nbroken off\n":                    {"broken off", "", ""},
		"<think>\nbroken off\n</thi":               {"broken off\n</thi", "", ""},
		"Hello. <think>x</think>":                  {"", "Hello. <think>x</think>", ""},
		"<thin":                                    {"", "<thin", ""},
		"<think>a</think>\n\nText\n" + call + "\n": {"a", "Text", "now"},
		"<think>a</think>b<think>c</think>":        {"a", "b<think>c</think>", ""},
		"<think>a\n\n\nb</think>":                  {"a\n\n\nb", "", ""},
	} {
		for _, size := range []int{len(text), 1, 4} {
			p := toolcall.New(toolcall.Options{Format: thinking, Tools: tools(t)})
			var c toolcall.Collector
			for from := 0; from < len(text); from += size {
				c.Add(p.Feed(text[from:min(from+size, len(text))])...)
			}
			c.Add(p.Finish()...)
			m := c.Message()
			name := ""
			for _, call := range m.Calls {
				name += call.Name
			}
			if got := [3]string{m.Reasoning, m.Content, name}; got != want {
				t.Errorf("%q in pieces of %d gives %q, want %q", text, size, got, want)
			}
		}
	}
	o := toolcall.Options{Format: thinking, InThinking: true}
	if m := toolcall.Read("I think.\n</think>\n\nHello.", o); m.Reasoning != "I think." || m.Content != "Hello." {
		t.Errorf("a block that the prompt opened gives %+v", m)
	}
	for prompt, want := range map[string]bool{"a<think>\n": true, "a<think>": true, "<think>\n\n</think>\n\n": false, "": false, "<think>a": false, "<think></think><think>\n": true} {
		if got := thinking.ThinkingIn(prompt); got != want {
			t.Errorf("%q: in thinking %v, want %v", prompt, got, want)
		}
	}
	if xml.ThinkingIn("<think>") {
		t.Error("a format without thinking thinks")
	}
}

func TestFormatOf(t *testing.T) {
	for template, want := range map[string]toolcall.Format{
		"{{ messages }}": {}, "<tool_call> <function= <parameter=": xml, "<tool_call>": hermes, "<think> <tool_call>": thinking, "</think>": {}, "<function=": {},
	} {
		if got := toolcall.FormatOf(template); got != want {
			t.Errorf("%s: %v, want %v", template, got, want)
		}
	}
}

func TestParseToolsErrors(t *testing.T) {
	for data, want := range map[string]string{
		`{}`:                     "tools: want a JSON list of objects",
		`[7]`:                    "tools: tool 1 is not an object with a type that is a string",
		`[{"type": 7}]`:          "tools: tool 1 is not an object with a type that is a string",
		`[{"type": "function"}]`: "tools: tool 1 has no name that is a string",
		`[{"name": "a"}, {"function": {"name": 7}}]`: "tools: tool 2 has no name that is a string",
		`[{"function": "a"}]`:                        "tools: tool 1 has no name that is a string",
	} {
		if _, err := toolcall.ParseTools([]byte(data)); err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", data, err, want)
		}
	}
	if list, err := toolcall.ParseTools([]byte("null")); err != nil || list != nil {
		t.Errorf("null gives %v, %v", list, err)
	}
	// Schemas may be anything; circles end.
	circles := `{"$defs": {"a": {"anyOf": [` + strings.Repeat(`{"$ref": "#/$defs/a"},`, 50) + `{"type": "integer"}]}}, "properties": {"x": {"$ref": "#/$defs/a"}}, "allOf": [{"$ref": "#"}, {"$ref": "#"}]}`
	for _, schema := range []string{circles, `true`, `7`, `{"properties": 7}`, `{"properties": {"x": 7}}`, `{"$ref": "#"}`, `{"$ref": "elsewhere"}`, `{"properties": {"x": {"$ref": "#/%zz"}}}`, `{"type": ["object"], "properties": {"x": {"type": [7]}}}`} {
		list, err := toolcall.ParseTools([]byte(`[{"function": {"name": "f", "parameters": ` + schema + `}}]`))
		if err != nil {
			t.Errorf("%.60s: %v", schema, err)
			continue
		}
		check(t, schema, call("f", "x", "7"), toolcall.Options{Format: xml, Tools: list}, one("f", `{"x":"7"}`))
	}
}
