package chat

import (
	"fmt"

	"moeflow/tokenizer/chat/jinja"
)

// ParseTools reads the tools of a conversation from JSON, a list of objects, and
// keeps the order of their keys. Templates print the tools, so a model sees the
// order that their author chose. null and an empty list are no tools.
func ParseTools(data []byte) ([]any, error) {
	v, err := jinja.DecodeJSON(data)
	if err != nil {
		return nil, fmt.Errorf("tools: %w", err)
	}
	if v == nil {
		return nil, nil
	}
	tools, ok := jinja.Items(v)
	if !ok {
		return nil, fmt.Errorf("tools: got %s, wanted a JSON list of objects", kind(v))
	}
	for i, tool := range tools {
		if _, ok := tool.(*jinja.Dict); !ok {
			return nil, fmt.Errorf("tools: tool %d is %s, wanted an object", i+1, kind(tool))
		}
	}
	return tools, nil
}

// kind names a decoded JSON value as JSON does.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a bool"
	case string:
		return "a string"
	case *jinja.Dict:
		return "an object"
	}
	if _, ok := jinja.Items(v); ok {
		return "a list"
	}
	return "a number"
}
