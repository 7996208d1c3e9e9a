package openai

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"moeflow/tokenizer/chat"
)

// readPrompt reads the text, or the tokens, that are continued. A list of one
// prompt is that prompt, and longer ones are refused: a request has one answer.
func readPrompt(o *Object, r *Request) {
	raw, _ := o.Get("prompt")
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 && kindOf(list[0]) != "a number" {
		if len(list) > 1 {
			o.Fail(CodeUnsupported, "prompt is a list of %d, want one: make a request of each", len(list))
			return
		}
		raw = list[0]
	}
	switch kindOf(raw) {
	case "a string":
		if json.Unmarshal(raw, &r.Text) != nil {
			o.wrong("prompt", raw, "a string")
		}
		if r.Text == "" {
			o.Fail(CodePrompt, "prompt is empty")
		}
	case "a list":
		if r.IDs = o.ids("prompt", raw); len(r.IDs) == 0 {
			o.Fail(CodePrompt, "prompt is empty")
		}
	default:
		o.wrong("prompt", raw, "a string or a list of token ids")
	}
}

// readMessages reads a conversation.
func readMessages(o *Object, r *Request) {
	raw, _ := o.Get("messages")
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		o.wrong("messages", raw, "a list of objects")
		return
	}
	if len(list) == 0 {
		o.Fail(CodePrompt, "messages is empty")
	}
	for i, raw := range list {
		if o.Err != nil {
			return
		}
		m := &Object{at: fmt.Sprintf("messages[%d].", i)}
		r.Messages = append(r.Messages, m.message(raw))
		o.Err = m.Err
	}
}

// readTools reads the functions that the model may call. Under tool_choice "none"
// the model is told of none.
func readTools(o *Object, r *Request) {
	raw, _ := o.Get("tools")
	list, err := chat.ParseTools(raw)
	if err != nil {
		o.Fail(CodeValue, "%v", err)
	}
	if choice, _ := o.Get("tool_choice"); string(choice) != `"none"` {
		r.Tools = list
	}
}

// message reads one turn. The parts of a content that is a list are joined by
// line ends; only text can be had.
func (o *Object) message(raw json.RawMessage) chat.Message {
	if json.Unmarshal(raw, &o.m) != nil || o.m == nil {
		o.at = strings.TrimSuffix(o.at, ".")
		o.Fail(CodeValue, " is %s, want an object", kindOf(raw))
		return nil
	}
	out := chat.Message{}
	role, ok := o.Text("role")
	if o.Missing("role", ok) {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(o.m)) {
		v, err := chat.DecodeJSON(o.m[name])
		if err != nil {
			o.Fail(CodeValue, "%s: %v", Shortened(name), err)
			return nil
		}
		out[name] = v
	}
	out["role"] = role
	content, ok := o.Get("content")
	switch {
	case !ok:
		if _, calls := o.Get("tool_calls"); !calls {
			o.Missing("content", false)
		}
		out["content"] = ""
	case kindOf(content) == "a string":
	case kindOf(content) == "a list":
		out["content"] = o.parts(content)
	default:
		o.wrong("content", content, "a string or a list of parts")
	}
	return out
}

func (o *Object) parts(raw json.RawMessage) string {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		o.wrong("content", raw, "a list of parts")
		return ""
	}
	var texts []string
	for i, raw := range list {
		p := &Object{at: fmt.Sprintf("%scontent[%d].", o.at, i)}
		if json.Unmarshal(raw, &p.m) != nil || p.m == nil {
			p.at = strings.TrimSuffix(p.at, ".")
			p.Fail(CodeValue, " is %s, want an object", kindOf(raw))
		} else if kind, _ := p.Text("type"); kind != "text" {
			p.Fail(CodeUnsupported, "type is %s, which is not supported: want \"text\"", Quoted(kind))
		}
		text, ok := p.Text("text")
		p.Missing("text", ok)
		if o.Err == nil {
			o.Err = p.Err
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "\n")
}

// reserved are names of the template that its variables cannot replace.
var reserved = []string{"messages", "tools", "bos_token", "eos_token"}

// readVariables reads names for the chat template.
func readVariables(o *Object, r *Request) {
	raw, _ := o.Get("chat_template_kwargs")
	v := o.object("chat_template_kwargs", raw)
	for _, name := range slices.Sorted(maps.Keys(v.m)) {
		switch raw, ok := v.Get(name); {
		case !ok:
		case name == "add_generation_prompt":
			r.NoGenerationPrompt = v.is(name, false)
		case slices.Contains(reserved, name):
			v.Fail(CodeUnsupported, "%s is %s, which is not supported: leave it out", name, Shortened(compact(raw)))
		default:
			r.variable(v, name, raw)
		}
	}
	if o.Err == nil {
		o.Err = v.Err
	}
}

// readVariable reads a field that is a name for the chat template.
func readVariable(name string) func(*Object, *Request) {
	return func(o *Object, r *Request) {
		raw, _ := o.Get(name)
		r.variable(o, name, raw)
	}
}

func (r *Request) variable(o *Object, name string, raw json.RawMessage) {
	v, err := chat.DecodeJSON(raw)
	if err != nil {
		o.Fail(CodeValue, "%s: %v", Shortened(name), err)
		return
	}
	if r.Variables == nil {
		r.Variables = map[string]any{}
	}
	r.Variables[name] = v
}
