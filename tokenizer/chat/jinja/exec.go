package jinja

import (
	"context"
	"maps"
	"time"
)

// Options are what a template may ask for beside its values.
type Options struct {
	Now func() time.Time // for strftime_now; nil is time.Now
}

// Render runs the template on values: None (nil), bools, integers, floats,
// strings, lists ([]any), *Dict, or what FromGo makes of other types. The error
// is an *Error and names the line, or what cancelled ctx.
func (t *Template) Render(ctx context.Context, values map[string]any, o Options) (text string, err error) {
	defer rescue(&err)
	f, err := t.frame(ctx, values, o)
	if err != nil {
		return "", err
	}
	f.body(t.body)
	return f.out.String(), nil
}

// frame is where the template's body runs.
func (t *Template) frame(ctx context.Context, values map[string]any, o Options) (*frame, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	r := &run{now: o.Now, globals: globals, filters: filters, tests: tests}
	if r.now == nil {
		r.now = time.Now
	}
	root, size := &scope{}, 0
	for name, v := range values {
		v = r.fromGo(v, 0)
		root.vars = append(root.vars, binding{name, v})
		size += sizeOf(v)
	}
	r.budget = newBudget(ctx, size)
	f := &frame{run: r, scope: root, out: r.buffer()}
	f.out.most = r.output
	return f, nil
}

// run is one rendering.
type run struct {
	budget
	globals map[string]any
	filters map[string]filter
	tests   map[string]test
	now     func() time.Time
	nested  int
	calls   int
}

// enter goes a level of calls deeper; leave comes back.
func (r *run) enter() {
	if r.calls++; r.calls > maxCalls {
		r.fail("macros or loops call themselves more than %d deep", maxCalls)
	}
}

func (r *run) leave() { r.calls-- }

// scope is variables in a chain: for loops, macros and with blocks have their
// own, and see those around them. There are few, so they are looked through.
type scope struct {
	vars []binding
	up   *scope
	kept bool // a macro may use the scope when what made it is over
}

type binding struct {
	name  string
	value any
}

// set gives a variable of the frame's own scope a value.
func (f *frame) set(name string, v any) {
	vars := f.scope.vars
	f.spend(1 + len(vars)/8)
	for i := range vars {
		if vars[i].name == name {
			vars[i].value = v
			return
		}
	}
	if len(vars) == cap(vars) {
		f.alloc(times(len(vars)+1, bindingSize))
	}
	f.scope.vars = append(vars, binding{name, v})
}

// keep marks the scopes that a macro sees, so that none is used for another
// round of a loop.
func (s *scope) keep() *scope {
	for up := s; up != nil && !up.kept; up = up.up {
		up.kept = true
	}
	return s
}

// frame is where a node runs.
type frame struct {
	*run
	scope *scope
	out   *buffer
}

func (f *frame) inner() *frame {
	f.alloc(frameSize)
	return &frame{f.run, &scope{up: f.scope}, f.out}
}

func (f *frame) lookup(name string) any {
	at, seen := f.scope, 0
	for ; at != nil; at = at.up {
		seen += 1 + len(at.vars)
		for i := range at.vars {
			if at.vars[i].name == name {
				f.spend(seen / 8)
				return at.vars[i].value
			}
		}
	}
	f.spend(seen / 8)
	if v, ok := f.globals[name]; ok {
		return v
	}
	return undefined{why: "%[1]s is undefined", about: name}
}

// eval is the way to evaluate any expression: it counts.
func (f *frame) eval(e expr) any {
	f.spend(1)
	if f.nested++; f.nested > maxNested {
		f.fail("the template is nested too deep")
	}
	v := e.eval(f)
	f.nested--
	return v
}

// capture is what body writes.
func (f *frame) capture(body []stmt) (string, signal) {
	b := f.buffer()
	s := (&frame{f.run, f.scope, b}).body(body)
	return b.String(), s
}

// signal is how statements end.
type signal uint8

const (
	goesOn signal = iota
	breaks
	continues
)

type stmt interface{ exec(*frame) signal }

func (f *frame) body(body []stmt) signal {
	if f.nested++; f.nested > maxNested {
		f.fail("the template is nested too deep")
	}
	defer func() { f.nested-- }()
	for _, s := range body {
		f.spend(1)
		if sig := s.exec(f); sig != goesOn {
			return sig
		}
	}
	return goesOn
}

type text string

func (t text) exec(f *frame) signal { f.out.write(string(t)); return goesOn }

type jump signal

func (j jump) exec(*frame) signal { return signal(j) }

type printed struct {
	line  int
	value expr
}

func (p *printed) exec(f *frame) signal {
	f.line = p.line
	f.out.write(f.str(f.eval(p.value)))
	return goesOn
}

type branch struct {
	line        int
	test        expr
	then, other []stmt
}

func (b *branch) exec(f *frame) signal {
	f.line = b.line
	if f.truth(f.eval(b.test)) {
		return f.body(b.then)
	}
	return f.body(b.other)
}

// set assigns a value, or the text of a body that went through filters.
type set struct {
	line   int
	to     expr
	value  expr
	filter expr
	body   []stmt
}

func (s *set) exec(f *frame) signal {
	f.line = s.line
	if s.value != nil {
		f.assign(s.to, f.eval(s.value))
		return goesOn
	}
	text, sig := f.inner().capture(s.body)
	var v any = text
	if s.filter != nil {
		v = f.filterText(s.filter, text)
	}
	f.assign(s.to, v)
	return sig
}

// assign gives v to a name, the names of a tuple or a namespace's attribute.
func (f *frame) assign(to expr, v any) {
	switch to := to.(type) {
	case *variable:
		f.set(to.name, v)
	case *attribute:
		ns, ok := f.eval(to.of).(*namespace)
		if !ok {
			f.fail("cannot assign attribute on non-namespace object")
		}
		f.put(ns.vars, to.name, v)
	case *tupleOf:
		values := f.iterate(v)
		if len(values) != len(to.items) {
			f.fail("%d values to unpack, wanted %d", len(values), len(to.items))
		}
		for i, item := range to.items {
			f.assign(item, values[i])
		}
	}
}

type with struct {
	line   int
	names  []expr
	values []expr
	body   []stmt
}

func (w *with) exec(f *frame) signal {
	f.line = w.line
	inner := f.inner()
	for i, name := range w.names {
		inner.assign(name, f.eval(w.values[i]))
	}
	return inner.body(w.body)
}

type filterBlock struct {
	line   int
	filter expr
	body   []stmt
}

func (b *filterBlock) exec(f *frame) signal {
	text, sig := f.inner().capture(b.body)
	f.line = b.line
	f.out.write(f.str(f.filterText(b.filter, text)))
	return sig
}

// filterText sends text through filters that were read without a value before
// them.
func (f *frame) filterText(filter expr, text string) any {
	inner := f.inner()
	inner.set("", text) // no name in a template is empty
	return inner.eval(filter)
}

// macro is a macro as it is written; closure one with the scope it is in.
type macro struct {
	line     int
	name     string
	params   []string
	defaults []expr // of the last parameters
	body     []stmt
}

type closure struct {
	*macro
	scope *scope
}

func (m *macro) exec(f *frame) signal {
	f.alloc(slotSize)
	f.set(m.name, &closure{m, f.scope.keep()})
	return goesOn
}

func (c *closure) call(f *frame, a args) any {
	f.enter()
	defer f.leave()
	line := f.line
	f.alloc(frameSize)
	inner := &frame{f.run, &scope{up: c.scope}, f.buffer()}
	if len(a.pos) > len(c.params) {
		f.fail("macro %q takes not more than %d argument(s)", c.name, len(c.params))
	}
	f.spend(len(a.named) + len(c.params))
	named := maps.Clone(a.named)
	if caller, ok := named["caller"]; ok {
		inner.set("caller", caller)
		delete(named, "caller")
	}
	for i, name := range c.params {
		v, ok := named[name]
		switch from := len(c.params) - len(c.defaults); {
		case i < len(a.pos):
			inner.set(name, a.pos[i])
			continue
		case ok:
			delete(named, name)
		case i >= from:
			v = inner.eval(c.defaults[i-from])
		default:
			v = undefined{why: "parameter %[1]s was not provided", about: name}
		}
		inner.set(name, v)
	}
	for name := range named {
		f.fail("macro %q takes no keyword argument %q", c.name, name)
	}
	inner.body(c.body)
	f.line = line
	return inner.out.String()
}

type callBlock struct {
	line   int
	call   *call
	caller *macro
}

func (c *callBlock) exec(f *frame) signal {
	f.line = c.line
	fn := f.eval(c.call.fn)
	a := f.args(c.call.args)
	if a.named == nil {
		a.named = map[string]any{}
	}
	a.named["caller"] = &closure{c.caller, f.scope.keep()}
	f.out.write(f.str(f.call(fn, a)))
	return goesOn
}
