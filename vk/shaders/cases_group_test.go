package shaders_test

import (
	"math"

	"moeflow/gguf/quant"
	"moeflow/graph"
)

// groupShape is what the grouped expert kernels are tried with. Where skew is
// set most rows choose one expert, so that it has several tiles and others none.
type groupShape struct {
	width, n, experts, topK, active, bucket int
	skew                                    bool
}

func groupShapes(typ quant.Type) []groupShape {
	w := widths(typ)
	return []groupShape{
		{w[0], 1, 3, 2, 1, 16, false}, {w[1], 40, 5, 5, 3, 17, false}, {w[0], 70, 4, 1, 64, 66, true},
		{w[1], 17, 40, 8, 20, 20, false}, {w[0], 130, 7, 2, 131, 140, true}, {w[len(w)-1], 3, 2, 1, 20, 20, true}, {w[0], 36, 3, 1, 46, 48, true},
		{w[0], 290, 3, 1, 46, 46, true},
	}
}

// ids gives every active row distinct experts, and rows beyond them ids that no
// expert has.
func (g groupShape) ids(s source) (step, ids tensor) {
	step, _ = s.step(g.active, g.bucket, nil, 1, nil)
	list := make([]uint32, g.topK*g.bucket)
	for i := range list {
		list[i] = unwritten
	}
	for r := range g.active {
		chosen := s.Perm(g.experts)[:g.topK]
		if g.skew && s.IntN(8) > 0 {
			for i, e := range chosen {
				if e == g.experts-1 {
					chosen[i] = chosen[0]
				}
			}
			chosen[0] = g.experts - 1
		}
		for i, e := range chosen {
			list[r*g.topK+i] = uint32(e)
		}
	}
	return step, tensor{"ids", quant.U32, graph.Shape{uint64(g.topK), uint64(g.bucket)}, u32Bytes(list)}
}

func (g groupShape) layout() graph.Groups {
	return graph.NewGroups(uint64(g.experts), uint64(g.topK), uint64(g.bucket))
}

// groupCase is moe_sort itself.
func (g groupShape) groupCase(name string, k graph.Kernel, s source) testCase {
	step, ids := g.ids(s)
	l := g.layout()
	return testCase{name: name, kernel: k, work: [3]uint32{uint32(g.experts), 1, 1},
		params: []uint32{uint32(g.experts), uint32(g.topK), graph.GroupTile, uint32(l.Tiles)},
		args:   []tensor{step, ids, {"groups", quant.U32, graph.Shape{l.Words()}, fill(int(l.Words()), unwritten)}}}
}

// groups is a step and what moe_sort makes of random ids.
func (g groupShape) groups(s source) (step, groups tensor) {
	c := g.groupCase("groups", graph.Kernel{Op: graph.OpMoESort, Type: quant.U32}, s)
	r, p, err := c.reference()
	if err != nil {
		panic(err) // the case itself is unsound
	}
	c.args[2].data = r.Bytes(p.Find("groups"))
	return c.args[0], c.args[2]
}

func moeSortCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, g := range append(groupShapes(quant.F32),
		groupShape{1, 1, 128, 8, 512, 512, false}, groupShape{1, 1, 128, 8, 511, 512, true}, groupShape{1, 1, 1, 1, 64, 64, false},
		groupShape{1, 1, 300, 16, 100, 100, false}, groupShape{1, 1, 1024, 64, 20, 20, false}) {
		name := caseName(k, "%+v", g)
		out = append(out, g.groupCase(name, k, newSource(name)))
	}
	return out
}

func groupedGEMMCases(k graph.Kernel) []testCase {
	var out []testCase
	for i, g := range groupShapes(k.Type) {
		name := caseName(k, "%+v", g)
		s := newSource(name)
		step, groups := g.groups(s)
		share := []int{1, g.topK}[i%2]
		width, rows := uint64(g.width), uint64(g.bucket*g.topK/share)
		c := testCase{name: name, kernel: k, params: []uint32{uint32(g.width), uint32(g.n), uint32(g.layout().Tiles), uint32(share)},
			work: [3]uint32{uint32(g.n), uint32(g.layout().Tiles), 1},
			args: []tensor{step, s.weight("w", k.Type, width, uint64(g.n), uint64(g.experts)), s.in("x", 1e4, width, rows), groups,
				outTensor("y", uint64(g.n), uint64(g.topK), uint64(g.bucket))}}
		c.bound = map[string]func([]float64) ([]float64, error){"y": c.sumsRounded("x", "y", g.width)}
		out = append(out, c)
	}
	return withF16(out, k, "x", "y", "w")
}

func groupedGEMMSwiGLUCases(k graph.Kernel) []testCase {
	var out []testCase
	for i, g := range groupShapes(k.Type) {
		name := caseName(k, "%+v", g)
		s := newSource(name)
		step, groups := g.groups(s)
		share := []int{g.topK, 1}[i%2]
		width, n, experts := uint64(g.width), uint64(g.n), uint64(g.experts)
		gate, up := s.weight("gate", k.Type, width, n, experts), s.weight("up", k.Type, width, n, experts)
		c := testCase{name: name, kernel: k, params: []uint32{uint32(g.width), uint32(g.n), uint32(g.layout().Tiles), uint32(share)},
			work: [3]uint32{uint32(g.n), uint32(g.layout().Tiles), 1},
			args: []tensor{step, gate, up, s.in("x", 10, width, uint64(g.bucket*g.topK/share)), groups,
				outTensor("y", n, uint64(g.topK), uint64(g.bucket))}}
		c.bound = map[string]func([]float64) ([]float64, error){"y": func([]float64) ([]float64, error) {
			return c.gated(graph.OpGroupedGEMM, g.width)
		}}
		out = append(out, c)
	}
	return withF16(out, k, "x", "y", "gate", "up")
}

func expertCombineCases(k graph.Kernel) []testCase {
	var out []testCase
	for i, n := range rowLengths {
		name := caseName(k, "n=%d", n)
		s := newSource(name)
		const active, bucket = 3, 5
		topK := uint64([]int{1, 8, 3}[i%3])
		step, _ := s.step(active, bucket, nil, 1, nil)
		res := tensor{}
		if i%2 == 0 {
			res = s.in("res", 1e4, uint64(n), bucket)
		}
		c := testCase{name: name, kernel: k, params: []uint32{uint32(n), uint32(topK)}, work: [3]uint32{uint32(n), bucket, 1},
			args: []tensor{step, s.in("x", 1e4, uint64(n), topK, bucket), s.in("weights", 1, topK, bucket), res, outTensor("y", uint64(n), bucket)}}
		c.bound = map[string]func([]float64) ([]float64, error){"y": func([]float64) ([]float64, error) {
			m := c
			m.args = append([]tensor(nil), c.args...)
			for j := 1; j < 4; j++ {
				m.args[j] = absolute(m.args[j], 0)
			}
			r, p, err := m.reference()
			if err != nil {
				return nil, err
			}
			tol, err := r.Floats(p.Find("y"))
			for j := range tol {
				tol[j] *= float64(topK+2) * eps
			}
			return tol, err
		}}
		out = append(out, c)
	}
	return out
}

// gated carries the bounds of the two products, of the given operation, through
// silu(g)·u, whose slope in g is at most 1.1, and adds what exp may err.
func (c *testCase) gated(product graph.Op, k int) ([]float64, error) {
	of := c.kernel
	if c.partOf != nil {
		of = *c.partOf
	}
	var val, tol [2][]float64
	for i := range val {
		part := *c
		part.partOf, part.kernel = &of, graph.Kernel{Op: product, Type: c.kernel.Type}
		part.args = append([]tensor{c.args[0], c.args[1+i]}, c.args[3:]...)
		r, p, err := part.reference()
		if err != nil {
			return nil, err
		}
		if val[i], err = r.Floats(p.Find("y")); err != nil {
			return nil, err
		}
		if tol[i], err = part.sumsRounded("x", "y", k)(nil); err != nil {
			return nil, err
		}
	}
	out := make([]float64, len(val[0]))
	for i := range out {
		g, u := val[0][i], math.Abs(val[1][i])
		act := math.Abs(g / (1 + math.Exp(-g)))
		out[i] = 1.1*tol[0][i]*(u+tol[1][i]) + act*tol[1][i] + act*u*(8+2*math.Abs(g))*eps
	}
	return out, nil
}
