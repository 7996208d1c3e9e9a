package jinja

import (
	"slices"
	"unicode/utf8"
)

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
		if value, ok := f.get(d, name); ok {
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
			if value, ok := f.get(d, key); ok {
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
		return undefined{"%[2]s has no element %[1]s", n, v}
	}
	name, ok := asText(key)
	if !ok {
		return undefined{"%[2]s has no element %[1]s", key, v}
	}
	return f.attrOnly(v, name)
}

func missing(v any, name string) undefined {
	return undefined{"'%[2]s' has no attribute %[1]s", name, v}
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
		if i < 0 {
			i += int64(f.count(s))
		}
		if i < 0 || i >= int64(len(s)) {
			return nil, false
		}
		from := f.offset(s, int(i))
		if from == len(s) {
			return nil, false
		}
		r, _ := utf8.DecodeRuneInString(s[from:])
		return string(r), true
	}
	if i < 0 {
		i += int64(len(items))
	}
	if i < 0 || i >= int64(len(items)) {
		return nil, false
	}
	return items[i], true
}

// count is the length of a text in characters.
func (r *run) count(s string) int {
	r.scan(len(s))
	return utf8.RuneCountInString(s)
}

// offset is where character n of s begins, len(s) if s has no more than n.
func (r *run) offset(s string, n int) int {
	at := 0
	for ; n > 0 && at < len(s); n-- {
		if s[at] < utf8.RuneSelf {
			at++
			continue
		}
		_, width := utf8.DecodeRuneInString(s[at:])
		at += width
	}
	r.scan(at)
	return at
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
	switch v := v.(type) {
	case list:
		return list(f.picked(v, bounds{from, to, step, hasFrom, hasTo}))
	case tuple:
		return tuple(f.picked(v, bounds{from, to, step, hasFrom, hasTo}))
	case string, markup:
		t, _ := asText(v)
		return f.cutText(t, bounds{from, to, step, hasFrom, hasTo})
	}
	f.fail("'%s' object is not subscriptable with a slice", typeName(v))
	return nil
}

// bounds are those of a slice as they are given.
type bounds struct {
	from, to, step int64
	hasFrom, hasTo bool
}

// of is what Python's slice takes of n items: how many, from which on.
func (b bounds) of(size int) (first, count, step int) {
	n := int64(size)
	low, high, from, to := int64(0), n, int64(0), n
	if b.step < 0 {
		low, high, from, to = -1, n-1, n-1, -1
	}
	clip := func(i int64) int64 {
		if i < 0 {
			i += n
		}
		return min(max(i, low), high)
	}
	if b.hasFrom {
		from = clip(b.from)
	}
	if b.hasTo {
		to = clip(b.to)
	}
	by := min(max(b.step, -n-1), n+1) // a longer step takes the first alone
	if by > 0 && from < to {
		return int(from), int((to-from-1)/by) + 1, int(by)
	}
	if by < 0 && from > to {
		return int(from), int((from-to-1)/-by) + 1, int(by)
	}
	return 0, 0, 1
}

func (f *frame) picked(items []any, b bounds) []any {
	first, count, step := b.of(len(items))
	f.slots(count)
	out := make([]any, count)
	for i := range out {
		out[i] = items[first+i*step]
	}
	return out
}

// cutText is a slice of a text. Neighbours are a part of its memory.
func (f *frame) cutText(s string, b bounds) string {
	first, count, step := b.of(f.count(s))
	if count == 0 {
		return ""
	}
	if step == 1 {
		s = s[f.offset(s, first):]
		return s[:f.offset(s, count)]
	}
	f.alloc(times(len(s), utf8.UTFMax))
	runes := []rune(s)
	out := f.buffer()
	f.spend(count / 4)
	for i := range count {
		out.char(runes[first+i*step])
	}
	return out.String()
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
		f.spend(1)
		out.named[name] = f.eval(a.named[i])
	}
	if a.rest != nil {
		out.pos = f.appended(out.pos, f.iterate(f.eval(a.rest)))
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
	out.order = slices.Clip(out.order)
	for i, k := range d.keys {
		f.hashes(k)
		f.alloc(entrySize)
		name, ok := asText(k)
		if _, twice := out.named[name]; !ok || twice {
			f.fail("argument %s after ** is no name or given twice", f.str(k))
		}
		out.named[name] = d.values[i]
		out.order = append(out.order, name)
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
