package grammar

import (
	"errors"
	"fmt"
	"slices"
)

// Tool is a function that a model may call.
type Tool struct {
	Name       string
	Parameters []byte // the JSON schema of its arguments; empty for any
}

// ToolOptions says how calls are written.
type ToolOptions struct {
	// XML is Qwen3-Coder's form, <function=NAME> with a <parameter=KEY> each;
	// otherwise a call is Qwen3's JSON object of name and arguments.
	XML      bool
	Parallel bool // more than one call may be made
	Strict   bool // what a schema asks and cannot be held is an error
}

// Tools compiles to calls of some tools, at least one, in the form that the model
// was trained on. For the call of one tool, give that tool alone.
func Tools(v *Vocabulary, tools []Tool, o ToolOptions) (*Grammar, error) {
	if len(tools) == 0 {
		return nil, errors.New("a call of no tools")
	}
	g := newGrammar(v)
	x := g.x
	after, rule := g.rule()
	rule.final = true
	open := x.or(x.text(Marker+"<tool_call>"), x.text("<tool_call>"))
	closing := x.or(x.text(Marker+"</tool_call>"), x.text("</tool_call>"))
	var calls []step
	for i, t := range tools {
		c, err := g.toolCall(t, i, o, closing, after)
		if err != nil {
			return nil, fmt.Errorf("tool %q: %w", t.Name, err)
		}
		head := `{"name": ` + quoted(t.Name) + `, "arguments": `
		if o.XML {
			head = "<function=" + t.Name + ">\n"
		}
		calls = append(calls, match(x.concat(open, x.text("\n"+head)), c))
	}
	start, first := g.rule()
	first.steps = calls
	if o.Parallel {
		rule.steps = []step{match(x.text("\n"), start)}
	}
	return g, g.begin(start)
}

// toolCall is the cell of a call behind its head.
func (g *Grammar) toolCall(t Tool, i int, o ToolOptions, closing expr, after int32) (int32, error) {
	text := t.Parameters
	if len(text) == 0 {
		text = []byte(`{}`)
	}
	root, err := decode(text)
	if err != nil {
		return 0, err
	}
	s := newSchemas(g, root)
	s.objects = i << 20 // so that no two tools have a cell in common
	at := source{"#", root}
	sources := []source{at, {"#arguments", map[string]any{"type": "object"}}}
	c, err := s.value(sources)
	if err != nil {
		return 0, err
	}
	end := g.single(match(g.x.concat(g.x.text("}\n"), closing), after))
	c = g.single(call(c, end))
	if o.XML {
		all := s.ways(sources)
		if len(all) != 1 || len(all[0].values) > 0 {
			return 0, errors.New("parameters that are a choice between schemas have no XML form")
		}
		p := &parameters{object: s.object(s.node(sources), &all[0])}
		if s.finish(); !p.satisfiable() {
			return 0, errors.New("no arguments can satisfy its schema")
		}
		p.end = g.single(match(g.x.concat(g.x.text("</function>\n"), closing), after))
		c = (&parametersAt{p, make([]bool, len(p.properties))}).cell(g)
	}
	for _, w := range s.warnings {
		w.Path = t.Name + w.Path
		g.warnings = append(g.warnings, w)
	}
	if o.Strict && len(s.warnings) > 0 {
		return 0, errors.New(s.warnings[0].String())
	}
	return c, g.failure()
}

// parameters are the arguments of a tool in the XML form: those that its schema
// names, in any order.
type parameters struct {
	*object
	end int32
}

// parametersAt is a place behind some parameters.
type parametersAt struct {
	*parameters
	seen []bool
}

func (p *parametersAt) cell(g *Grammar) int32 {
	return g.cell(fmt.Sprintf("parameters %d %v", p.id, p.seen), func() expander { return p })
}

func (p *parametersAt) expand(g *Grammar) (e expansion) {
	x := g.x
	due := false
	for i := range p.properties {
		at := &p.properties[i]
		due = due || at.required && !p.seen[i]
		if p.seen[i] || !at.possible() {
			continue
		}
		next := &parametersAt{p.parameters, slices.Clone(p.seen)}
		next.seen[i] = true
		head := x.text("<parameter=" + at.text + ">\n")
		tail := x.text("\n</parameter>\n")
		if raw := p.s.raw(at.value); raw != exprNone {
			e.steps = append(e.steps, match(x.concat(head, raw, tail), next.cell(g)))
			continue
		}
		e.steps = append(e.steps, match(head, g.single(call(at.value.cell, g.single(match(tail, next.cell(g)))))))
	}
	if !due {
		e.steps = append(e.steps, step{exprNone, noCell, p.end})
	}
	return e
}

// raw matches the text of a parameter that may be a string, which has no quotes;
// exprNone for one that may not.
func (s *schemas) raw(n *valueNode) expr {
	x := s.g.x
	var parts []expr
	free := false
	for _, f := range s.ways(n.sources) {
		if f.kinds&isString == 0 {
			continue
		}
		if !f.chosen {
			free = true
		}
		for _, v := range f.values {
			if t, ok := v.(string); ok {
				parts = append(parts, x.text(t))
			}
		}
	}
	if free {
		any := x.repeat(s.g.std.rune, 0, forever)
		parts = []expr{x.and(any, x.not(x.concat(any, x.text("\n</parameter>"), any)))}
	}
	return x.or(parts...)
}
