package jinja

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"
)

// Bounds of one rendering. Real templates stay far below: a conversation of a
// thousand messages takes some hundred thousand steps.
const (
	maxSteps  = 5_000_000 // evaluations, list items and 64 bytes of strings made
	maxString = 64 << 20  // bytes of one string, the output among them
	maxCalls  = 100       // macros and recursive loops within each other
	maxNested = 5_000     // evaluations within each other
	maxRange  = 100_000   // as Jinja2's sandbox has it
	lookEvery = 1_000     // steps between looks at the context
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
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	r := &run{ctx: ctx, now: o.Now, globals: globals, filters: filters, tests: tests}
	if r.now == nil {
		r.now = time.Now
	}
	root := &scope{vars: make(map[string]any, len(values))}
	for name, v := range values {
		root.vars[name] = r.fromGo(v, 0)
	}
	f := &frame{run: r, scope: root, out: &strings.Builder{}}
	f.body(t.body)
	return f.out.String(), nil
}

// run is one rendering.
type run struct {
	ctx     context.Context
	globals map[string]any
	filters map[string]filter
	tests   map[string]test
	now     func() time.Time
	line    int // of what is evaluated
	steps   int
	unseen  int // steps since the last look at ctx
	nested  int
	calls   int
}

func (r *run) fail(format string, args ...any) {
	panic(&Error{r.line, fmt.Sprintf(format, args...)})
}

// spend counts work, and fails when a template does too much of it.
func (r *run) spend(n int) {
	if r.unseen += n; r.unseen >= lookEvery {
		if r.unseen = 0; r.ctx.Err() != nil {
			panic(stopped{context.Cause(r.ctx)})
		}
	}
	if r.steps += n; r.steps > maxSteps || n < 0 {
		r.fail("the template does not come to an end: more than %d steps", maxSteps)
	}
}

// bytes counts the making of a string of n bytes.
func (r *run) bytes(n int) {
	if n > maxString || n < 0 {
		r.fail("the template makes a text of more than %d MiB", maxString>>20)
	}
	r.spend(n / 64)
}

// made counts a new string and returns it.
func (r *run) made(s string) string {
	r.bytes(len(s))
	return s
}

// enter goes a level of calls deeper; leave comes back.
func (r *run) enter() {
	if r.calls++; r.calls > maxCalls {
		r.fail("macros or loops call themselves more than %d deep", maxCalls)
	}
}

func (r *run) leave() { r.calls-- }

// scope is variables in a chain: for loops, macros and with blocks have their
// own, and see those around them.
type scope struct {
	vars map[string]any
	up   *scope
}

func (s *scope) set(name string, v any) {
	if s.vars == nil {
		s.vars = map[string]any{}
	}
	s.vars[name] = v
}

// frame is where a node runs.
type frame struct {
	*run
	scope *scope
	out   *strings.Builder
}

func (f *frame) inner() *frame {
	return &frame{f.run, &scope{up: f.scope}, f.out}
}

func (f *frame) lookup(name string) any {
	for s := f.scope; s != nil; s = s.up {
		if v, ok := s.vars[name]; ok {
			return v
		}
	}
	if v, ok := f.globals[name]; ok {
		return v
	}
	return undefined{quote(name) + " is undefined"}
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

func (f *frame) write(s string) {
	f.bytes(len(s))
	if f.out.Len()+len(s) > maxString {
		f.bytes(maxString + 1)
	}
	f.out.WriteString(s)
}

// capture is what body writes.
func (f *frame) capture(body []stmt) (string, signal) {
	var b strings.Builder
	inner := &frame{f.run, f.scope, &b}
	s := inner.body(body)
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

func (t text) exec(f *frame) signal { f.write(string(t)); return goesOn }

type jump signal

func (j jump) exec(*frame) signal { return signal(j) }

type printed struct {
	line  int
	value expr
}

func (p *printed) exec(f *frame) signal {
	f.line = p.line
	f.write(f.str(f.eval(p.value)))
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
		f.scope.set(to.name, v)
	case *attribute:
		ns, ok := f.eval(to.of).(*namespace)
		if !ok {
			f.fail("cannot assign attribute on non-namespace object")
		}
		ns.vars.Set(to.name, v)
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
	f.write(f.str(f.filterText(b.filter, text)))
	return sig
}

// filterText sends text through filters that were read without a value before
// them.
func (f *frame) filterText(filter expr, text string) any {
	inner := f.inner()
	inner.scope.set("", text) // no name in a template is empty
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
	f.scope.set(m.name, &closure{m, f.scope})
	return goesOn
}

func (c *closure) call(f *frame, a args) any {
	f.enter()
	defer f.leave()
	line := f.line
	var b strings.Builder
	inner := &frame{f.run, &scope{up: c.scope}, &b}
	if len(a.pos) > len(c.params) {
		f.fail("macro %q takes not more than %d argument(s)", c.name, len(c.params))
	}
	named := maps.Clone(a.named)
	if caller, ok := named["caller"]; ok {
		inner.scope.set("caller", caller)
		delete(named, "caller")
	}
	for i, name := range c.params {
		v, ok := named[name]
		switch from := len(c.params) - len(c.defaults); {
		case i < len(a.pos):
			inner.scope.set(name, a.pos[i])
			continue
		case ok:
			delete(named, name)
		case i >= from:
			v = inner.eval(c.defaults[i-from])
		default:
			v = undefined{fmt.Sprintf("parameter %s was not provided", quote(name))}
		}
		inner.scope.set(name, v)
	}
	for name := range named {
		f.fail("macro %q takes no keyword argument %q", c.name, name)
	}
	inner.body(c.body)
	f.line = line
	return b.String()
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
	a.named["caller"] = &closure{c.caller, f.scope}
	f.write(f.str(f.call(fn, a)))
	return goesOn
}
