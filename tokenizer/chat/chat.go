package chat

import (
	"context"
	"fmt"
	"slices"
	"time"

	"moeflow/tokenizer/chat/jinja"
)

// Message is one turn: role, content, and what else templates read, such as
// name, tool_calls, tool_call_id and reasoning_content. Values are as JSON has
// them: strings, numbers, bools, nil, []any, map[string]any.
type Message map[string]any

// Conversation is what a template renders.
type Conversation struct {
	Messages []Message
	// Tools are the functions a model may call, as JSON schemas. Templates print
	// them, and models know the order of keys as their authors wrote them: read
	// them with DecodeJSON, which keeps it. The keys of Go maps are sorted.
	Tools []any
	// AddGenerationPrompt ends the prompt with the beginning of an answer.
	AddGenerationPrompt bool
	// Extra are more names for the template. It cannot replace the others.
	Extra map[string]any
}

// Options are what a model file says beside its template.
type Options struct {
	BOS, EOS string // texts of the tokens; "" where the file names none
	// Now is the time for templates that write the date; nil is time.Now.
	Now func() time.Time
}

// Template is a model's template. It may be used by several goroutines.
type Template struct {
	template *jinja.Template
	options  Options
	late     late
}

// New parses a template. An error names the line.
func New(template string, o Options) (*Template, error) {
	t, err := jinja.Parse(template)
	if err != nil {
		return nil, fmt.Errorf("chat template: %w", err)
	}
	return &Template{template: t, options: o}, nil
}

// Render writes a conversation as the text that the model continues. The template
// gets the arguments of calls as objects, also where they are strings of JSON, and
// system messages in the way that arranged says. Special
// tokens stand in it as text: encode it with special tokens on. An error names
// the template's line; templates refuse some conversations, such as two turns of
// the user in a row. Cancelling ctx ends the rendering at once, with ctx's error.
func (t *Template) Render(ctx context.Context, c Conversation) (string, error) {
	messages := make([]any, len(c.Messages))
	for i, m := range c.Messages {
		d, err := m.dict()
		if err == nil {
			err = withObjects(d)
		}
		if err != nil {
			return "", fmt.Errorf("message %d: %w", i+1, err)
		}
		messages[i] = d
	}
	messages, err := t.arranged(ctx, messages)
	if err != nil {
		return "", err
	}
	return t.render(ctx, messages, c)
}

// render is Render with the messages as the template gets them.
func (t *Template) render(ctx context.Context, messages []any, c Conversation) (string, error) {
	values := make(map[string]any, len(c.Extra)+5)
	for name, v := range c.Extra {
		values[name] = v
	}
	values["messages"], values["tools"] = messages, nil
	if len(c.Tools) > 0 {
		values["tools"] = c.Tools
	}
	values["add_generation_prompt"] = c.AddGenerationPrompt
	for name, text := range map[string]string{"bos_token": t.options.BOS, "eos_token": t.options.EOS} {
		if delete(values, name); text != "" {
			values[name] = text
		}
	}
	text, err := t.template.Render(ctx, values, jinja.Options{Now: t.options.Now})
	if err != nil {
		return "", fmt.Errorf("chat template: %w", err)
	}
	return text, nil
}

// dict puts role and content first, then the others in the order of their names.
func (m Message) dict() (*jinja.Dict, error) {
	keys := make([]string, 0, len(m))
	for k := range m {
		if k != "role" && k != "content" {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	d := &jinja.Dict{}
	for _, k := range append([]string{"role", "content"}, keys...) {
		v, ok := m[k]
		if !ok {
			continue
		}
		v, err := jinja.FromGo(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
		d.Set(k, v)
	}
	return d, nil
}

// DecodeJSON reads a JSON value for Conversation.Tools, Extra or a Message so
// that objects keep the order of their keys.
func DecodeJSON(data []byte) (any, error) { return jinja.DecodeJSON(data) }
