package openai

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Live is what only a server serves, where a request can have several answers and
// its client reads each as it comes.
type Live struct {
	N      int // answers, at least 1
	Echo   bool
	Suffix string // of a text: the answer stands before it
	// Continue has the answer go on with the last message.
	Continue bool
	RawTools json.RawMessage // as they came; nil if the model is told of none
	Choice   ToolChoice
	OneCall  bool            // the answer ends behind its first call
	JSON     bool            // the answer is a JSON object
	Schema   json.RawMessage // that the answer follows, nil if any will do
	Strict   bool            // what of Schema cannot be held is an error
}

// ToolChoice says whether the model calls a tool.
type ToolChoice struct {
	Must bool   // it has to call one
	Name string // this one
}

// maxAnswers is how many answers a request may ask for.
const maxAnswers = 64

// liveFields are those that a server serves and a file of requests does not.
var liveFields = map[string]field{
	"n":                      served(both, func(o *Object, r *Request) { r.readCount(o, "n") }),
	"echo":                   served(Text, func(o *Object, r *Request) { r.Live.Echo = o.is("echo", true) }),
	"suffix":                 served(Text, func(o *Object, r *Request) { r.Live.Suffix, _ = o.Text("suffix") }),
	"continue_final_message": served(Chat, func(o *Object, r *Request) { r.Live.Continue = o.is("continue_final_message", true) }),
	"tool_choice":            served(Chat, readToolChoice),
	"tools":                  served(Chat, readLiveTools),
	"response_format":        served(both, readFormat),
	"parallel_tool_calls":    served(Chat, func(o *Object, r *Request) { r.Live.OneCall = o.is("parallel_tool_calls", false) }),
}

// ParseLive reads a request to a server. Beside what Parse serves it serves what
// Live has, and passes over names that are not known: clients send what other
// servers have, and a server that refuses these serves none of them.
func ParseLive(kind Kind, o *Object) (*Request, *Error) {
	o.live = true
	return Parse(kind, o)
}

// field is what becomes of a field.
func (o *Object) field(name string) (field, bool) {
	if f, ok := liveFields[name]; ok && o.live {
		return f, true
	}
	f, ok := fields[name]
	return f, ok
}

func (r *Request) readCount(o *Object, name string) {
	if n := o.whole(name, 1, maxAnswers); n != nil {
		r.Live.N = int(*n)
	}
}

// readLiveTools reads the functions that the model may call. Tools of other kinds,
// which a vendor's own servers run, are left out.
func readLiveTools(o *Object, r *Request) {
	raw, _ := o.Get("tools")
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		o.wrong("tools", raw, "a list of objects")
		return
	}
	var functions []json.RawMessage
	for _, t := range list {
		var kind struct{ Type string }
		if json.Unmarshal(t, &kind) != nil || kind.Type == "" || kind.Type == "function" {
			functions = append(functions, t)
		}
	}
	if len(functions) == 0 {
		return
	}
	r.Live.RawTools, _ = json.Marshal(functions)
	o.m["tools"] = r.Live.RawTools
	if readTools(o, r); len(r.Tools) == 0 {
		r.Live.RawTools = nil
	}
}

// readFormat reads the form that the answer has to have.
func readFormat(o *Object, r *Request) {
	raw, _ := o.Get("response_format")
	var f struct {
		Type   string
		Schema struct {
			Schema json.RawMessage
			Strict *bool
		} `json:"json_schema"`
	}
	switch bad := json.Unmarshal(raw, &f) != nil; {
	case !bad && f.Type == "text":
	case !bad && f.Type == "json_object":
		r.Live.JSON = true
	case !bad && f.Type == "json_schema" && f.Schema.Schema != nil:
		r.Live.JSON, r.Live.Schema, r.Live.Strict = true, f.Schema.Schema, f.Schema.Strict != nil && *f.Schema.Strict
	default:
		o.wrong("response_format", raw, `{"type": "text"}, {"type": "json_object"} or {"type": "json_schema", "json_schema": {"schema": ...}}`)
	}
}

// readToolChoice reads none, auto, required, or the function that is to be called.
func readToolChoice(o *Object, r *Request) {
	raw, _ := o.Get("tool_choice")
	var word string
	var named struct {
		Type     string
		Name     string
		Function struct{ Name string }
	}
	switch {
	case json.Unmarshal(raw, &word) == nil && (word == "none" || word == "auto"):
	case word == "required":
		r.Live.Choice.Must = true
	case word == "" && json.Unmarshal(raw, &named) == nil && named.Type == "function" && named.Function.Name+named.Name != "":
		r.Live.Choice = ToolChoice{true, named.Function.Name + named.Name}
	default:
		o.wrong("tool_choice", raw, `"none", "auto", "required" or {"type": "function", "function": {"name": ...}}`)
	}
}

// settle checks what fields of a request say of each other.
func (l *Live) settle(o *Object, r *Request) {
	l.N = max(1, l.N)
	switch {
	case l.Echo && r.LogProbs >= 0:
		o.Fail(CodeUnsupported, "echo is true and logprobs is given: the log probabilities of a prompt are not served")
	case l.Echo && l.Suffix != "":
		o.Fail(CodeUnsupported, "echo is true and suffix is given: give one")
	case l.Suffix != "" && r.IDs != nil:
		o.Fail(CodeUnsupported, "suffix is given and prompt is a list of tokens: want a string")
	case l.JSON && r.Tools != nil:
		o.Fail(CodeUnsupported, "response_format is given and tools too, which is not served yet: give one")
	case l.Choice.Must && r.Tools == nil:
		o.Fail(CodeValue, "tool_choice asks for a call and tools is empty")
	case l.Choice.Must && l.Choice.Name == "" && len(r.Tools) == 1:
		l.Choice.Name = l.Names()[0]
	}
	if n := l.Choice.Name; n != "" && o.Err == nil && !slices.Contains(l.Names(), n) {
		o.Fail(CodeValue, "tool_choice names %s, which is not among tools: want one of %s", Quoted(n), Shortened(strings.Join(l.Names(), ", ")))
	}
	if l.Continue && o.Err == nil {
		if last := r.Messages[len(r.Messages)-1]; last["role"] != "assistant" || fmt.Sprint(last["content"]) == "" {
			o.Fail(CodeValue, "continue_final_message is true and the last message is no text of the assistant")
		}
	}
}

// Names are those of the functions.
func (l *Live) Names() []string {
	var list []struct {
		Name     string
		Function struct{ Name string }
	}
	json.Unmarshal(l.RawTools, &list)
	var out []string
	for _, t := range list {
		out = append(out, t.Function.Name+t.Name)
	}
	return out
}
