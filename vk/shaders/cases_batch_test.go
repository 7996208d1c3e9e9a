package shaders_test

import (
	"math"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/vk/shaders"
)

// Operations that fusion makes for steps of few rows.

// fewShapes are groupShapes with a model's width, and without more rows than
// their kernels serve.
func fewShapes(k graph.Kernel) []groupShape {
	var out []groupShape
	for _, g := range append(groupShapes(k.Type), groupShape{2048, 50, 16, 2, 17, 32, true}, groupShape{256, 8, 128, 8, 64, 64, false},
		groupShape{768, 40, 128, 8, 100, 128, false}, groupShape{256, 20, 9, 8, 128, 128, false}) {
		if g.bucket <= mostRows(k) {
			out = append(out, g)
		}
	}
	return out
}

// mostRows is the largest step that a kernel for few rows serves.
func mostRows(k graph.Kernel) int {
	info, _, _ := shaders.Info(k)
	return max(64, int(info.Rows[1]))
}

func expertNormSwiGLUCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, g := range fewShapes(k) {
		name := caseName(k, "%+v", g)
		s := newSource(name)
		step, groups := g.groups(s)
		out = append(out, g.normSwiGLUCase(name, k, s, step, groups))
	}
	return out
}

// topKGroupedSwiGLUCases are those with the groups of some logits, which take their place.
func topKGroupedSwiGLUCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, g := range append(fewShapes(k), groupShape{256, 33, 256, 7, 5, 5, false}, groupShape{512, 16, 8, 8, 64, 64, false}, groupShape{2048, 80, 40, 8, 8, 8, false}) {
		name := caseName(k, "%+v", g)
		s := newSource(name)
		step, _ := s.step(g.active, g.bucket, nil, 1, nil)
		logits := s.expertLogits(g.experts, g.bucket)
		groups, err := g.chosen(step, logits)
		if err != nil {
			panic(err) // the case itself is unsound
		}
		c := g.normSwiGLUCase(name, k, s, step, groups)
		c.params = []uint32{c.params[0], c.params[1], uint32(g.experts), uint32(g.topK), c.params[4]}
		c.args = append([]tensor(nil), c.args...)
		c.args[5] = logits
		c.work = [3]uint32{uint32(g.n), 1, 1}
		out = append(out, c)
	}
	return out
}

// expertLogits are logits of rows, those of the first row ties.
func (s source) expertLogits(experts, rows int) tensor {
	logits := s.in("logits", 20, uint64(experts), uint64(rows))
	for j := range experts {
		logits.floatsAt(j, float64(j%2))
	}
	return logits
}

// chosen is the groups of the experts that logits choose.
func (g groupShape) chosen(step, logits tensor) (tensor, error) {
	l, slots := g.layout(), uint64(g.topK)
	c := testCase{name: "chosen", kernel: graph.Kernel{Op: graph.OpTopKSort, Type: quant.F32}, work: [3]uint32{uint32(g.experts), uint32(g.bucket), 1},
		params: []uint32{uint32(g.experts), uint32(g.topK), 1, math.Float32bits(1), graph.GroupTile, uint32(l.Tiles)},
		args: []tensor{step, logits, {"ids", quant.U32, graph.Shape{slots, uint64(g.bucket)}, make([]byte, 4*g.topK*g.bucket)},
			outTensor("weights", slots, uint64(g.bucket)), {"groups", quant.U32, graph.Shape{l.Words()}, make([]byte, 4*l.Words())}}}
	r, p, err := c.reference()
	if err != nil {
		return tensor{}, err
	}
	c.args[4].data = r.Bytes(p.Find("groups"))
	return c.args[4], nil
}

// normSwiGLUCase is a case of expert_norm_swiglu.
func (g groupShape) normSwiGLUCase(name string, k graph.Kernel, s source, step, groups tensor) testCase {
	const eps32 = 1e-6
	width, n, experts, bucket := uint64(g.width), uint64(g.n), uint64(g.experts), uint64(g.bucket)
	gate, up := s.weight("gate", k.Type, width, n, experts), s.weight("up", k.Type, width, n, experts)
	params := []uint32{uint32(g.width), uint32(g.n), uint32(g.layout().Tiles), uint32(g.topK), math.Float32bits(eps32)}
	c := testCase{name: name, kernel: k, params: params, work: [3]uint32{uint32(g.n), uint32(g.layout().Tiles), 1},
		args: []tensor{step, s.in("x", 10, width, bucket), s.in("norm", 2, width), gate, up, groups,
			outTensor("y", n, uint64(g.topK), bucket)}}
	c.bound = map[string]func([]float64) ([]float64, error){"y": func([]float64) ([]float64, error) {
		h, err := normalized(c, c.args[1], c.args[2], g.width, g.bucket, eps32)
		if err != nil {
			return nil, err
		}
		plain := c
		plain.partOf, plain.kernel.Op, plain.params = &c.kernel, graph.OpGroupedGEMMSwiGLU, params[:4]
		plain.args = []tensor{step, gate, up, h, groups, c.args[6]}
		return plain.gated(graph.OpGroupedGEMM, 2*g.width)
	}}
	return c
}

// topKSortCases are topKCases of as many rows as there can be, with the groups
// of what is chosen.
func topKSortCases(k graph.Kernel) []testCase {
	var out []testCase
	for i, e := range []struct{ experts, topK, active, bucket int }{{1, 1, 3, 4}, {3, 2, 64, 64}, {5, 5, 1, 2}, {128, 8, 8, 8}, {128, 8, 33, 64}, {256, 7, 64, 64}, {130, 8, 31, 40}, {128, 8, 101, 128}, {9, 8, 128, 128}} {
		if e.bucket > mostRows(k) {
			continue
		}
		name := caseName(k, "%+v", e)
		s := newSource(name)
		step, _ := s.step(e.active, e.bucket, nil, 1, nil)
		logits := s.expertLogits(e.experts, e.bucket)
		if e.experts > e.topK {
			logits.floatsAt(e.experts/2, math.NaN())
		}
		l := graph.NewGroups(uint64(e.experts), uint64(e.topK), uint64(e.bucket))
		tile := uint32([]int{graph.GroupTile, 2, 5}[i%3])
		l.Tiles = uint64(e.topK * e.bucket) // of tiles of any size
		c := testCase{name: name, kernel: k, work: [3]uint32{uint32(e.experts), uint32(e.bucket), 1},
			params: []uint32{uint32(e.experts), uint32(e.topK), uint32(i % 2), math.Float32bits(1.5), tile, uint32(l.Tiles)},
			args: []tensor{step, logits, {"ids", quant.U32, graph.Shape{uint64(e.topK), uint64(e.bucket)}, fill(e.topK*e.bucket, unwritten)},
				outTensor("weights", uint64(e.topK), uint64(e.bucket)), {"groups", quant.U32, graph.Shape{l.Words()}, fill(int(l.Words()), unwritten)}}}
		c.bound = map[string]func([]float64) ([]float64, error){"weights": relative((80 + math.Sqrt(float64(e.experts))) * eps)}
		out = append(out, c)
	}
	return out
}

// expertDownGroupCases takes halves, and bounds a row's sum by its slots' bounds
// and the rounding of their own sum.
func expertDownGroupCases(k graph.Kernel) []testCase {
	var out []testCase
	for i, g := range fewShapes(k) {
		name := caseName(k, "%+v", g)
		s := newSource(name)
		step, groups := g.groups(s)
		width, n, experts, topK, bucket := uint64(g.width), uint64(g.n), uint64(g.experts), uint64(g.topK), uint64(g.bucket)
		res := tensor{}
		if i%2 == 0 {
			res = s.in("res", 1e4, n, bucket)
		}
		c := testCase{name: name, kernel: k, params: []uint32{uint32(g.width), uint32(g.n), uint32(g.layout().Tiles), uint32(g.topK)},
			work: [3]uint32{uint32(g.n), 1, 1},
			args: []tensor{step, s.weight("w", k.Type, width, n, experts), s.in("h", 1e3, width, topK, bucket), groups,
				s.in("weights", 1, topK, bucket), res, outTensor("y", n, bucket)}}
		c.bound = map[string]func([]float64) ([]float64, error){"y": func([]float64) ([]float64, error) {
			return c.combined(int(topK), int(n))
		}}
		out = append(out, c)
	}
	return out
}

// combined carries the bounds of the slots' products through their weighted sum.
func (c *testCase) combined(topK, n int) ([]float64, error) {
	slots := *c
	slots.partOf, slots.kernel.Op = &c.kernel, graph.OpGroupedGEMM
	slots.params = []uint32{c.params[0], c.params[1], c.params[2], 1}
	rows := len(c.args[6].data) / 4 / n
	y := outTensor("y", uint64(n), uint64(topK), uint64(rows))
	h := c.args[2]
	h.name = "x"
	slots.args = []tensor{c.args[0], c.args[1], h, c.args[3], y}
	tol, err := slots.sumsRounded("x", "y", int(c.params[0]))(nil)
	if err != nil {
		return nil, err
	}
	mag, err := slots.magnitude("y")
	if err != nil {
		return nil, err
	}
	weights := c.args[4].decode()
	var res []float32
	if c.args[5].name != "" {
		res = c.args[5].decode()
	}
	out := make([]float64, rows*n)
	for r := range rows {
		for o := range n {
			sum, size := 0.0, 0.0
			for s := range topK {
				p, f := r*topK+s, math.Abs(float64(weights[r*topK+s]))
				sum += f * tol[p*n+o]
				size += f * mag[p*n+o]
			}
			if res != nil {
				size += math.Abs(float64(res[r*n+o]))
			}
			out[r*n+o] = sum + float64(topK+2)*eps*size
		}
	}
	return out, nil
}

// topKSortAbsorbedCases are topKSortCases with rows whose norm is the logits' factor.
func topKSortAbsorbedCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, c := range topKSortCases(k) {
		s := newSource(c.name)
		bucket := c.work[1]
		const width = 36
		x := s.in("x", 1, width, uint64(bucket))
		c.args = []tensor{c.args[0], c.args[1], x, c.args[2], c.args[3], c.args[4]}
		c.params = []uint32{c.params[0], c.params[1], c.params[3], c.params[4], c.params[5], width, math.Float32bits(1e-6)}
		c.bound = map[string]func([]float64) ([]float64, error){"weights": relative((400 + math.Sqrt(float64(c.params[0]))) * eps)}
		out = append(out, c)
	}
	return out
}
