package graph

import (
	"math"
	"strings"
)

// found is a match: where its calls are and what its names stand for.
type found struct {
	u      *unit
	calls  []Dispatch
	at     []int
	tensor map[string]TensorID
	param  map[string]uint32 // as bits
	once   []Dispatch        // calls that run when the plan is loaded
}

func (f *found) root() *Dispatch { return &f.calls[f.at[len(f.at)-1]] }

func (f *found) get(name string) (uint64, bool) {
	v, ok := f.param[name]
	return uint64(v), ok
}

// bind holds call i against a pattern.
func (f *found) bind(p *pattern, i int) bool {
	d := &f.calls[i]
	if d.Kernel.Op != p.op || len(d.Args) != len(p.args) || len(d.Params) != len(p.params) {
		return false
	}
	for k, name := range p.args {
		id := d.Args[k].Tensor
		if have, ok := f.tensor[name]; ok && have != id || name == "-" && id != NoTensor {
			return false
		}
		if name != "_" && name != "-" {
			f.tensor[name] = id
		}
	}
	for k, name := range p.params {
		if _, fixed := number(name); name == "_" || fixed || strings.ContainsAny(name, "*+(") {
			continue // held against what it should be once all names are known
		}
		if have, ok := f.param[name]; ok && have != d.Params[k] {
			return false
		}
		f.param[name] = d.Params[k]
	}
	return true
}

// value is a pattern's parameter as its bits.
func (f *found) value(text string, float bool) (uint32, bool) {
	if v, ok := f.param[text]; ok {
		return v, true
	}
	if name, ok := strings.CutPrefix(text, "rsqrt("); ok {
		v, known := f.get(strings.TrimSuffix(name, ")"))
		return math.Float32bits(float32(1 / math.Sqrt(float64(v)))), known
	}
	v, ok := parseSum(text).eval(f.get)
	if float {
		return math.Float32bits(float32(v)), ok
	}
	return uint32(v), ok
}

// holds tells whether the parameters of call i that follow from others are right.
func (f *found) holds(p *pattern, i int) bool {
	for k, text := range p.params {
		if text == "_" {
			continue
		}
		if v, ok := f.value(text, p.op.Params()[k].Float); !ok || v != f.calls[i].Params[k] {
			return false
		}
	}
	return true
}

// find matches patterns with the last at call i, the others being what made its
// arguments.
func find(u *unit, calls []Dispatch, from []pattern, drop []bool, i int) *found {
	last := len(from) - 1
	if calls[i].Kernel.Op != from[last].op { // most calls are others
		return nil
	}
	f := &found{u: u, calls: calls, at: make([]int, len(from)), tensor: map[string]TensorID{}, param: map[string]uint32{}}
	if f.at[last] = i; !f.bind(&from[last], i) {
		return nil
	}
	for k := last - 1; k >= 0; k-- {
		j := f.maker(&from[k])
		if j < 0 || drop[j] || !f.bind(&from[k], j) {
			return nil
		}
		f.at[k] = j
	}
	for k := range from {
		if !f.holds(&from[k], f.at[k]) {
			return nil
		}
	}
	return f
}

// maker is the last call before the root that writes what a pattern writes and what is
// named already, or -1.
func (f *found) maker(p *pattern) int {
	for a, name := range p.args {
		if id, ok := f.tensor[name]; ok && id != NoTensor && p.op.Access(a)&Write != 0 {
			return producer(f.calls, f.at[len(f.at)-1], id)
		}
	}
	return -1
}
