package jinja

import "unicode/utf8"

type attribute struct {
	line int
	of   expr
	name string
}

func (a *attribute) eval(f *frame) any {
	v := f.eval(a.of)
	f.line = a.line
	return f.attr(v, a.name)
}

type item struct {
	line    int
	of, key expr
}

func (i *item) eval(f *frame) any {
	v := f.eval(i.of)
	if s, ok := i.key.(*slice); ok {
		return f.sliced(v, s)
	}
	key := f.eval(i.key)
	f.line = i.line
	return f.item(v, key)
}

// slice is a[from:to:step]; it stands only as the key of an item.
type slice struct {
	line           int
	from, to, step expr
}

func (s *slice) eval(f *frame) any { f.fail("a slice stands outside of brackets"); return nil }

// attr is v.name: an attribute or method, or else an item.
func (f *frame) attr(v any, name string) any {
	f.need(v)
	if member, ok := attributeOf(v, name); ok {
		return member
	}
	if d, ok := v.(*Dict); ok {
		if value, ok := d.Get(name); ok {
			return value
		}
	}
	return missing(v, name)
}

// item is v[key]: an item, or else an attribute or method.
func (f *frame) item(v, key any) any {
	f.need(v)
	if d, ok := v.(*Dict); ok {
		switch key.(type) {
		case nil, bool, int64, float64, string, markup:
			if value, ok := d.Get(key); ok {
				return value
			}
		}
	}
	if n, ok := numeric(key); ok {
		if i, ok := n.(int64); ok {
			if value, ok := f.at(v, i); ok {
				return value
			}
		}
		return undefined{objectName(v) + " has no element " + f.str(key)}
	}
	name, ok := asText(key)
	if !ok {
		return undefined{objectName(v) + " has no element " + f.str(key)}
	}
	if member, ok := attributeOf(v, name); ok {
		return member
	}
	return missing(v, name)
}

func missing(v any, name string) undefined {
	return undefined{"'" + objectName(v) + "' has no attribute " + quote(name)}
}

func objectName(v any) string {
	if v == nil {
		return "None"
	}
	return typeName(v) + " object"
}

// attributeOf finds a namespace's variable, what loop knows, or a method.
func attributeOf(v any, name string) (any, bool) {
	switch v := v.(type) {
	case *namespace:
		return v.vars.Get(name)
	case *loopState:
		member := v.attribute(name)
		_, no := member.(undefined)
		return member, !no || name == "previtem" || name == "nextitem"
	case *closure:
		if name == "name" {
			return v.name, true
		}
	case string, markup:
		if fn, ok := stringMethods[name]; ok {
			return method{v, name, fn}, true
		}
	case list:
		if fn, ok := listMethods[name]; ok {
			return method{v, name, fn}, true
		}
	case tuple:
		if fn, ok := listMethods[name]; ok {
			return method{v, name, fn}, true
		}
	case *Dict:
		if fn, ok := dictMethods[name]; ok {
			return method{v, name, fn}, true
		}
	}
	return nil, false
}

// at is the item at i of a list, or the character of a string; below zero it
// counts from the end.
func (f *frame) at(v any, i int64) (any, bool) {
	items := []any(nil)
	switch v := v.(type) {
	case list:
		items = v
	case tuple:
		items = v
	case string, markup:
		s, _ := asText(v)
		runes := f.runes(s)
		if i < 0 {
			i += int64(len(runes))
		}
		if i < 0 || i >= int64(len(runes)) {
			return nil, false
		}
		return string(runes[i]), true
	}
	if i < 0 {
		i += int64(len(items))
	}
	if i < 0 || i >= int64(len(items)) {
		return nil, false
	}
	return items[i], true
}

func (f *frame) runes(s string) []rune {
	f.spend(len(s) / 8)
	return []rune(s)
}

func (f *frame) sliced(v any, s *slice) any {
	f.line = s.line
	bound := func(e expr) (int64, bool) {
		if e == nil {
			return 0, false
		}
		b := f.eval(e)
		if b == nil {
			return 0, false
		}
		n, _ := numeric(b)
		i, ok := n.(int64)
		if !ok {
			f.need(b)
			f.fail("slice indices must be integers or None or have an __index__ method")
		}
		return i, true
	}
	from, hasFrom := bound(s.from)
	to, hasTo := bound(s.to)
	step, hasStep := bound(s.step)
	if !hasStep {
		step = 1
	}
	if step == 0 {
		f.fail("slice step cannot be zero")
	}
	f.need(v)
	pick := func(n int) []int { return indices(int64(n), from, to, step, hasFrom, hasTo) }
	some := func(items []any) []any {
		at := pick(len(items))
		f.spend(len(at))
		out := make([]any, len(at))
		for i, k := range at {
			out[i] = items[k]
		}
		return out
	}
	switch v := v.(type) {
	case list:
		return list(some(v))
	case tuple:
		return tuple(some(v))
	case string, markup:
		t, _ := asText(v)
		if step == 1 && utf8.RuneCountInString(t) == len(t) {
			if at := pick(len(t)); len(at) > 0 {
				return f.made(t[at[0] : at[len(at)-1]+1])
			}
			return ""
		}
		runes := f.runes(t)
		var out []rune
		for _, k := range pick(len(runes)) {
			out = append(out, runes[k])
		}
		return string(out)
	}
	f.fail("'%s' object is not subscriptable with a slice", typeName(v))
	return nil
}

// indices are those that Python's slice takes of n.
func indices(n, from, to, step int64, hasFrom, hasTo bool) []int {
	clip := func(i int64, has bool, absent int64) int64 {
		low, high := int64(0), n
		if step < 0 {
			low, high = -1, n-1
		}
		if !has {
			return absent
		}
		if i < 0 {
			i += n
		}
		return min(max(i, low), high)
	}
	var out []int
	if step > 0 {
		from, to = clip(from, hasFrom, 0), clip(to, hasTo, n)
		for ; from < to; from += step {
			out = append(out, int(from))
			if step > n {
				break
			}
		}
		return out
	}
	from, to = clip(from, hasFrom, n-1), clip(to, hasTo, -1)
	for ; from > to; from += step {
		out = append(out, int(from))
		if step < -n {
			break
		}
	}
	return out
}

// arguments are those of a call as they are written; args their values.
type arguments struct {
	pos       []expr
	names     []string
	named     []expr
	rest      expr // *rest, nil without
	restNamed expr // **restNamed
}

type args struct {
	pos   []any
	named map[string]any
	order []string // of the named ones
}

func (f *frame) args(a arguments) args {
	out := args{pos: f.all(a.pos), order: a.names}
	if len(a.names) > 0 {
		out.named = make(map[string]any, len(a.names))
	}
	for i, name := range a.names {
		out.named[name] = f.eval(a.named[i])
	}
	if a.rest != nil {
		rest := f.iterate(f.eval(a.rest))
		f.spend(len(rest))
		out.pos = append(out.pos, rest...)
	}
	if a.restNamed != nil {
		f.unpack(&out, f.eval(a.restNamed))
	}
	return out
}

// unpack adds the pairs of a dictionary to named arguments.
func (f *frame) unpack(out *args, v any) {
	d, ok := v.(*Dict)
	if !ok {
		f.fail("argument after ** must be a mapping, not %s", typeName(v))
	}
	if out.named == nil {
		out.named = make(map[string]any, d.Len())
	}
	for i, k := range d.keys {
		f.spend(1)
		name, ok := asText(k)
		if _, twice := out.named[name]; !ok || twice {
			f.fail("argument %s after ** is no name or given twice", f.str(k))
		}
		out.named[name] = d.values[i]
		out.order = append(out.order[:len(out.order):len(out.order)], name)
	}
}

type call struct {
	line int
	fn   expr
	args arguments
}

func (c *call) eval(f *frame) any {
	fn := f.eval(c.fn)
	a := f.args(c.args)
	f.line = c.line
	return f.call(fn, a)
}

func (f *frame) call(fn any, a args) any {
	switch fn := fn.(type) {
	case function:
		return fn(f, a)
	case method:
		return fn.fn(f, fn.of, a)
	case *closure:
		return fn.call(f, a)
	case *loopState:
		return fn.call(f, a)
	}
	f.need(fn)
	f.fail("'%s' object is not callable", typeName(fn))
	return nil
}

type filtered struct {
	line int
	on   expr // nil in a block: the text that scope names ""
	name string
	args arguments
}

func (x *filtered) eval(f *frame) any {
	var v any
	if x.on == nil {
		v = f.lookup("")
	} else {
		v = f.eval(x.on)
	}
	a := f.args(x.args)
	f.line = x.line
	return filters[x.name](f, v, a)
}

type tested struct {
	line    int
	on      expr
	name    string
	args    arguments
	negated bool
}

func (x *tested) eval(f *frame) any {
	v := f.eval(x.on)
	a := f.args(x.args)
	f.line = x.line
	return tests[x.name](f, v, a) != x.negated
}
