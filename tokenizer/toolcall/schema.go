package toolcall

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Tool is a function that the model may call.
type Tool struct {
	Name string

	params map[string]param
	open   bool  // there may be parameters that params has not
	other  param // what those are
}

// param is what a schema says of a value.
type param struct {
	kind     kind
	nullable bool
}

type kind uint8

const (
	kindString kind = iota // also where the schema says nothing
	kindInteger
	kindNumber
	kindBool
	kindObject
	kindArray
)

var kinds = map[string]kind{"string": kindString, "integer": kindInteger, "number": kindNumber, "boolean": kindBool,
	"object": kindObject, "array": kindArray}

// ParseTools reads a JSON list of tools in OpenAI's form, {"type": "function",
// "function": {"name", "parameters"}}, or with name and parameters (or
// input_schema) at the top. Tools of other types are passed over; null is no
// tools. Of a schema nothing is an error.
func ParseTools(data []byte) ([]Tool, error) {
	var list []json.RawMessage
	if json.Unmarshal(data, &list) != nil {
		return nil, errors.New("tools: want a JSON list of objects")
	}
	var tools []Tool
	for i, raw := range list {
		var t struct {
			Type     string
			Function json.RawMessage
		}
		if json.Unmarshal(raw, &t) != nil {
			return nil, fmt.Errorf("tools: tool %d is not an object with a type that is a string", i+1)
		}
		if t.Function != nil {
			raw = t.Function
		} else if t.Type != "" && t.Type != "function" {
			continue
		}
		var f struct {
			Name        string
			Parameters  json.RawMessage
			InputSchema json.RawMessage `json:"input_schema"`
		}
		if json.Unmarshal(raw, &f) != nil || f.Name == "" {
			return nil, fmt.Errorf("tools: tool %d has no name that is a string", i+1)
		}
		if f.Parameters == nil {
			f.Parameters = f.InputSchema
		}
		tools = append(tools, newTool(f.Name, f.Parameters))
	}
	return tools, nil
}

func newTool(name string, parameters json.RawMessage) Tool {
	var root any
	d := json.NewDecoder(bytes.NewReader(parameters))
	d.UseNumber()
	if d.Decode(&root) != nil {
		root = nil
	}
	s := &schema{root: root, left: maxVisits}
	top := s.followed(root, 0)
	t := Tool{Name: name, params: map[string]param{}}
	s.properties(&t, top, 0)
	t.open = t.open || len(t.params) == 0
	return t
}

// known is whether the schema names a parameter; takes whether a call may have it.
func (t *Tool) known(name string) bool { _, ok := t.params[name]; return ok }

func (t *Tool) takes(name string) bool { return t.open || t.known(name) }

func (t *Tool) param(name string) param {
	if p, ok := t.params[name]; ok {
		return p
	}
	return t.other
}

// Bounds of how far a schema is looked into: references can form circles.
const (
	maxDepth  = 16
	maxVisits = 1_000 // beside those of a parameter
	maxLooks  = 200   // for a parameter
)

// schema finds what a JSON schema says of types.
type schema struct {
	root any
	left int // schemas to look at
}

// properties adds the parameters of an object's schema.
func (s *schema) properties(t *Tool, top map[string]any, depth int) {
	if s.left--; depth > maxDepth || s.left < 0 {
		return
	}
	all, _ := top["properties"].(map[string]any)
	for name, v := range all {
		if !t.known(name) {
			t.params[name] = s.param(v)
		}
	}
	switch more := top["additionalProperties"].(type) {
	case bool:
		t.open = t.open || more
	case map[string]any:
		t.open, t.other = true, s.param(more)
	}
	if top["patternProperties"] != nil {
		t.open = true
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		list, _ := top[key].([]any)
		for _, v := range list {
			s.properties(t, s.followed(v, 0), depth+1)
		}
	}
}

func (s *schema) param(v any) param {
	var p param
	found := false
	left := s.left
	s.left = maxLooks
	defer func() { s.left = left }()
	s.look(v, 0, func(name string) {
		if name == "null" {
			p.nullable = true
		} else if k, ok := kinds[name]; ok && !found {
			p.kind, found = k, true
		}
	})
	return p
}

// look reports the types that a schema allows, in the order in which it says so.
func (s *schema) look(v any, depth int, report func(string)) {
	m := s.followed(v, depth)
	if s.left--; m == nil || depth > maxDepth || s.left < 0 {
		return
	}
	if m["nullable"] == true { // OpenAPI's
		report("null")
	}
	switch t := m["type"].(type) {
	case string:
		report(t)
	case []any:
		for _, v := range t {
			if name, ok := v.(string); ok {
				report(name)
			}
		}
	}
	for _, key := range []string{"anyOf", "oneOf", "allOf"} {
		list, _ := m[key].([]any)
		for _, v := range list {
			s.look(v, depth+1, report)
		}
	}
	values, _ := m["enum"].([]any)
	if v, ok := m["const"]; ok {
		values = append(values, v)
	}
	for _, v := range values {
		report(typeOf(v))
	}
	if m["properties"] != nil || m["additionalProperties"] != nil {
		report("object")
	}
	if m["items"] != nil || m["prefixItems"] != nil {
		report("array")
	}
}

// typeOf is the name of a decoded value's type.
func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case json.Number:
		if strings.ContainsAny(string(v), ".eE") {
			return "number"
		}
		return "integer"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}

// followed is a schema as an object, or the one that its $ref leads to.
func (s *schema) followed(v any, depth int) map[string]any {
	m, _ := v.(map[string]any)
	ref, ok := m["$ref"].(string)
	if !ok || depth > maxDepth {
		return m
	}
	path, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return m
	}
	if plain, err := url.PathUnescape(path); err == nil {
		path = plain
	}
	at := s.root
	for _, part := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		if part == "" {
			continue
		}
		object, _ := at.(map[string]any)
		at = object[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
	}
	return s.followed(at, depth+1)
}
