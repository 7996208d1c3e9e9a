package graph

import (
	"fmt"
	"strconv"
	"strings"
)

// sum is a sum of products of names and numbers, such as 4+3*tiles+top_k*rows, each
// of which may end in a division: 10*n/16.
type sum []term

type term struct {
	factors []string
	divisor uint64
}

func parseSum(text string) sum {
	var out sum
	for _, t := range strings.Split(text, "+") {
		t, by, divided := strings.Cut(t, "/")
		p := term{strings.Split(t, "*"), 1}
		if divided {
			p.divisor, _ = strconv.ParseUint(by, 10, 32) // a test reads the table
		}
		out = append(out, p)
	}
	return out
}

// lookup finds what a name stands for.
type lookup func(name string) (uint64, bool)

// eval is the sum, or false where a name is not known.
func (s sum) eval(get lookup) (uint64, bool) {
	total := uint64(0)
	for _, p := range s {
		n := uint64(1)
		for _, f := range p.factors {
			v, ok := number(f)
			if !ok {
				v, ok = get(f)
			}
			if !ok {
				return 0, false
			}
			n *= v
		}
		total += n / p.divisor
	}
	return total, true
}

func number(text string) (uint64, bool) {
	v, err := strconv.ParseUint(text, 10, 32)
	return v, err == nil
}

// axes are what the names of an op's axes stand for in one call.
type axes struct {
	op     *opInfo
	params []uint32
	bound  map[string]uint64
}

// bind finds the axes of a call by the sizes of its arguments, in elements; 0 is an
// argument that is absent or not known. It fails where an argument's size is not what
// its axes say.
func bind(op Op, elements []uint64, params []uint32) (*axes, error) {
	a := &axes{&ops[op], params, map[string]uint64{}}
	for i, spec := range a.op.args {
		if len(spec.axes) == 0 || elements[i] == 0 {
			continue
		}
		known, unknown := uint64(1), ""
		for _, x := range spec.axes {
			v, ok := x.eval(a.get)
			switch {
			case ok:
				known *= v
			case len(x) == 1 && len(x[0].factors) == 1 && unknown == "":
				unknown = x[0].factors[0]
			default: // two axes that nothing tells, or a sum of one: any size will do
				unknown = "?"
			}
		}
		switch n := elements[i]; {
		case unknown == "?":
		case unknown == "" && known != n:
			return nil, fmt.Errorf("%s: argument %s has %d elements, wanted %d", op, spec.name, n, known)
		case unknown != "" && (known == 0 || n%known != 0):
			return nil, fmt.Errorf("%s: argument %s has %d elements, wanted a multiple of %d", op, spec.name, n, known)
		case unknown != "":
			a.bound[unknown] = n / known
		}
	}
	return a, nil
}

// get is what a name stands for: a parameter, an axis, or what follows from these.
func (a *axes) get(name string) (uint64, bool) {
	for i, p := range a.op.params {
		if p.Name == name && !p.Float {
			return uint64(a.params[i]), true
		}
	}
	if v, ok := a.bound[name]; ok {
		return v, true
	}
	return derived(name, a.get)
}

// derived is what a name stands for that means the same in every row of the table
// where it is no parameter.
func derived(name string, get lookup) (uint64, bool) {
	all := true
	v := func(name string) uint64 {
		n, ok := get(name)
		all = all && ok
		return n
	}
	n := uint64(0)
	switch name {
	case "splits":
		n = AttentionSplits
	case "group_tile":
		n = GroupTile
	case "tiles":
		if e, k, r := v("experts"), v("top_k"), v("rows"); all {
			n = NewGroups(e, k, r).Tiles
		}
	case "partials":
		n = (v("n") + ArgMaxPartialSize - 1) / ArgMaxPartialSize
	default:
		return 0, false
	}
	return n, all
}

// workOf is the axes of a call's work.
func (a *axes) workOf() ([3]uint32, error) {
	work := [3]uint32{1, 1, 1}
	for i, x := range a.op.axes {
		v, ok := x.eval(a.get)
		if !ok || v == 0 || v > 1<<32-1 {
			return work, fmt.Errorf("%s: %d items of work on axis %d, wanted 1 to 2³²-1", a.op.name, v, i)
		}
		work[i] = uint32(v)
	}
	return work, nil
}
