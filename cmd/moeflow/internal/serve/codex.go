package serve

import (
	"encoding/json"
	"fmt"
	"strings"

	"moeflow/cmd/moeflow/internal/openai"
)

// A request to /v1/responses becomes one of a chat completion, so that all of its
// fields pass the same checks.

// responsesBody is a request to /v1/responses. What is not here changes no answer.
type responsesBody struct {
	Model        json.RawMessage `json:"model"`
	Instructions string          `json:"instructions"`
	Input        json.RawMessage `json:"input"`
	Tools        []struct {
		Type, Name, Description string
		Parameters              json.RawMessage
	} `json:"tools"`
	ToolChoice  json.RawMessage          `json:"tool_choice"`
	MaxTokens   json.RawMessage          `json:"max_output_tokens"`
	Temperature json.RawMessage          `json:"temperature"`
	TopP        json.RawMessage          `json:"top_p"`
	Stream      json.RawMessage          `json:"stream"`
	Parallel    json.RawMessage          `json:"parallel_tool_calls"`
	Reasoning   *struct{ Effort string } `json:"reasoning"`
	Text        *struct {
		Format *struct {
			Type   string
			Schema json.RawMessage
			Strict *bool
		}
	} `json:"text"`
	// These would change the answer, and are not served.
	Previous     *string         `json:"previous_response_id"`
	Conversation json.RawMessage `json:"conversation"`
	Prompt       json.RawMessage `json:"prompt"`
	Background   bool            `json:"background"`
}

// item is a part of the input.
type item struct {
	Type      string
	Role      string
	Content   json.RawMessage
	CallID    string `json:"call_id"`
	Name      string
	Arguments string
	Output    json.RawMessage
}

// readResponses reads a request to /v1/responses.
func readResponses(data []byte) (*openai.Request, *apiError) {
	if _, bad := openai.ReadObject(data, "the body"); bad != nil {
		return nil, fromOpenAI(bad)
	}
	var b responsesBody
	if err := json.Unmarshal(data, &b); err != nil {
		return nil, badRequest(openai.CodeValue, "", "the body is no request to /v1/responses: "+plainJSON(err))
	}
	if err := b.refuse(); err != nil {
		return nil, err
	}
	messages, err := b.turns()
	if err != nil {
		return nil, err
	}
	out := map[string]any{"messages": messages}
	for name, raw := range map[string]json.RawMessage{"model": b.Model, "max_tokens": b.MaxTokens, "temperature": b.Temperature, "top_p": b.TopP,
		"stream": b.Stream, "parallel_tool_calls": b.Parallel, "tool_choice": b.ToolChoice} {
		if raw != nil {
			out[name] = raw
		}
	}
	var tools []any
	for _, t := range b.Tools {
		if t.Type == "function" {
			tools = append(tools, function(t.Name, t.Description, t.Parameters))
		}
	}
	if tools != nil {
		out["tools"] = tools
	}
	if b.Reasoning != nil && b.Reasoning.Effort != "" {
		out["reasoning_effort"] = b.Reasoning.Effort
	}
	if b.Text != nil && b.Text.Format != nil {
		f := b.Text.Format
		format := map[string]any{"type": f.Type}
		if f.Schema != nil {
			format["json_schema"] = map[string]any{"schema": f.Schema, "strict": f.Strict}
		}
		out["response_format"] = format
	}
	return asOpenAI(out)
}

// refuse names a field that would change the answer and is not served.
func (b *responsesBody) refuse() *apiError {
	name, why := "", "every request has to hold its whole conversation"
	switch set := func(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }; {
	case b.Previous != nil:
		name = "previous_response_id"
	case set(b.Conversation):
		name = "conversation"
	case set(b.Prompt):
		name = "prompt"
	case b.Background:
		name, why = "background", "want false"
	default:
		return nil
	}
	return badRequest(openai.CodeUnsupported, name, name+" is not served: "+why)
}

// turns are the messages of a chat. A call belongs to the message of the assistant
// before it, as the model wrote it.
func (b *responsesBody) turns() ([]map[string]any, *apiError) {
	var out []map[string]any
	if b.Instructions != "" {
		out = append(out, map[string]any{"role": "system", "content": b.Instructions})
	}
	var text string
	var items []item
	switch {
	case json.Unmarshal(b.Input, &text) == nil:
		items = []item{{Role: "user", Content: b.Input}}
	case len(b.Input) == 0:
	default:
		if err := json.Unmarshal(b.Input, &items); err != nil {
			return nil, badRequest(openai.CodeValue, "input", "input is neither a text nor a list of items")
		}
	}
	for i, it := range items {
		at := fmt.Sprintf("input[%d]", i)
		switch it.Type {
		case "", "message":
			content, err := contentText(at+".content", it.Content)
			if err != nil {
				return nil, err
			}
			out = append(out, map[string]any{"role": it.Role, "content": content})
		case "function_call":
			call := map[string]any{"id": it.CallID, "type": "function", "function": map[string]any{"name": it.Name, "arguments": it.Arguments}}
			if n := len(out); n > 0 && out[n-1]["role"] == "assistant" {
				list, _ := out[n-1]["tool_calls"].([]any)
				out[n-1]["tool_calls"] = append(list, call)
			} else {
				out = append(out, map[string]any{"role": "assistant", "content": "", "tool_calls": []any{call}})
			}
		case "function_call_output":
			content, err := contentText(at+".output", it.Output)
			if err != nil {
				return nil, err
			}
			out = append(out, map[string]any{"role": "tool", "tool_call_id": it.CallID, "content": content})
		}
	}
	if len(items) == 0 { // a client asks whether somebody is there
		out = append(out, map[string]any{"role": "user", "content": ""})
	}
	return out, nil
}

// contentText is a content, a text or a list of parts, as one text.
func contentText(at string, raw json.RawMessage) (string, *apiError) {
	list, err := blocks(at, raw)
	if err != nil {
		return "", err
	}
	var texts []string
	for i, p := range list {
		switch p.Type {
		case "text", "input_text", "output_text", "reasoning_text":
			texts = append(texts, p.Text)
		case "refusal":
		default:
			return "", notServed(fmt.Sprintf("%s[%d]", at, i), p.Type)
		}
	}
	return strings.Join(texts, "\n"), nil
}
