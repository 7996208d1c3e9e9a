package graph

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"moeflow/gguf/quant"
)

// Part is one of the calls that a fused operation's call is made of. Args are indices
// into the fused call's arguments and, behind them, the temporary tensors; -1 is an
// absent one.
type Part struct {
	Op     Op
	Args   []int
	Params []uint32
}

// Compose gives the calls that a call of a fused operation is made of, and their
// temporary tensors, by the sizes of its arguments in elements, 0 for an absent one.
// Of an operation that is no fusion there are none.
func (o Op) Compose(elements []uint64, params []uint32) ([]Part, []Tensor, error) {
	outer, err := bind(o, elements, params)
	if err != nil {
		return nil, nil, err
	}
	names, sizes := o.ArgNames(), slices.Clone(elements)
	var parts []Part
	var temps []Tensor
	for _, p := range ops[o].parts {
		inner, ok := ParseOp(p.op)
		if !ok || len(p.args) != len(ops[inner].args) {
			return nil, nil, fmt.Errorf("%s is made of %s, which is no operation of so many arguments", o, p.op)
		}
		call := Part{Op: inner}
		if call.Params, err = p.paramsOf(outer, inner); err != nil {
			return nil, nil, err
		}
		given := make([]uint64, len(p.args))
		for i, name := range p.args {
			at := slices.Index(names, name)
			if call.Args = append(call.Args, at); at >= 0 {
				given[i] = sizes[at]
			}
		}
		axes, err := bind(inner, given, call.Params)
		if err != nil {
			return nil, nil, err
		}
		if rows, ok := outer.bound["rows"]; ok && axes.bound["rows"] == 0 { // those of the whole
			axes.bound["rows"] = rows
		}
		for i, name := range p.args {
			if name == "-" || call.Args[i] >= 0 {
				continue
			}
			t, err := axes.temp(name, i)
			if err != nil {
				return nil, nil, err
			}
			n, _ := t.Shape.Elements()
			call.Args[i] = len(names)
			names, sizes, temps = append(names, name), append(sizes, n), append(temps, t)
		}
		parts = append(parts, call)
	}
	return parts, temps, nil
}

// temp is a temporary tensor that a call writes as argument i.
func (a *axes) temp(name string, i int) (Tensor, error) {
	spec := &a.op.args[i]
	t := Tensor{Name: name, Type: quant.F32, Role: Activation}
	if spec.words {
		t.Type = quant.U32
	}
	for _, x := range spec.axes {
		n, ok := x.eval(a.get)
		if !ok {
			return t, fmt.Errorf("%s: the axes of %s are not known", a.op.name, spec.name)
		}
		t.Shape = append(t.Shape, n)
	}
	return t, nil
}

// paramsOf are the parameters of a part, from those of the fused call.
func (p *part) paramsOf(outer *axes, inner Op) ([]uint32, error) {
	want := inner.Params()
	if len(p.params) != len(want) {
		return nil, fmt.Errorf("%s gives %s %d parameters, wanted %d", outer.op.name, inner, len(p.params), len(want))
	}
	out := make([]uint32, len(want))
	for i, text := range p.params {
		v, ok := outer.param(text, want[i].Float)
		if !ok {
			return nil, fmt.Errorf("%s gives %s the parameter %s, which is not known", outer.op.name, inner, text)
		}
		out[i] = v
	}
	return out, nil
}

// param is what a part's parameter is in a call, as its bits.
func (a *axes) param(text string, float bool) (uint32, bool) {
	if name, ok := strings.CutPrefix(text, "rsqrt("); ok {
		v, known := a.get(strings.TrimSuffix(name, ")"))
		return math.Float32bits(float32(1 / math.Sqrt(float64(v)))), known
	}
	for i, p := range a.op.params {
		if p.Name == text && p.Float {
			return a.params[i], float
		}
	}
	v, ok := parseSum(text).eval(a.get)
	if float {
		return math.Float32bits(float32(v)), ok
	}
	return uint32(v), ok
}
