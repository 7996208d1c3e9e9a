package shaders_test

import (
	"encoding/binary"
	"math"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/vk/shaders"
)

var fusedCases = casesOf{
	graph.OpGatherNorm:    gatherNormCases,
	graph.OpNormLinear:    normLinearCases,
	graph.OpTopKGateUp:    topKGateUpCases,
	graph.OpTopKDown:      topKDownCases,
	graph.OpTopKGateUpQ16: topKGateUpCases,
	graph.OpTopKDownQ16:   topKDownCases,
	graph.OpRopeAttention: ropeAttentionCases,
}

func gatherNormCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, n := range rowLengths {
		name := caseName(k, "n=%d", n)
		s := newSource(name)
		step, _ := s.step(7, 9, nil, 1, nil)
		c := testCase{name: name, kernel: k, work: [3]uint32{uint32(n), 9, 1}, params: []uint32{uint32(n), math.Float32bits(1e-6)},
			args: []tensor{step, s.in("x", 1e4, uint64(n), 9), s.in("w", 10, uint64(n)), outTensor("y", uint64(n), 9)}}
		c.bound = map[string]func([]float64) ([]float64, error){"y": relative((10 + math.Sqrt(float64(n))) * eps)}
		out = append(out, c)
	}
	return out
}

// q16Error is how far a fixed-point activation is from its value, as a share
// of the largest magnitude among its 32: half a step.
var q16Error = map[string]float32{"q16": 0.51 / 32512, "q8": 0.51 / 127}

// rounding bounds what a kernel's own precision adds to sums of w·x: the
// rounding of x, elements of rows of k, carried through the magnitudes of w.
// mag runs the case with given activations and gives the magnitude of the
// output's sums.
func (c *testCase) rounding(x string, output string, k int) ([]float64, error) {
	of := c.kernel
	if c.partOf != nil {
		of = *c.partOf
	}
	if shaders.Precision(of) == "f16" {
		return c.halved(x, output)
	}
	share, ok := q16Error[shaders.Precision(of)]
	if !ok {
		return nil, nil
	}
	m := *c
	m.args = nil
	for _, a := range c.args {
		if a.name == x {
			f := a.decode()
			for i := 0; i < len(f); i += 32 {
				top := float32(0)
				for _, v := range f[i:min(i+32, len(f))] {
					top = max(top, float32(math.Abs(float64(v))))
				}
				for j := i; j < min(i+32, len(f)); j++ {
					f[j] = top * share
				}
			}
			a.data = f32Bytes(f)
		}
		if a.name == "res" {
			a.data = make([]byte, len(a.data))
		}
		m.args = append(m.args, a)
	}
	return m.magnitude(output)
}

// sumsRounded is sums with the kernel's own precision.
func (c *testCase) sumsRounded(x, output string, k int) func([]float64) ([]float64, error) {
	return func(want []float64) ([]float64, error) {
		tol, err := c.sums(output, k)(want)
		if err != nil {
			return nil, err
		}
		more, err := c.rounding(x, output, k)
		for i := range more {
			tol[i] += more[i]
		}
		return tol, err
	}
}

// normalized is the case's rms_norm as a tensor h, for the bounds of what comes
// after it.
func normalized(c testCase, x, norm tensor, k, bucket int, eps float32) (tensor, error) {
	n := testCase{name: c.name, kernel: graph.Kernel{Op: graph.OpRMSNorm, Type: quant.F32}, work: [3]uint32{uint32(k), uint32(bucket), 1},
		params: []uint32{uint32(k), graph.StepRows, math.Float32bits(eps)},
		args:   []tensor{c.args[0], x, norm, outTensor("y", uint64(k), uint64(bucket))}}
	r, p, err := n.reference()
	if err != nil {
		return tensor{}, err
	}
	data := r.Bytes(p.Find("y"))
	for i := 0; i < len(data); i += 4 { // rows that are not active
		if math.IsNaN(float64(math.Float32frombits(binary.LittleEndian.Uint32(data[i:])))) {
			clear(data[i : i+4])
		}
	}
	return tensor{"x", quant.F32, graph.Shape{uint64(k), uint64(bucket)}, data}, nil
}

func normLinearCases(k graph.Kernel) []testCase {
	var out []testCase
	for i, w := range append(widths(k.Type), 4096) {
		for _, rows := range [][2]int{{1, 1}, {3, 4}, {13, 20}} {
			n := []int{1, 3, 16, 17, 70}[i%5]
			if info, _, _ := shaders.Info(k); len(info.Requires) > 0 && i == 0 {
				n = max(n, int(info.Requires[len(info.Requires)-1].Least)+3) // what a kernel for wide matrices asks for
			}
			name := caseName(k, "k=%d n=%d rows=%d of %d", w, n, rows[0], rows[1])
			s := newSource(name)
			step, _ := s.step(rows[0], rows[1], nil, 1, nil)
			const eps32 = 1e-6
			c := testCase{name: name, kernel: k, params: []uint32{uint32(w), uint32(n), graph.StepRows, math.Float32bits(eps32)},
				work: [3]uint32{uint32(n), uint32(rows[1]), 1},
				args: []tensor{step, s.in("x", 1e3, uint64(w), uint64(rows[1])), s.in("norm", 4, uint64(w)),
					s.weight("w", k.Type, uint64(w), uint64(n)), outTensor("y", uint64(n), uint64(rows[1]))}}
			c.bound = map[string]func([]float64) ([]float64, error){"y": func(want []float64) ([]float64, error) {
				h, err := normalized(c, c.args[1], c.args[2], w, rows[1], eps32)
				if err != nil {
					return nil, err
				}
				plain := c
				plain.partOf, plain.kernel, plain.params = &c.kernel, graph.Kernel{Op: graph.OpLinear, Type: k.Type}, c.params[:3]
				plain.args = []tensor{step, c.args[3], h, {}, c.args[4]}
				return plain.sumsRounded("x", "y", 2*w)(want)
			}}
			out = append(out, c)
		}
	}
	return out
}

func topKGateUpCases(k graph.Kernel) []testCase {
	var out []testCase
	for i, e := range append(expertShapes(k.Type), expertShape{256, 33, 16, 3, 2, 4}, expertShape{2048, 24, 128, 8, 1, 1}, expertShape{512, 112, 8, 2, 1, 1}) {
		e.experts = max(e.experts, e.topK)
		if k.Op == graph.OpTopKGateUpQ16 {
			e.n = (e.n + 15) / 16 * 16
		}
		name := caseName(k, "%+v", e)
		s := newSource(name)
		step, _ := e.args(k, s)
		bucket := uint64(e.bucket)
		const eps32 = 1e-6
		gate := s.weight("gate", k.Type, uint64(e.width), uint64(e.n), uint64(e.experts))
		up := s.weight("up", k.Type, uint64(e.width), uint64(e.n), uint64(e.experts))
		logits := s.in("logits", 5, uint64(e.experts), bucket)
		for i := range e.experts { // a row of ties
			logits.floatsAt(e.experts+i, float64(i%3))
		}
		ids := tensor{"ids", quant.U32, graph.Shape{uint64(e.topK), bucket}, fill(e.topK*e.bucket, unwritten)}
		y := outTensor("y", uint64(e.n), uint64(e.topK), bucket)
		c := testCase{name: name, kernel: k, params: []uint32{uint32(e.width), uint32(e.n), uint32(e.experts), uint32(e.topK), renormalize(k, i),
			math.Float32bits(eps32), math.Float32bits(1.5)}, work: [3]uint32{uint32(e.n), uint32(e.topK), uint32(e.bucket)},
			args: []tensor{step, s.in("x", 10, uint64(e.width), bucket), s.in("norm", 2, uint64(e.width)), logits, gate, up, ids,
				outTensor("weights", uint64(e.topK), bucket), y}}
		c.bound = map[string]func([]float64) ([]float64, error){
			"weights": relative((40 + math.Sqrt(float64(e.experts)) + 40) * eps),
			"y": func([]float64) ([]float64, error) {
				h, err := normalized(c, c.args[1], c.args[2], e.width, e.bucket, eps32)
				if err != nil {
					return nil, err
				}
				r, p, err := c.reference()
				if err != nil {
					return nil, err
				}
				chosen := ids
				chosen.data = r.Bytes(p.Find("ids"))
				plain := c
				plain.partOf, plain.kernel.Op, plain.params = &c.kernel, graph.OpExpertGateUp, []uint32{uint32(e.width), uint32(e.n), uint32(e.topK)}
				plain.args = []tensor{step, gate, up, h, chosen, y}
				return plain.gated(graph.OpExpertLinear, 2*e.width)
			}}
		if k.Op == graph.OpTopKGateUpQ16 {
			c.args[8] = q16Out("y", e.n*e.topK, e.bucket)
			c.stands = map[string]func([]byte) []float64{"y": q16Rows(e.n * e.topK)}
			c.bound["y"] = q16Bound(c.bound["y"])
		}
		out = append(out, c)
	}
	return out
}

func topKDownCases(k graph.Kernel) []testCase {
	var out []testCase
	for i, e := range append(expertShapes(k.Type), expertShape{256, 33, 16, 3, 2, 4}, expertShape{768, 40, 128, 8, 1, 1}, expertShape{1024, 24, 256, 8, 2, 2}) {
		e.experts = max(e.experts, e.topK)
		name := caseName(k, "%+v", e)
		s := newSource(name)
		step, _ := e.args(k, s)
		bucket := uint64(e.bucket)
		logits := s.in("logits", 5, uint64(e.experts), bucket)
		for j := range e.experts {
			if e.bucket > 1 { // a row of ties
				logits.floatsAt(e.experts+j, float64(j%3))
			}
		}
		if e.experts > e.topK {
			logits.floatsAt(e.experts/2, math.NaN())
		}
		res := tensor{}
		if i%2 == 0 {
			res = s.in("res", 1e4, uint64(e.n), bucket)
		}
		params := []uint32{uint32(e.width), uint32(e.n), uint32(e.experts), uint32(e.topK)}
		h := s.in("h", 1e4, uint64(e.width), uint64(e.topK), bucket)
		c := testCase{name: name, kernel: k, params: params, work: [3]uint32{uint32(e.n), uint32(e.bucket), 1},
			args: []tensor{step, s.weight("w", k.Type, uint64(e.width), uint64(e.n), uint64(e.experts)),
				h, logits, s.in("weights", 1, uint64(e.topK), bucket), res, outTensor("y", uint64(e.n), bucket)}}
		if k.Op == graph.OpTopKDownQ16 {
			c.args[2], h = fixed(h)
		}
		c.bound = map[string]func([]float64) ([]float64, error){"y": func(want []float64) ([]float64, error) {
			plain, err := c.chosen(e)
			if err != nil {
				return nil, err
			}
			if plain.args[2] = h; k.Op == graph.OpTopKDownQ16 {
				return plain.sums("y", e.width)(want)
			}
			return plain.sumsRounded("h", "y", e.width)(want)
		}}
		out = append(out, c)
	}
	return out
}

// chosen is a case of topk_down as one of expert_down.
func (c *testCase) chosen(e expertShape) (*testCase, error) {
	ids := tensor{"ids", quant.U32, graph.Shape{uint64(e.topK), uint64(e.bucket)}, fill(e.topK*e.bucket, 0)}
	unused := outTensor("weights", uint64(e.topK), uint64(e.bucket))
	top := testCase{name: c.name, kernel: graph.Kernel{Op: graph.OpTopK, Type: quant.F32},
		params: []uint32{uint32(e.experts), uint32(e.topK), 1, math.Float32bits(1)},
		work:   [3]uint32{uint32(e.experts), uint32(e.bucket), 1}, args: []tensor{c.args[0], c.args[3], ids, unused}}
	r, p, err := top.reference()
	if err != nil {
		return nil, err
	}
	ids.data = r.Bytes(p.Find("ids"))
	plain := *c
	plain.partOf, plain.kernel.Op, plain.params = &c.kernel, graph.OpExpertDown, []uint32{uint32(e.width), uint32(e.n), uint32(e.topK)}
	plain.args = []tensor{c.args[0], c.args[1], c.args[2], ids, c.args[4], c.args[5], c.args[6]}
	return &plain, nil
}

// ropeAttentionShape are rows' heads and positions, the last together of which are of
// one sequence, rising; all others are alone.
type ropeAttentionShape struct {
	headShape
	together int
}

// ropeAttentionShapes are those a kernel must serve: a row alone, or, if it is meant
// for several, those too.
func ropeAttentionShapes(k graph.Kernel) []ropeAttentionShape {
	var out []ropeAttentionShape
	for _, h := range []headShape{{1, 1, 64, 64, 64, []int{0}}, {8, 1, 128, 128, 64, []int{63}}, {8, 1, 128, 64, 64, []int{64}}, {4, 2, 128, 128, 64, []int{300}},
		{6, 2, 96, 96, 64, []int{129}}, {5, 1, 32, 32, 64, []int{2047}}, {16, 2, 64, 64, 64, []int{2500}}, {4, 4, 256, 256, 64, []int{190}},
		{8, 4, 32, 32, 128, []int{4200}}, {4, 1, 32, 16, 16, []int{70}},
		{8, 1, 64, 64, 16, []int{128}}, {5, 1, 64, 32, 32, []int{1000}}, {12, 4, 64, 64, 64, []int{4100}}, {8, 1, 128, 128, 64, []int{9000}},
		{8, 1, 128, 128, 64, []int{127}}, {16, 2, 128, 128, 64, []int{100}}, {4, 4, 64, 64, 16, []int{17}}, {8, 1, 128, 96, 64, []int{1}}, {32, 4, 128, 128, 64, []int{40}}} {
		out = append(out, ropeAttentionShape{h, 1})
	}
	if info, _, _ := shaders.Info(k); info.Rows[1] == 1 {
		return out
	}
	return append(out,
		ropeAttentionShape{headShape{32, 4, 128, 128, 64, []int{0, 40, 127, 128, 300, 1, 63, 64}}, 1},
		ropeAttentionShape{headShape{8, 1, 128, 128, 64, []int{0, 1, 2, 3, 4}}, 5},
		ropeAttentionShape{headShape{16, 2, 128, 64, 16, []int{7, 200, 60, 61, 62, 63, 64, 65}}, 6},
		ropeAttentionShape{headShape{5, 1, 64, 64, 32, []int{126, 127, 128, 129, 130}}, 5},
		ropeAttentionShape{headShape{8, 2, 128, 128, 64, []int{3, 250, 251, 252, 253, 254, 255, 256, 257, 258, 259, 260, 261, 262, 263}}, 14},
		ropeAttentionShape{headShape{7, 1, 64, 32, 16, []int{254, 255, 256}}, 3})
}

// ropeAttentionCases are rows of one position each, at depths of one slot, of
// several, and of several tiles a slot.
func ropeAttentionCases(k graph.Kernel) []testCase {
	var out []testCase
	for i, h := range ropeAttentionShapes(k) {
		name := caseName(k, "%+v", h)
		s := newSource(name)
		rows := len(h.positions)
		step, pages := s.step(rows, rows, h.positions, h.page, nil)
		for r := rows - h.together; r < rows; r++ {
			copy(step.data[4*(8+4*r+2):][:4], step.data[4*(8+4*(rows-1)+2):])
		}
		d, width, n, bucket := uint64(h.dim), uint64(h.dim*h.kvHeads), uint64(h.dim*h.heads), uint64(rows)
		qNorm, kNorm := tensor{}, tensor{}
		if i%2 == 0 {
			qNorm, kNorm = s.in("q_norm", 3, d), s.in("k_norm", 3, d)
		}
		kc := s.weight("k_cache", k.Type, width, uint64(pages*h.page))
		vc := s.weight("v_cache", k.Type, width, uint64(pages*h.page))
		poison(kc, step, h.headShape)
		poison(vc, step, h.headShape)
		words := graph.AttentionCounters + h.heads*(h.dim+2)*graph.AttentionSplits*rows
		part := tensor{"part", quant.U32, graph.Shape{uint64(words)}, make([]byte, 4*words)}
		c := testCase{name: name, kernel: k, work: [3]uint32{uint32(h.kvHeads * graph.AttentionSplits), uint32(rows), 1},
			params: []uint32{uint32(h.heads), uint32(h.kvHeads), uint32(h.dim), uint32(h.rope), uint32(h.page), math.Float32bits(1e-6)},
			args: []tensor{step, s.in("q", 5, n, bucket), s.in("k", 5, width, bucket), s.rounded("v", width, bucket), qNorm, kNorm, freqs(h.rope), kc, vc, part,
				outTensor("y", n, bucket)}}
		c.bound = map[string]func([]float64) ([]float64, error){
			"k_cache": func(want []float64) ([]float64, error) {
				tol := heads(want, h.dim, (16+math.Sqrt(float64(h.dim)))*eps)
				for i, w := range want {
					tol[i] += roundings[k.Type](w, want, i)
				}
				return tol, nil
			},
			"y": func([]float64) ([]float64, error) { return ropeAttentionBound(c, h.headShape, k.Type) }}
		out = append(out, c)
	}
	return out
}

// ropeAttentionBound is attentionBound with what rope and the rounding of the
// new key add to the scores.
func ropeAttentionBound(c testCase, h headShape, typ quant.Type) ([]float64, error) {
	rope := c
	rope.kernel = graph.Kernel{Op: graph.OpRopeStore, Type: typ}
	rope.args = append([]tensor(nil), c.args[:9]...)
	rope.work = [3]uint32{uint32(h.heads + 2*h.kvHeads), c.work[1], 1}
	r, p, err := rope.reference()
	if err != nil {
		return nil, err
	}
	turned := func(i int) tensor {
		a := c.args[i]
		a.data = r.Bytes(p.Find(a.name))
		return a
	}
	at := testCase{name: c.name, kernel: graph.Kernel{Op: graph.OpAttention, Type: typ}, work: [3]uint32{uint32(h.heads), c.work[1], 1},
		params: []uint32{c.params[0], c.params[1], c.params[2], c.params[4], math.Float32bits(float32(1 / math.Sqrt(float64(h.dim))))},
		args:   []tensor{c.args[0], turned(1), turned(7), turned(8), c.args[10]}}
	tol, err := attentionBound(at, h)
	if err != nil {
		return nil, err
	}
	mag := at
	mag.args = append([]tensor(nil), at.args...)
	mag.args[3] = absolute(at.args[3], 0)
	m, mp, err := mag.reference()
	if err != nil {
		return nil, err
	}
	values, err := m.Floats(mp.Find("y"))
	if err != nil {
		return nil, err
	}
	// A head's elements are right to (16 + √d) roundings of its largest, and
	// the new key to one rounding into the cache's type.
	top := func(x []float32) (t, sum float64) {
		for _, v := range x {
			if !math.IsNaN(float64(v)) {
				t, sum = max(t, math.Abs(float64(v))), sum+math.Abs(float64(v))
			}
		}
		return t, sum
	}
	keyTop, _ := top(at.args[2].decode())
	rounded := map[quant.Type]float64{quant.F32: eps, quant.F16: 1.0 / 1024, quant.Q8_0: 1.01 / 127}[typ]
	q := at.args[1].decode()
	for i := range tol {
		head := i / h.dim * h.dim
		_, qSum := top(q[head : head+h.dim])
		slack := (2*(16+math.Sqrt(float64(h.dim)))*eps + rounded) * qSum * keyTop / math.Sqrt(float64(h.dim))
		// Only the new position's weight moves with its key.
		tol[i] += 2 * min(slack, 2) * values[i]
	}
	return tol, nil
}
