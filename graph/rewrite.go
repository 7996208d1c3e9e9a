package graph

import (
	"slices"
	"strings"

	"moeflow/gguf/quant"
)

// rewrite is a rule as data: the calls that must be there, and those that take their
// place. A call is written op(args | params), as in the op table's compositions: a name
// that stands twice must be the same twice, _ is anything, - an absent argument. The
// last call of the match is the one that is looked for; the others must have made what
// it reads. One with a ! behind stays.
//
// The new calls take the places of the last calls of the match, the last one the place
// of the last; if there are more of them, the first go before it.
//
// A rewrite applies only where all calls that it makes have kernels, where nothing else
// reads what would no longer be written, and where nothing between overwrites what is
// read later than before.
type rewrite struct {
	match []string // nil: what the op of into is made of
	into  []string
	// prepare is a call of weights alone that runs once, when the plan is loaded
	// (Plan.Prepare). What it writes is Derived.
	prepare string
	when    func(*found) bool // a further condition
	// half names a tensor of the match that is kept as halves from then on.
	half string
	// way tells that the call found must give way to the new one: see givesWay.
	way bool
}

type pattern struct {
	op Op
	part
	stays bool
}

func patterns(texts []string) []pattern {
	var out []pattern
	for _, text := range texts {
		text, stays := strings.CutSuffix(text, "!")
		p := pattern{part: parsePart(text), stays: stays}
		p.op, _ = ParseOp(p.part.op) // a test reads the rules
		out = append(out, p)
	}
	return out
}

// patterns are what is looked for and what it becomes.
func (r *rewrite) patterns() (from, to []pattern) {
	to = patterns(r.into)
	if r.match != nil {
		return patterns(r.match), to
	}
	for _, p := range ops[to[0].op].parts {
		op, _ := ParseOp(p.op)
		from = append(from, pattern{op: op, part: p})
	}
	return from, to
}

// safe tells whether the calls that go can go: what they write is read by none but
// those of the match, unless the call in their place writes it or the last one does
// before anyone reads; and what they read is not overwritten before the last one.
func (f *found) safe(from []pattern, fresh []Dispatch, drop []bool) bool {
	root := f.at[len(f.at)-1]
	for k := range from[:len(from)-1] {
		var instead Dispatch // in its place
		if n := k + len(fresh) - len(from); n >= 0 && !from[k].stays {
			instead = fresh[n]
		}
		for _, a := range f.calls[f.at[k]].Args {
			if a.Tensor == NoTensor || from[k].stays && !read(fresh, a.Tensor) {
				continue
			}
			gone := !from[k].stays && a.Access&Write != 0
			_, again := touches(&instead, a.Tensor)
			end := len(f.calls)
			if _, late := touches(&fresh[len(fresh)-1], a.Tensor); late || !gone {
				end = root
			}
			for j := f.at[k] + 1; j < end; j++ {
				if drop[j] || slices.Contains(f.at, j) {
					continue
				}
				r, w := touches(&f.calls[j], a.Tensor)
				if gone && r && !again || w && j < root {
					return false
				}
				if w {
					break
				}
			}
		}
	}
	return true
}

// read tells whether any of the calls reads a tensor.
func read(calls []Dispatch, id TensorID) bool {
	return slices.ContainsFunc(calls, func(d Dispatch) bool {
		r, _ := touches(&d, id)
		return r
	})
}

// make is the calls that take the place of a match, or nil if any lacks a kernel. It
// adds temporary tensors to the unit.
func (f *found) make(r *rewrite, from, to []pattern) []Dispatch {
	if r.prepare != "" && !f.prepare(r, from, to) {
		return nil
	}
	var fresh []Dispatch
	for n := range to {
		d, ok := f.call(&to[n], f.node(from, to, n))
		if !ok || !r.way && !f.u.served(&d) || r.way && !f.u.givesWay(f.root(), &d) {
			return nil
		}
		fresh = append(fresh, d)
	}
	return fresh
}

// node is the stage of new call n: that of the call in whose place it is.
func (f *found) node(from, to []pattern, n int) int {
	return f.calls[f.at[max(0, n+len(from)-len(to))]].Node
}

// call makes a call of a pattern, unless one of its names is not known, an argument is
// absent that must not be, or the sizes are not those of its op.
func (f *found) call(p *pattern, node int) (Dispatch, bool) {
	d := Dispatch{Node: node}
	for k, text := range p.params {
		v, ok := f.value(text, p.op.Params()[k].Float)
		if !ok {
			return d, false
		}
		d.Params = append(d.Params, v)
	}
	d.become(p.op, f.arguments(p, &d)...)
	for k, a := range d.Args {
		if a.Tensor == NoTensor && !p.op.Optional(k) {
			return d, false
		}
	}
	return d, f.u.extent(&d, f.root().Rows) == nil
}

// prepare makes the call that runs when the plan is loaded, and tells whether it has a
// kernel. What it writes is named after the matrices that it reads, so that plans of
// other steps share it.
func (f *found) prepare(r *rewrite, from, to []pattern) bool {
	p := patterns([]string{r.prepare})[0]
	d, ok := f.call(&p, f.node(from, to, 0))
	if !ok {
		return false
	}
	var names []string
	for _, a := range d.Args {
		t := &f.u.tensors[a.Tensor]
		if t.Role == Weight && len(t.Shape) > 1 {
			names = append(names, t.Name)
		}
		if a.Access&Write != 0 {
			t.Role, t.Name = Derived, strings.Join(names, " * ")
		}
	}
	d.Rows = 1
	f.once = []Dispatch{d}
	return f.u.served(&d)
}

// arguments are the tensors of a new call, temporary ones made for names that the match
// does not have.
func (f *found) arguments(p *pattern, d *Dispatch) []TensorID {
	ids := make([]TensorID, len(p.args))
	fresh := -1
	for k, name := range p.args {
		id, ok := f.tensor[name]
		switch {
		case ok:
			ids[k] = id
		case name == "-":
			ids[k] = NoTensor
		default:
			ids[k], fresh = NoTensor, k
		}
	}
	if fresh >= 0 {
		a, err := bind(p.op, f.u.elements(ids), d.Params)
		if err != nil {
			return ids
		}
		t, err := a.temp(f.u.nodes[d.Node].Name+"/"+p.args[fresh], fresh)
		if err != nil {
			return ids
		}
		f.u.tensors = append(f.u.tensors, t)
		ids[fresh] = TensorID(len(f.u.tensors) - 1)
		f.tensor[p.args[fresh]] = ids[fresh]
	}
	return ids
}

// apply rewrites all matches.
func (r *rewrite) apply(u *unit, calls []Dispatch) []Dispatch {
	from, to := r.patterns()
	drop := make([]bool, len(calls))
	before := map[int][]Dispatch{} // new calls in front of one
	for i := range calls {
		f := find(u, calls, from, drop, i)
		if f == nil || r.when != nil && !r.when(f) {
			continue
		}
		mark, typ := len(u.tensors), quant.Type(0)
		if r.half != "" {
			h := &u.tensors[f.tensor[r.half]]
			typ, h.Type = h.Type, quant.F16
		}
		fresh := f.make(r, from, to)
		if fresh == nil || !f.kept(r, from) || !f.safe(from, fresh, drop) {
			if u.tensors = u.tensors[:mark]; r.half != "" {
				u.tensors[f.tensor[r.half]].Type = typ
			}
			continue
		}
		u.matches++
		u.prepare = append(u.prepare, f.once...)
		for k := range from {
			n := k + len(fresh) - len(from)
			switch {
			case from[k].stays:
			case n >= 0:
				calls[f.at[k]] = fresh[n]
			default:
				drop[f.at[k]] = true
			}
		}
		if n := len(fresh) - len(from); n > 0 {
			before[i] = fresh[:n]
		}
	}
	if len(before) == 0 {
		return without(calls, drop)
	}
	var out []Dispatch
	for i := range calls {
		if out = append(out, before[i]...); !drop[i] {
			out = append(out, calls[i])
		}
	}
	return out
}

// kept tells whether the calls of a match that stay have kernels for a tensor that is
// halves now, which no others may use.
func (f *found) kept(r *rewrite, from []pattern) bool {
	if r.half == "" {
		return true
	}
	for k := range from {
		if from[k].stays && !f.u.served(&f.calls[f.at[k]]) {
			return false
		}
	}
	id := f.tensor[r.half]
	for i := range f.calls {
		if read, write := touches(&f.calls[i], id); (read || write) && !slices.Contains(f.at, i) {
			return false
		}
	}
	return f.u.tensors[id].Role == Activation
}
