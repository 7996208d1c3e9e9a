package shaders_test

import (
	"encoding/binary"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/vk/shaders"
)

// widths are row lengths that a type can have: at least one block, one more
// than a subgroup's stride, and lengths that are no multiple of it; where
// blocks are single elements also odd ones.
func widths(typ quant.Type) []int {
	switch typ.BlockSize() {
	case 1:
		return []int{1, 3, 100, 257, 768, 2048}
	case 32:
		return []int{32, 96, 768, 2048}
	}
	return []int{256, 768, 2048}
}

func embedCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, n := range widths(k.Type) {
		s := newSource(caseName(k, "%d", n))
		const vocab, active, bucket = 9, 7, 9
		tokens := make([]uint32, active)
		for i := range tokens {
			tokens[i] = uint32(s.IntN(vocab))
			if i%2 == 1 {
				tokens[i] = graph.FromSampled | uint32(s.IntN(5))
			}
		}
		sampled := s.words("sampled", vocab, 5) // one of them where no token could be picked
		binary.LittleEndian.PutUint32(sampled.data[4*2:], graph.NoToken)
		tokens[1] = graph.FromSampled | 2
		step, _ := s.step(active, bucket, nil, 1, tokens)
		table := s.weight("table", k.Type, uint64(n), vocab)
		c := testCase{name: caseName(k, "k=%d", n), kernel: k, params: []uint32{uint32(n)}, work: [3]uint32{uint32(n), bucket, 1},
			args: []tensor{step, sampled, table, outTensor("x", uint64(n), bucket)}}
		if k.Type.BlockSize() > 1 {
			// A decoded element is a difference of two rounded products.
			c.bound = map[string]func([]float64) ([]float64, error){"x": func([]float64) ([]float64, error) {
				m := c
				m.args = []tensor{step, c.args[1], absolute(table, 1), c.args[3]}
				r, p, err := m.reference()
				if err != nil {
					return nil, err
				}
				mag, err := r.Floats(p.Find("x"))
				for i := range mag {
					mag[i] *= 4 * eps
				}
				return mag, err
			}}
		}
		out = append(out, c)
	}
	return out
}

func linearCases(k graph.Kernel) []testCase {
	var out []testCase
	shape := func(width, n, active, bucket int, res bool) {
		name := caseName(k, "k=%d n=%d rows=%d of %d", width, n, active, bucket)
		s := newSource(name)
		step, _ := s.step(active, bucket, nil, 1, nil)
		r := tensor{}
		word := uint32(graph.StepOuts)
		if res {
			r, word = s.in("res", 1e4, uint64(n), uint64(bucket)), graph.StepRows
		}
		c := testCase{name: name, kernel: k, params: []uint32{uint32(width), uint32(n), word}, work: [3]uint32{uint32(n), uint32(bucket), 1},
			args: []tensor{step, s.weight("w", k.Type, uint64(width), uint64(n)), s.in("x", 1e4, uint64(width), uint64(bucket)), r,
				outTensor("y", uint64(n), uint64(bucket))}}
		c.bound = map[string]func([]float64) ([]float64, error){"y": c.sumsRounded("x", "y", width)}
		out = append(out, c)
	}
	for i, w := range widths(k.Type) {
		shape(w, []int{1, 3, 8, 17}[i%4], 1, 1, i%2 == 0)
		shape(w, []int{9, 2, 7, 1}[i%4], []int{2, 3, 7, 8}[i%4], 8, i%2 == 1)
	}
	w := widths(k.Type)[1]
	shape(w, 257, 1, 1, true)
	shape(w, 5, 9, 33, true)
	shape(w, 6, 33, 33, true)
	shape(w, 31, 25, 33, false)
	shape(w, 130, 70, 80, true)
	if info, _, _ := shaders.Info(k); len(info.Requires) > 0 { // what a kernel for wide matrices asks for
		if n := int(info.Requires[len(info.Requires)-1].Least); n > 0 {
			shape(w, n+1, 130, 140, true)
			shape(w, n+4, 20, 20, false)
		}
	}
	return withF16(out, k, "x", "y", "w")
}

// expertShape is what the three expert kernels are tried with.
type expertShape struct{ width, n, experts, topK, active, bucket int }

func expertShapes(typ quant.Type) []expertShape {
	var out []expertShape
	for i, w := range widths(typ) {
		out = append(out, expertShape{w, []int{1, 3, 8, 17}[i%4], []int{3, 5, 128, 1}[i%4], []int{2, 5, 8, 1}[i%4], []int{1, 3, 2, 9}[i%4], 9})
	}
	return append(out, expertShape{widths(typ)[0], 257, 8, 4, 1, 1})
}

func (e expertShape) args(k graph.Kernel, s source) (step, ids tensor) {
	step, _ = s.step(e.active, e.bucket, nil, 1, nil)
	// Rows beyond the active ones hold ids that no expert has.
	list := make([]uint32, e.topK*e.bucket)
	for i := range list {
		if list[i] = unwritten; i < e.topK*e.active {
			list[i] = uint32(s.IntN(e.experts))
		}
	}
	return step, tensor{"ids", quant.U32, graph.Shape{uint64(e.topK), uint64(e.bucket)}, u32Bytes(list)}
}

func expertLinearCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, e := range expertShapes(k.Type) {
		name := caseName(k, "%+v", e)
		s := newSource(name)
		step, ids := e.args(k, s)
		c := testCase{name: name, kernel: k, params: []uint32{uint32(e.width), uint32(e.n), uint32(e.topK)},
			work: [3]uint32{uint32(e.n), uint32(e.topK), uint32(e.bucket)},
			args: []tensor{step, s.weight("w", k.Type, uint64(e.width), uint64(e.n), uint64(e.experts)),
				s.in("x", 1e4, uint64(e.width), uint64(e.bucket)), ids,
				outTensor("y", uint64(e.n), uint64(e.topK), uint64(e.bucket))}}
		c.bound = map[string]func([]float64) ([]float64, error){"y": c.sums("y", e.width)}
		out = append(out, c)
	}
	return out
}

func gateUpCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, e := range expertShapes(k.Type) {
		name := caseName(k, "%+v", e)
		s := newSource(name)
		step, ids := e.args(k, s)
		gate := s.weight("gate", k.Type, uint64(e.width), uint64(e.n), uint64(e.experts))
		up := s.weight("up", k.Type, uint64(e.width), uint64(e.n), uint64(e.experts))
		x, y := s.in("x", 10, uint64(e.width), uint64(e.bucket)), outTensor("y", uint64(e.n), uint64(e.topK), uint64(e.bucket))
		c := testCase{name: name, kernel: k, params: []uint32{uint32(e.width), uint32(e.n), uint32(e.topK)},
			work: [3]uint32{uint32(e.n), uint32(e.topK), uint32(e.bucket)}, args: []tensor{step, gate, up, x, ids, y}}
		c.bound = map[string]func([]float64) ([]float64, error){"y": func([]float64) ([]float64, error) {
			return c.gated(graph.OpExpertLinear, e.width)
		}}
		out = append(out, c)
	}
	return out
}

func expertDownCases(k graph.Kernel) []testCase {
	var out []testCase
	for i, e := range expertShapes(k.Type) {
		name := caseName(k, "%+v", e)
		s := newSource(name)
		step, ids := e.args(k, s)
		res := tensor{}
		if i%2 == 0 {
			res = s.in("res", 1e4, uint64(e.n), uint64(e.bucket))
		}
		c := testCase{name: name, kernel: k, params: []uint32{uint32(e.width), uint32(e.n), uint32(e.topK)},
			work: [3]uint32{uint32(e.n), uint32(e.bucket), 1},
			args: []tensor{step, s.weight("w", k.Type, uint64(e.width), uint64(e.n), uint64(e.experts)),
				s.in("h", 1e4, uint64(e.width), uint64(e.topK), uint64(e.bucket)), ids,
				s.in("weights", 1, uint64(e.topK), uint64(e.bucket)), res, outTensor("y", uint64(e.n), uint64(e.bucket))}}
		c.bound = map[string]func([]float64) ([]float64, error){"y": c.sumsRounded("h", "y", e.width)}
		out = append(out, c)
	}
	return out
}
