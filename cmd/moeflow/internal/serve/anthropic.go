package serve

import (
	"encoding/json"
	"fmt"
	"strings"

	"moeflow/cmd/moeflow/internal/openai"
)

// A request in Anthropic's form becomes one in OpenAI's, so that all of its fields
// pass the same checks.

// anthropicBody is a request to /v1/messages. What is not here changes no answer.
type anthropicBody struct {
	Model       json.RawMessage `json:"model,omitempty"`
	MaxTokens   json.RawMessage `json:"max_tokens,omitempty"`
	Temperature json.RawMessage `json:"temperature,omitempty"`
	TopP        json.RawMessage `json:"top_p,omitempty"`
	TopK        json.RawMessage `json:"top_k,omitempty"`
	Stream      json.RawMessage `json:"stream,omitempty"`
	Stop        json.RawMessage `json:"stop_sequences,omitempty"`
	System      json.RawMessage `json:"system,omitempty"`
	Messages    []struct {
		Role    string
		Content json.RawMessage
	} `json:"messages"`
	Tools []struct {
		Type        string
		Name        string
		Description string
		InputSchema json.RawMessage `json:"input_schema"`
	} `json:"tools,omitempty"`
	ToolChoice *struct {
		Type       string
		Name       string
		NoParallel bool `json:"disable_parallel_tool_use"`
	} `json:"tool_choice,omitempty"`
	Thinking *struct{ Type string } `json:"thinking,omitempty"`
}

// block is a part of a content.
type block struct {
	Type      string
	Text      string
	Thinking  string
	ID        string
	Name      string
	Input     json.RawMessage
	ToolUseID string `json:"tool_use_id"`
	Content   json.RawMessage
}

// changing begins a system block that a client writes anew for every request. No
// prefix would ever be found in the kv cache behind it.
const changing = "x-anthropic-"

// readAnthropic reads a request to /v1/messages.
func readAnthropic(data []byte) (*openai.Request, *apiError) {
	if _, bad := openai.ReadObject(data, "the body"); bad != nil {
		return nil, fromOpenAI(bad)
	}
	var b anthropicBody
	if err := json.Unmarshal(data, &b); err != nil {
		return nil, badRequest(openai.CodeValue, "", "the body is no request to /v1/messages: "+plainJSON(err))
	}
	out := map[string]any{"model": b.Model, "max_tokens": b.MaxTokens, "temperature": b.Temperature, "top_p": b.TopP, "top_k": b.TopK, "stream": b.Stream, "stop": b.Stop}
	for name, v := range out {
		if v.(json.RawMessage) == nil {
			delete(out, name)
		}
	}
	messages, err := b.turns()
	if err != nil {
		return nil, err
	}
	if out["messages"] = messages; len(messages) == 0 {
		delete(out, "messages")
	} else if last := messages[len(messages)-1]; last["role"] == "assistant" && last["content"] != "" && last["tool_calls"] == nil {
		out["continue_final_message"] = true
	}
	b.choice(out)
	if b.Thinking != nil {
		out["enable_thinking"] = b.Thinking.Type != "disabled"
	}
	return asOpenAI(out)
}

// asOpenAI reads the request that an interface's own one has become.
func asOpenAI(body map[string]any) (*openai.Request, *apiError) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, badRequest(openai.CodeValue, "", "a value of the body cannot be read")
	}
	o, bad := openai.ReadObject(data, "the body")
	if bad != nil {
		return nil, fromOpenAI(bad)
	}
	q, bad := openai.ParseLive(openai.Chat, o)
	if bad != nil {
		return nil, fromOpenAI(bad)
	}
	return q, nil
}

// plainJSON is an error of reading JSON without the names of our types.
func plainJSON(err error) string {
	if bad, ok := err.(*json.UnmarshalTypeError); ok {
		return fmt.Sprintf("%s is of the wrong type, %s", strings.ToLower(bad.Field), bad.Value)
	}
	return err.Error()
}

// choice adds the tools and what is said of them.
func (b *anthropicBody) choice(out map[string]any) {
	var tools []any
	for _, t := range b.Tools {
		if t.Type == "" || t.Type == "custom" {
			tools = append(tools, function(t.Name, t.Description, t.InputSchema))
		}
	}
	if tools != nil {
		out["tools"] = tools
	}
	c := b.ToolChoice
	switch {
	case c == nil:
		return
	case c.Type == "any":
		out["tool_choice"] = "required"
	case c.Type == "tool":
		out["tool_choice"] = map[string]any{"type": "function", "function": map[string]any{"name": c.Name}}
	default:
		out["tool_choice"] = c.Type
	}
	if c.NoParallel {
		out["parallel_tool_calls"] = false
	}
}

// function is a tool in OpenAI's form, its keys in the order that models know.
func function(name, description string, parameters json.RawMessage) any {
	type inner struct {
		Name        string          `json:"name"`
		Description string          `json:"description,omitempty"`
		Parameters  json.RawMessage `json:"parameters,omitempty"`
	}
	return struct {
		Type     string `json:"type"`
		Function inner  `json:"function"`
	}{"function", inner{name, description, parameters}}
}

// turns are the messages in OpenAI's form.
func (b *anthropicBody) turns() ([]map[string]any, *apiError) {
	var out []map[string]any
	system, err := blocks("system", b.System)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, s := range system {
		if !strings.HasPrefix(s.Text, changing) {
			texts = append(texts, s.Text)
		}
	}
	if len(texts) > 0 {
		out = append(out, map[string]any{"role": "system", "content": strings.Join(texts, "\n\n")})
	}
	for i, m := range b.Messages {
		at := fmt.Sprintf("messages[%d]", i)
		list, err := blocks(at+".content", m.Content)
		if err != nil {
			return nil, err
		}
		turns, err := turnsOf(at+".content", m.Role, list)
		if err != nil {
			return nil, err
		}
		out = append(out, turns...)
	}
	return out, nil
}

// turnsOf are the messages that one message becomes: the results of calls are
// messages of their own.
func turnsOf(at, role string, list []block) ([]map[string]any, *apiError) {
	var out []map[string]any
	var texts, thoughts []string
	var calls []any
	for i, b := range list {
		here := fmt.Sprintf("%s[%d]", at, i)
		switch b.Type {
		case "text":
			texts = append(texts, b.Text)
		case "thinking":
			thoughts = append(thoughts, b.Thinking)
		case "redacted_thinking":
		case "tool_use":
			arguments := string(b.Input)
			calls = append(calls, map[string]any{"id": b.ID, "type": "function", "function": map[string]any{"name": b.Name, "arguments": arguments}})
		case "tool_result":
			parts, err := blocks(here+".content", b.Content)
			if err != nil {
				return nil, err
			}
			var result []string
			for j, p := range parts {
				if p.Type != "text" {
					return nil, notServed(fmt.Sprintf("%s.content[%d]", here, j), p.Type)
				}
				result = append(result, p.Text)
			}
			out = append(out, map[string]any{"role": "tool", "tool_call_id": b.ToolUseID, "content": strings.Join(result, "\n")})
		default:
			return nil, notServed(here, b.Type)
		}
	}
	if len(texts)+len(thoughts)+len(calls) == 0 && len(out) > 0 {
		return out, nil
	}
	m := map[string]any{"role": role, "content": strings.Join(texts, "\n")}
	if len(thoughts) > 0 {
		m["reasoning_content"] = strings.Join(thoughts, "\n")
	}
	if len(calls) > 0 {
		m["tool_calls"] = calls
	}
	return append(out, m), nil
}

func notServed(at, kind string) *apiError {
	return badRequest(openai.CodeUnsupported, at+".type", fmt.Sprintf("%s.type is %s, which is not served: want text", at, openai.Quoted(kind)))
}

// blocks reads a content: a text, or a list of blocks.
func blocks(at string, raw json.RawMessage) ([]block, *apiError) {
	var text string
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if json.Unmarshal(raw, &text) == nil {
		return []block{{Type: "text", Text: text}}, nil
	}
	var list []block
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, badRequest(openai.CodeValue, at, at+" is neither a text nor a list of blocks")
	}
	return list, nil
}
