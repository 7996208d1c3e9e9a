package chat

import (
	"fmt"
	"strings"

	"moeflow/tokenizer/chat/jinja"
)

// withObjects makes objects of the arguments of a message's calls. OpenAI's form
// has them as a string of JSON, templates expect what the string says. The keys
// keep their order.
func withObjects(m *jinja.Dict) error {
	if v, ok := m.Get("function_call"); ok && v != nil {
		f, err := withObject(v)
		if err != nil {
			return fmt.Errorf("function_call.%w", err)
		}
		m.Set("function_call", f)
	}
	v, _ := m.Get("tool_calls")
	calls, ok := jinja.Items(v)
	if !ok {
		return nil
	}
	for i, v := range calls {
		call, ok := v.(*jinja.Dict)
		if !ok {
			continue
		}
		var err error
		at := fmt.Sprintf("tool_calls[%d].", i)
		if f, has := call.Get("function"); has {
			at += "function."
			call = call.Clone()
			if f, err = withObject(f); err == nil {
				call.Set("function", f)
			}
			calls[i] = call
		} else {
			calls[i], err = withObject(call)
		}
		if err != nil {
			return fmt.Errorf("%s%w", at, err)
		}
	}
	list, err := jinja.FromGo(calls)
	if err != nil {
		return err
	}
	m.Set("tool_calls", list)
	return nil
}

// withObject is a call whose arguments are an object. Calls without arguments
// stay as they are.
func withObject(v any) (any, error) {
	f, ok := v.(*jinja.Dict)
	if !ok {
		return v, nil
	}
	given, ok := f.Get("arguments")
	if !ok {
		return v, nil
	}
	object, err := arguments(given)
	if err != nil {
		return nil, fmt.Errorf("arguments: %w", err)
	}
	f = f.Clone()
	f.Set("arguments", object)
	return f, nil
}

// arguments is the object that v is, or that a string says. Nothing is an object
// without keys. Some clients encode the string once more.
func arguments(v any) (any, error) {
	for range 2 {
		text, ok := v.(string)
		if !ok {
			break
		}
		text = strings.TrimSpace(text)
		if text == "" {
			v = nil
			break
		}
		var err error
		if v, err = jinja.DecodeJSON([]byte(text)); err != nil {
			return nil, err
		}
	}
	switch v := v.(type) {
	case nil:
		return &jinja.Dict{}, nil
	case *jinja.Dict:
		return v, nil
	}
	return nil, fmt.Errorf("got %s, wanted an object or a string of JSON that is one", kind(v))
}
