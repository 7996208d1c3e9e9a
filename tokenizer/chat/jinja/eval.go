package jinja

import (
	"strings"
)

// expr is an expression. It is evaluated through frame.eval, which counts.
type expr interface{ eval(*frame) any }

type literal struct{ value any }

func (l *literal) eval(*frame) any { return l.value }

type variable struct {
	line int
	name string
}

func (v *variable) eval(f *frame) any { f.line = v.line; return f.lookup(v.name) }

type tupleOf struct {
	line  int
	items []expr
}

func (t *tupleOf) eval(f *frame) any { return tuple(f.all(t.items)) }

type listOf struct {
	line  int
	items []expr
}

func (l *listOf) eval(f *frame) any { return list(f.all(l.items)) }

func (f *frame) all(items []expr) []any {
	f.slots(len(items))
	out := make([]any, len(items))
	for i, e := range items {
		out[i] = f.eval(e)
	}
	return out
}

type dictOf struct {
	line         int
	keys, values []expr
}

func (d *dictOf) eval(f *frame) any {
	f.alloc(frameSize)
	out := &Dict{}
	for i, k := range d.keys {
		key := f.eval(k)
		f.line = d.line
		key = f.key(key)
		f.put(out, key, f.eval(d.values[i]))
	}
	return out
}

type conditional struct {
	line              int
	test, then, other expr
}

func (c *conditional) eval(f *frame) any {
	switch {
	case f.truth(f.eval(c.test)):
		return f.eval(c.then)
	case c.other != nil:
		return f.eval(c.other)
	}
	return undefined{why: "the inline if-expression on line %[1]s evaluated to false and no else section was defined.", about: int64(c.line)}
}

type logic struct {
	line int
	or   bool
	a, b expr
}

func (l *logic) eval(f *frame) any {
	v := f.eval(l.a)
	if f.truth(v) == l.or {
		return v
	}
	return f.eval(l.b)
}

type not struct {
	line int
	of   expr
}

func (n *not) eval(f *frame) any { return !f.truth(f.eval(n.of)) }

type comparison struct {
	line  int
	first expr
	ops   []string
	rest  []expr
}

func (c *comparison) eval(f *frame) any {
	a := f.eval(c.first)
	for i, op := range c.ops {
		b := f.eval(c.rest[i])
		f.line = c.line
		if !f.related(op, a, b) {
			return false
		}
		a = b
	}
	return true
}

func (f *frame) related(op string, a, b any) bool {
	switch op {
	case "==":
		return f.equal(a, b)
	case "!=":
		return !f.equal(a, b)
	case "in":
		return f.contains(b, a)
	case "not in":
		return !f.contains(b, a)
	}
	n := f.compare(a, b, op)
	if n == 2 { // not a number
		return false
	}
	switch op {
	case "<":
		return n < 0
	case "<=":
		return n <= 0
	case ">":
		return n > 0
	}
	return n >= 0
}

func (f *frame) contains(in, v any) bool {
	switch in := in.(type) {
	case *Dict:
		if _, ok := v.(tuple); ok { // no key can be one here
			return false
		}
		_, ok := f.get(in, f.key(v))
		return ok
	case nil, bool, int64, float64:
		f.fail("argument of type '%s' is not iterable", typeName(in))
	}
	if s, ok := asText(in); ok {
		t, ok := asText(v)
		if !ok {
			f.need(v)
			f.fail("'in <string>' requires string as left operand, not %s", typeName(v))
		}
		f.scan(len(s))
		return strings.Contains(s, t)
	}
	for _, item := range f.iterate(in) {
		if f.equal(item, v) {
			return true
		}
	}
	return false
}

type concat struct {
	line  int
	items []expr
}

func (c *concat) eval(f *frame) any {
	b := f.buffer()
	for _, e := range c.items {
		v := f.eval(e)
		f.line = c.line
		b.write(f.str(v))
	}
	return b.String()
}

type sign struct {
	line  int
	minus bool
	of    expr
}

func (s *sign) eval(f *frame) any {
	v := f.eval(s.of)
	f.line = s.line
	n, ok := numeric(f.need(v))
	if !ok {
		f.fail("bad operand type for unary %s: '%s'", map[bool]string{true: "-", false: "+"}[s.minus], typeName(v))
	}
	if x, ok := n.(float64); ok && s.minus {
		return -x
	}
	if s.minus {
		return f.arithmetic("-", int64(0), n)
	}
	return n
}

type binary struct {
	line int
	op   string
	a, b expr
}

func (b *binary) eval(f *frame) any {
	x, y := f.eval(b.a), f.eval(b.b)
	f.line = b.line
	f.need(x)
	if n, ok := numeric(x); ok {
		if m, ok := numeric(y); ok {
			return f.arithmetic(b.op, n, m)
		}
	}
	switch b.op {
	case "+":
		if v, ok := f.joined(x, y); ok {
			return v
		}
	case "*":
		if v, ok := f.repeated(x, y); ok {
			return v
		}
		if v, ok := f.repeated(y, x); ok {
			return v
		}
	case "%":
		if s, ok := asText(x); ok {
			switch y := y.(type) {
			case tuple:
				return f.printf(s, y, false)
			case list, *Dict, undefined: // may stand for named values
				return f.printf(s, tuple{y}, true)
			}
			return f.printf(s, tuple{y}, false)
		}
	}
	f.need(y)
	if b.op == "+" {
		switch x.(type) {
		case string, markup:
			f.fail(`can only concatenate str (not "%s") to str`, typeName(y))
		}
	}
	f.fail("unsupported operand type(s) for %s: '%s' and '%s'", b.op, typeName(x), typeName(y))
	return nil
}

// joined is x + y for strings and lists.
func (f *frame) joined(x, y any) (any, bool) {
	if s, ok := asText(x); ok {
		t, ok := asText(y)
		if !ok {
			return nil, false
		}
		_, safe1 := x.(markup)
		_, safe2 := y.(markup)
		if safe1 && !safe2 {
			t = f.escaped(t)
		} else if safe2 && !safe1 {
			s = f.escaped(s)
		}
		f.alloc(len(s) + len(t) + textSize)
		if safe1 || safe2 {
			return markup(s + t), true
		}
		return s + t, true
	}
	switch x := x.(type) {
	case list:
		if y, ok := y.(list); ok {
			return list(f.appended(x, y)), true
		}
	case tuple:
		if y, ok := y.(tuple); ok {
			return tuple(f.appended(x, y)), true
		}
	}
	return nil, false
}

func (r *run) appended(x, y []any) []any {
	r.slots(len(x) + len(y))
	return append(append(make([]any, 0, len(x)+len(y)), x...), y...)
}

// repeated is x * y for a string or list x and a number y.
func (f *frame) repeated(x, y any) (any, bool) {
	m, ok := numeric(y)
	n, whole := m.(int64)
	if !ok || !whole {
		return nil, false
	}
	n = max(n, 0)
	if s, ok := asText(x); ok {
		f.alloc(times(len(s), int(n)) + textSize)
		return strings.Repeat(s, int(n)), true
	}
	var items []any
	switch x := x.(type) {
	case list:
		items = x
	case tuple:
		items = x
	default:
		return nil, false
	}
	f.slots(times(len(items), int(n)))
	if len(items) == 0 {
		n = 0
	}
	out := make([]any, 0, len(items)*int(n))
	for range n {
		out = append(out, items...)
	}
	if _, ok := x.(tuple); ok {
		return tuple(out), true
	}
	return list(out), true
}
