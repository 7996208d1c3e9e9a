package grammar

import (
	"fmt"
	"slices"
	"strings"
)

// object is the objects that facts allow. Properties come in any order, each once.
type object struct {
	s          *schemas
	id         int
	size       span
	properties []property // in the order of their texts
	parts      []objectPart
	patterns   []expr // of all parts, one after the other
	names      expr   // what the name of a further property matches; exprNone for none
	others     map[string]*valueNode
}

// property is one that is known by name.
type property struct {
	text     string // its name, between the quotes
	value    *valueNode
	required bool
	allowed  bool  // by propertyNames
	depends  []int // properties that must be there if this one is
}

func (p *property) possible() bool { return p.allowed && p.value.possible }

// object compiles what facts say of objects.
func (s *schemas) object(n *valueNode, f *facts) *object {
	o := &object{s: s, id: s.objects, size: f.size[ofObject], parts: f.objects, others: map[string]*valueNode{}}
	s.objects++
	x := s.g.x
	names := map[string]bool{}
	for _, p := range o.parts {
		for name := range p.properties {
			names[name] = true
		}
	}
	for _, name := range f.required {
		names[name] = true
	}
	for name, list := range f.depends {
		names[name] = true
		for _, n := range list {
			names[n] = true
		}
	}
	o.names = x.repeat(s.g.std.key, 0, forever)
	if len(f.names) > 0 {
		o.names = x.and(append([]expr{o.names}, f.names...)...)
	}
	allowed := o.names
	for _, p := range o.parts {
		var patterns []expr
		for _, t := range p.patterns {
			o.patterns = append(o.patterns, t.pattern)
			patterns = append(patterns, t.pattern)
		}
		if p.others.schema == false {
			o.names = x.and(o.names, x.or(patterns...))
		}
	}
	if !x.live(o.names) {
		o.names = exprNone
	}
	if o.names != exprNone && o.size.lo-len(f.required) > 1 {
		s.warn(n.sources[0], "minProperties", "a name that comes twice counts twice")
	}
	for _, name := range sortedKeys(names) {
		text := quoted(name)
		text = text[1 : len(text)-1]
		o.properties = append(o.properties, property{text: text, value: s.node(o.named(name, text)),
			required: slices.Contains(f.required, name), allowed: x.matches(allowed, text)})
	}
	slices.SortFunc(o.properties, func(a, b property) int { return strings.Compare(a.text, b.text) })
	for name, list := range f.depends {
		for _, n := range list {
			p := &o.properties[o.find(name)]
			p.depends = append(p.depends, o.find(n))
		}
	}
	if o.names != exprNone {
		s.node(o.unnamed(make([]bool, len(o.patterns))))
		for i := range o.patterns {
			matched := make([]bool, len(o.patterns))
			matched[i] = true
			s.node(o.unnamed(matched))
		}
	}
	return o
}

func (o *object) find(name string) int {
	text := quoted(name)
	i, _ := slices.BinarySearchFunc(o.properties, text[1:len(text)-1], func(p property, t string) int { return strings.Compare(p.text, t) })
	return i
}

// named is what all parts say of a property known by name.
func (o *object) named(name, text string) (out []source) {
	for _, p := range o.parts {
		own, said := p.properties[name]
		if said {
			out = append(out, own)
		}
		for _, t := range p.patterns {
			if o.s.g.x.matches(t.pattern, text) {
				out, said = append(out, t.source), true
			}
		}
		if !said {
			out = append(out, p.others)
		}
	}
	return out
}

// unnamed is what all parts say of a further property whose name matches some of
// the patterns.
func (o *object) unnamed(matched []bool) (out []source) {
	for _, p := range o.parts {
		said := false
		for i, t := range p.patterns {
			if matched[i] {
				out, said = append(out, t.source), true
			}
		}
		matched = matched[len(p.patterns):]
		if !said {
			out = append(out, p.others)
		}
	}
	return out
}

// other is the node of a further property's value.
func (o *object) other(matched []bool) *valueNode {
	key := fmt.Sprint(matched)
	n := o.others[key]
	if n == nil {
		n = o.s.node(o.unnamed(matched))
		o.others[key] = n
		o.s.finish()
	}
	return n
}

func (o *object) satisfiable() bool {
	most := 0
	required := 0
	for i := range o.properties {
		p := &o.properties[i]
		if p.possible() {
			most++
		} else if p.required {
			return false
		}
		if p.required {
			required++
			for _, d := range p.depends {
				if !o.properties[d].possible() {
					return false
				}
			}
		}
	}
	if o.size.hi != forever && (required > o.size.hi || o.size.lo > o.size.hi) {
		return false
	}
	return o.names != exprNone && o.goesOn() || o.size.lo <= most
}

// goesOn tells whether a further property can have a value.
func (o *object) goesOn() bool {
	if o.s.node(o.unnamed(make([]bool, len(o.patterns)))).possible {
		return true
	}
	for i := range o.patterns {
		matched := make([]bool, len(o.patterns))
		matched[i] = true
		if o.s.node(o.unnamed(matched)).possible {
			return true
		}
	}
	return false
}

// start is the cell of the whole object.
func (o *object) start() int32 {
	x, std := o.s.g.x, &o.s.g.std
	p := &objectPlace{object: o, seen: make([]bool, len(o.properties))}
	return o.s.g.single(match(x.concat(x.text("{"), std.space), p.cell(o.s.g)))
}

// objectPlace is a place in an object, behind some properties.
type objectPlace struct {
	*object
	seen    []bool
	further int // how many there are that are not known by name
}

func (p *objectPlace) cell(g *Grammar) int32 {
	seen := make([]byte, len(p.seen))
	for i, s := range p.seen {
		if s {
			seen[i] = 1
		}
	}
	if p.size.hi == forever {
		p.further = min(p.further, max(p.size.lo, 1))
	}
	name := fmt.Sprintf("object %d %d %s", p.id, p.further, seen)
	return g.cell(name, func() expander { return p })
}

// due counts the properties that are still to come.
func (p *objectPlace) due() (n int) {
	for i := range p.properties {
		if !p.seen[i] && p.needs(i) {
			n++
		}
	}
	return n
}

// needs tells whether a property must be there.
func (p *objectPlace) needs(i int) bool {
	if p.properties[i].required {
		return true
	}
	for j := range p.properties {
		if p.seen[j] && slices.Contains(p.properties[j].depends, i) {
			return true
		}
	}
	return false
}

func (p *objectPlace) count() int {
	n := p.further
	for _, s := range p.seen {
		if s {
			n++
		}
	}
	return n
}

// open tells whether a property may come next.
func (p *objectPlace) open(i int, room bool) bool {
	at := &p.properties[i]
	if p.seen[i] || !at.possible() || !room && !p.needs(i) {
		return false
	}
	for _, d := range at.depends {
		if !p.properties[d].possible() {
			return false
		}
	}
	return true
}

func (p *objectPlace) expand(g *Grammar) (e expansion) {
	x, std := g.x, &g.std
	n, due := p.count(), p.due()
	space, comma := std.space, x.concat(std.space, x.text(","), std.space)
	if n == 0 {
		space, comma = exprEmpty, exprEmpty
	}
	if due == 0 && n >= p.size.lo {
		e.steps = append(e.steps, match(x.concat(space, x.text("}")), noCell))
	}
	if p.size.hi != forever && n >= p.size.hi {
		return e
	}
	// With room for no more than what must come, nothing else may.
	k := &nameAt{objectPlace: p, to: len(p.properties), rest: p.names, room: p.size.hi == forever || n+due < p.size.hi}
	if !k.room || !p.goesOn() {
		k.rest = exprNone
	}
	if k.rest != exprNone {
		k.patterns = p.patterns
	}
	if k.alive() {
		e.steps = append(e.steps, match(x.concat(comma, std.quote), k.cell(g)))
	}
	return e
}
