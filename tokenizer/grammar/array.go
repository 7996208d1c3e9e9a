package grammar

import "fmt"

// array is the arrays that facts allow.
type array struct {
	s     *schemas
	id    int
	size  span
	items []*valueNode // those with a schema of their own, then that of all others
}

// array compiles what facts say of arrays.
func (s *schemas) array(f *facts) *array {
	a := &array{s: s, id: s.objects, size: f.size[ofArray]}
	s.objects++
	n := 0
	for _, p := range f.arrays {
		n = max(n, len(p.prefix))
	}
	if a.size.hi != forever {
		n = min(n, a.size.hi)
	}
	for i := range n + 1 {
		var sources []source
		for _, p := range f.arrays {
			sources = append(sources, p.at(i))
		}
		a.items = append(a.items, s.node(sources))
	}
	return a
}

// item is the node of an item.
func (a *array) item(i int) *valueNode { return a.items[min(i, len(a.items)-1)] }

func (a *array) satisfiable() bool {
	for i := range min(a.size.lo, len(a.items)) {
		if !a.item(i).possible {
			return false
		}
	}
	return a.size.hi == forever || a.size.lo <= a.size.hi
}

// settle ends the array before the first item that no value satisfies.
func (a *array) settle() {
	for i, n := range a.items {
		if !n.possible {
			a.size.narrow(span{0, i})
			return
		}
	}
}

// start is the cell of the whole array.
func (a *array) start() int32 {
	x, std := a.s.g.x, &a.s.g.std
	return a.s.g.single(match(x.concat(x.text("["), std.space), a.at(0)))
}

// at is the cell behind n items.
func (a *array) at(n int) int32 {
	if a.size.hi == forever { // far enough on, every place is like the next
		n = min(n, max(len(a.items), a.size.lo, 1))
	}
	return a.s.g.cell(fmt.Sprintf("array %d %d", a.id, n), func() expander { return &arrayPlace{a, n} })
}

// arrayPlace is a place in an array, behind n items.
type arrayPlace struct {
	*array
	n int
}

func (p *arrayPlace) expand(g *Grammar) (e expansion) {
	x, std := g.x, &g.std
	space := std.space
	if p.n == 0 {
		space = exprEmpty // that behind the bracket
	}
	if p.n >= p.size.lo {
		e.steps = append(e.steps, match(x.concat(space, x.text("]")), noCell))
	}
	if p.size.hi == forever || p.n < p.size.hi {
		item := call(p.item(p.n).cell, p.at(p.n+1))
		if p.n > 0 {
			item = match(x.concat(std.space, x.text(","), std.space), g.single(item))
		}
		e.steps = append(e.steps, item)
	}
	return e
}
