package grammar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"sort"
	"strings"
)

// SchemaOptions says how a schema is served.
type SchemaOptions struct {
	Strict bool // what cannot be held is an error and no warning
}

// JSONSchema compiles a JSON schema of draft 2020-12: the texts are values that it
// allows, with their properties in any order and with little white space. A keyword
// that is not known or cannot be held is left out, which Warnings tells of. An
// error names what is no schema, what no value can satisfy, or a bound.
func JSONSchema(v *Vocabulary, schema []byte, o SchemaOptions) (*Grammar, error) {
	root, err := decode(schema)
	if err != nil {
		return nil, err
	}
	g := newGrammar(v)
	s := newSchemas(g, root)
	c, err := s.value([]source{{"#", root}})
	if err != nil {
		return nil, err
	}
	g.warnings = s.warnings
	if o.Strict && len(s.warnings) > 0 {
		return nil, fmt.Errorf("json schema: %s", s.warnings[0])
	}
	return g, g.begin(c)
}

// JSONObject compiles to any JSON object.
func JSONObject(v *Vocabulary) (*Grammar, error) {
	return JSONSchema(v, []byte(`{"type":"object"}`), SchemaOptions{})
}

// Warnings tells which parts of a schema are not held.
func (g *Grammar) Warnings() []Warning { return g.warnings }

// decode reads a JSON text.
func decode(text []byte) (any, error) {
	if len(text) > maxSource {
		return nil, fmt.Errorf("json schema: %d bytes, want at most %d", len(text), maxSource)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errors.New("json schema: the JSON ends too early")
		}
		return nil, fmt.Errorf("json schema: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("json schema: more than one JSON value")
	}
	switch v.(type) {
	case map[string]any, bool:
		return v, nil
	}
	return nil, errors.New("json schema: want an object or a boolean")
}

// canonical is a value's JSON in its shortest form.
func canonical(v any) string {
	switch v := v.(type) {
	case json.Number:
		if r, ok := rational(v); ok && r.IsInt() && len(r.Num().String()) <= maxDigits {
			return r.Num().String()
		}
		return v.String()
	case string:
		return quoted(v)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = canonical(e)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case map[string]any:
		var parts []string
		for _, name := range sortedKeys(v) {
			parts = append(parts, quoted(name)+":"+canonical(v[name]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	text, _ := json.Marshal(v) // null and booleans
	return string(text)
}

// quoted is a text as a JSON string, spelled as std.key has it.
func quoted(s string) string {
	var b bytes.Buffer
	b.WriteByte('"')
	for _, r := range s {
		switch e, ok := short[r]; {
		case ok:
			b.WriteString(e)
		case r < ' ':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// rational is a JSON number's value, unless its exponent is beyond all use.
func rational(n json.Number) (*big.Rat, bool) {
	if _, exponent, ok := strings.Cut(strings.ToLower(n.String()), "e"); ok && len(strings.TrimLeft(exponent, "+-0")) > 3 {
		return nil, false
	}
	return new(big.Rat).SetString(n.String())
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// source is a schema and where it stands. The zero source allows anything.
type source struct {
	path   string
	schema any
}

func (s source) given() bool { return s.schema != nil }

// schemas compiles the schemas of one text.
type schemas struct {
	g        *Grammar
	root     any
	anchors  map[string]source
	nodes    map[string]*valueNode
	pending  []*valueNode
	objects  int
	warnings []Warning
	warned   map[Warning]bool
}

// valueNode is what several schemas together allow.
type valueNode struct {
	sources []source
	cell    int32
	rule    *fixed
	scalar  expr
	arrays  []*array
	objects []*object
	// possible is set once a value is known that the node allows.
	possible bool
}

func newSchemas(g *Grammar, root any) *schemas {
	s := &schemas{g: g, root: root, anchors: map[string]source{}, nodes: map[string]*valueNode{}, warned: map[Warning]bool{}}
	s.findAnchors("#", root, 0)
	return s
}

func (s *schemas) warn(at source, keyword, reason string) {
	w := Warning{at.path, keyword, reason}
	if !s.warned[w] {
		s.warned[w] = true
		s.warnings = append(s.warnings, w)
	}
}

// node is the node of what all sources allow.
func (s *schemas) node(sources []source) *valueNode {
	sources = slices.DeleteFunc(slices.Clone(sources), func(a source) bool { return !a.given() || a.schema == true })
	slices.SortFunc(sources, func(a, b source) int { return strings.Compare(a.path, b.path) })
	sources = slices.CompactFunc(sources, func(a, b source) bool { return a.path == b.path })
	var key strings.Builder
	for _, a := range sources {
		key.WriteString(a.path)
		key.WriteByte(0)
	}
	n := s.nodes[key.String()]
	if n == nil {
		n = &valueNode{sources: sources}
		n.cell, n.rule = s.g.rule()
		s.nodes[key.String()] = n
		s.pending = append(s.pending, n)
	}
	return n
}

// value compiles what all sources allow, with all that it refers to.
func (s *schemas) value(sources []source) (int32, error) {
	n := s.node(sources)
	s.finish()
	if err := s.g.failure(); err != nil {
		return 0, err
	}
	if !n.possible {
		return 0, errors.New("json schema: no value can satisfy it")
	}
	return n.cell, nil
}

// finish compiles the nodes that wait for it, and leaves out what no value can
// satisfy.
func (s *schemas) finish() {
	var fresh []*valueNode
	for len(s.pending) > 0 && s.g.failure() == nil {
		n := s.pending[0]
		s.pending = s.pending[1:]
		s.compile(n)
		fresh = append(fresh, n)
	}
	for changed := true; changed; {
		changed = false
		for _, n := range fresh {
			if !n.possible && n.satisfiable() {
				n.possible, changed = true, true
			}
		}
	}
	for _, n := range fresh {
		n.settle()
	}
}

// satisfiable tells whether a value is known that the node allows.
func (n *valueNode) satisfiable() bool {
	return n.scalar != exprNone || slices.ContainsFunc(n.arrays, (*array).satisfiable) ||
		slices.ContainsFunc(n.objects, (*object).satisfiable)
}

// settle sets the steps of the node's cell.
func (n *valueNode) settle() {
	if n.scalar != exprNone {
		n.rule.steps = append(n.rule.steps, match(n.scalar, noCell))
	}
	for _, a := range n.arrays {
		if a.satisfiable() {
			a.settle()
			n.rule.steps = append(n.rule.steps, call(a.start(), noCell))
		}
	}
	for _, o := range n.objects {
		if o.satisfiable() {
			n.rule.steps = append(n.rule.steps, call(o.start(), noCell))
		}
	}
}

// compile finds what a node's values may be.
func (s *schemas) compile(n *valueNode) {
	all := s.ways(n.sources)
	var scalars []expr
	for i := range all {
		f := &all[i]
		if f.chosen {
			s.compileValues(n, f, &scalars)
			continue
		}
		scalars = append(scalars, s.scalar(f))
		if f.kinds&isArray != 0 {
			n.arrays = append(n.arrays, s.array(f))
		}
		if f.kinds&isObject != 0 {
			n.objects = append(n.objects, s.object(n, f))
		}
	}
	n.scalar = s.g.x.or(scalars...)
	if !s.g.x.live(n.scalar) {
		n.scalar = exprNone
	}
}

// compileValues adds the values that facts name, if they hold for the rest of the
// facts.
func (s *schemas) compileValues(n *valueNode, f *facts, scalars *[]expr) {
	free := f.clone()
	free.chosen, free.values = false, nil
	scalar := s.scalar(&free)
	var texts []string
	for _, v := range f.values {
		text := canonical(v)
		switch v := v.(type) {
		case []any:
			if f.kinds&isArray != 0 {
				part := arrayPart{rest: source{"#false", false}}
				for i, e := range v {
					part.prefix = append(part.prefix, source{fmt.Sprintf("#const%s/%d", text, i), map[string]any{"const": e}})
				}
				one := free.clone()
				one.arrays = append(one.arrays, part)
				one.size[ofArray].narrow(span{len(v), len(v)})
				n.arrays = append(n.arrays, s.array(&one))
			}
		case map[string]any:
			if f.kinds&isObject != 0 {
				part := objectPart{properties: map[string]source{}, others: source{"#false", false}}
				one := free.clone()
				for _, name := range sortedKeys(v) {
					part.properties[name] = source{"#const" + text + "/" + name, map[string]any{"const": v[name]}}
					one.required = append(one.required, name)
				}
				one.objects = append(one.objects, part)
				n.objects = append(n.objects, s.object(n, &one))
			}
		default:
			if s.g.x.matches(scalar, text) {
				texts = append(texts, text)
			}
		}
	}
	*scalars = append(*scalars, s.g.x.texts(texts))
}

// scalar matches the values of facts that are neither arrays nor objects.
func (s *schemas) scalar(f *facts) expr {
	x, std := s.g.x, &s.g.std
	var parts []expr
	if f.kinds&isNull != 0 {
		parts = append(parts, x.text("null"))
	}
	if f.kinds&isBool != 0 {
		parts = append(parts, x.texts([]string{"true", "false"}))
	}
	if f.kinds&isInteger != 0 {
		e := s.g.numbers(f.limits, f.kinds&isFraction == 0)
		parts = append(parts, x.and(append([]expr{e}, f.multiple...)...))
	}
	if f.kinds&isString != 0 {
		size := f.size[ofString]
		if len(f.patterns) == 0 {
			parts = append(parts, x.concat(std.quote, x.repeat(std.char, size.lo, size.hi), std.quote))
		} else {
			all := f.patterns
			if size.lo > 0 || size.hi != forever {
				all = append(slices.Clone(all), x.repeat(std.key, size.lo, size.hi))
			}
			parts = append(parts, x.concat(std.quote, x.and(all...), std.quote))
		}
	}
	return x.or(parts...)
}
