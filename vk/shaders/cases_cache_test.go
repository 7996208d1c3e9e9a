package shaders_test

import (
	"encoding/binary"
	"math"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/vk/shaders"
)

// headShape is a choice of heads, and the positions of the active rows.
type headShape struct {
	heads, kvHeads, dim, rope, page int
	positions                       []int
}

func headShapes() []headShape {
	return []headShape{
		{1, 1, 64, 64, 1, []int{0}},
		{8, 1, 64, 32, 16, []int{0, 5, 63, 300}},
		{4, 2, 128, 128, 32, []int{31, 32, 7}},
		{6, 3, 96, 64, 8, []int{8, 1}},
		{4, 4, 256, 256, 64, []int{130, 2}},
		{5, 1, 80, 80, 16, []int{17, 200}},
		{2, 1, 8, 4, 4, []int{9}},
	}
}

// fits tells whether heads of this size are whole blocks of the type.
func (h headShape) fits(typ quant.Type) bool { return h.dim%typ.BlockSize() == 0 }

func ropeStoreCases(k graph.Kernel) []testCase {
	shapes := append(headShapes(),
		headShape{2, 1, 64, 64, 4096, []int{262143, 4097}}, // far positions
		headShape{1, 1, 512, 64, 4, []int{3}})
	var out []testCase
	for i, h := range shapes {
		if !h.fits(k.Type) {
			continue
		}
		name := caseName(k, "%+v", h)
		s := newSource(name)
		bucket := len(h.positions) + 1
		step, pages := s.step(len(h.positions), bucket, h.positions, h.page, nil)
		d, width := uint64(h.dim), uint64(h.dim*h.kvHeads)
		qNorm, kNorm := tensor{}, tensor{}
		if i%2 == 0 {
			qNorm, kNorm = s.in("q_norm", 10, d), s.in("k_norm", 10, d)
		}
		q, key := s.in("q", 100, d*uint64(h.heads), uint64(bucket)), s.in("k", 100, width, uint64(bucket))
		if i == 0 { // so small that eps counts
			q, key = q.scaled(1e-3), key.scaled(1e-3)
		}
		c := testCase{name: name, kernel: k, work: [3]uint32{uint32(h.heads + 2*h.kvHeads), uint32(bucket), 1},
			params: []uint32{uint32(h.heads), uint32(h.kvHeads), uint32(h.dim), uint32(h.rope), uint32(h.page), math.Float32bits(1e-6)},
			args: []tensor{step, q, key, s.rounded("v", width, uint64(bucket)), qNorm, kNorm, freqs(h.rope),
				s.weight("k_cache", k.Type, width, uint64(pages*h.page)), s.weight("v_cache", k.Type, width, uint64(pages*h.page))}}
		// v is only rounded, so its cache must agree to the bit.
		c.bound = map[string]func([]float64) ([]float64, error){
			"q": func(want []float64) ([]float64, error) {
				return heads(want, h.dim, (16+math.Sqrt(float64(h.dim)))*eps), nil
			},
			"k_cache": func(want []float64) ([]float64, error) {
				tol := heads(want, h.dim, (16+math.Sqrt(float64(h.dim)))*eps)
				for i, w := range want {
					tol[i] += roundings[k.Type](w, want, i)
				}
				return tol, nil
			}}
		out = append(out, c)
	}
	return out
}

// rounded makes a tensor that is hard to round and has one right result: blocks
// whose largest magnitude is 127, with parts after the point that are no halves,
// and among them ties between two halves (binary16), which go to the even one.
func (s source) rounded(name string, shape ...uint64) tensor {
	x := make([]float32, count(shape))
	ties := []float32{64 + 1.0/32, 64 + 3.0/32, -1 - 1.0/2048, 1 + 3.0/2048, 3.0 / (1 << 25), 0.4}
	for i := range x {
		switch i % 32 {
		case 3:
			x[i] = 127 * float32(1-2*s.IntN(2))
		case 4, 5, 6:
			x[i] = ties[s.IntN(len(ties))]
		default:
			x[i] = float32(s.IntN(253)-126) + []float32{0, 0.25, 0.4, -0.4, -0.25}[s.IntN(5)]
		}
	}
	return tensor{name, quant.F32, shape, f32Bytes(x)}
}

// scaled multiplies a float tensor.
func (t tensor) scaled(by float32) tensor {
	x := t.decode()
	for i := range x {
		x[i] *= by
	}
	return tensor{t.name, t.typ, t.shape, f32Bytes(x)}
}

// roundings bounds how far two roundings of nearly equal numbers into a cache
// type can be apart.
var roundings = map[quant.Type]func(w float64, all []float64, i int) float64{
	quant.F32: func(w float64, _ []float64, _ int) float64 { return eps * math.Abs(w) },
	quant.F16: func(w float64, _ []float64, _ int) float64 { return math.Abs(w)/1024 + 1.0/(1<<24) },
	quant.Q8_0: func(_ float64, all []float64, i int) float64 {
		top := 0.0
		for _, v := range all[i/32*32 : i/32*32+32] {
			top = max(top, math.Abs(v))
		}
		return top / 127 * 1.01
	},
}

// heads bounds each element by a share of the largest of its head.
func heads(x []float64, dim int, share float64) []float64 {
	tol := make([]float64, len(x))
	for h := 0; h < len(x); h += dim {
		top := 0.0
		for _, v := range x[h : h+dim] {
			top = max(top, math.Abs(v))
		}
		for i := range dim {
			tol[h+i] = share * top
		}
	}
	return tol
}

// freqs is what a model with the rope base 10⁶ brings.
func freqs(ropeDim int) tensor {
	m := ropeDim / 2
	x := make([]float32, 2*m)
	for i := range m {
		f := math.Pow(1e6, -2*float64(i)/float64(ropeDim)) / (2 * math.Pi)
		x[i] = float32(f)
		x[m+i] = float32(f - float64(x[i]))
	}
	return tensor{"freqs", quant.F32, graph.Shape{uint64(m), 2}, f32Bytes(x)}
}

func attentionCases(k graph.Kernel) []testCase {
	var out []testCase
	for i, h := range headShapes() {
		if h.fits(k.Type) {
			out = append(out, attentionCase(k, h, i, false))
		}
	}
	// Rows of one sequence, as a prompt has them: the last of its positions.
	for i, h := range []headShape{prompt(2, 1, 32, 16, 5, 5), prompt(4, 2, 128, 64, 70, 300), prompt(3, 1, 96, 64, 20, 65), prompt(1, 1, 64, 32, 64, 64), prompt(8, 2, 64, 64, 131, 140)} {
		out = append(out, attentionCase(k, h, i, true))
	}
	return out
}

// prompt is the last rows of a sequence of n positions.
func prompt(heads, kvHeads, dim, page, rows, n int) headShape {
	h := headShape{heads, kvHeads, dim, dim, page, nil}
	for i := n - rows; i < n; i++ {
		h.positions = append(h.positions, i)
	}
	return h
}

// oneSequence gives all rows of a step the pages of the last.
func oneSequence(step tensor, rows int) {
	for r := range rows {
		copy(step.data[4*(graph.StepHeader+graph.StepRowWords*r+2):], step.data[4*(graph.StepHeader+graph.StepRowWords*(rows-1)+2):][:4])
	}
}

func attentionCase(k graph.Kernel, h headShape, i int, together bool) testCase {
	name := caseName(k, "%+v", h)
	if together {
		name = caseName(k, "%d of %d heads of %d, %d rows to %d", h.heads, h.kvHeads, h.dim, len(h.positions), h.positions[len(h.positions)-1])
	}
	s := newSource(name)
	bucket := len(h.positions) + 1
	step, pages := s.step(len(h.positions), bucket, h.positions, h.page, nil)
	if together {
		oneSequence(step, len(h.positions))
	}
	n, width := uint64(h.dim*h.heads), uint64(h.dim*h.kvHeads)
	// Cache places that no row owns hold what must not be read.
	kc := s.weight("k_cache", k.Type, width, uint64(pages*h.page))
	vc := s.weight("v_cache", k.Type, width, uint64(pages*h.page))
	poison(kc, step, h)
	poison(vc, step, h)
	c := testCase{name: name, kernel: k, work: [3]uint32{uint32(h.heads), uint32(bucket), 1},
		params: []uint32{uint32(h.heads), uint32(h.kvHeads), uint32(h.dim), uint32(h.page),
			math.Float32bits(float32([]float64{1, 0.1}[i%2] / math.Sqrt(float64(h.dim))))},
		args: []tensor{step, s.in("q", 10, n, uint64(bucket)), kc, vc, outTensor("y", n, uint64(bucket))}}
	c.bound = map[string]func([]float64) ([]float64, error){"y": func(want []float64) ([]float64, error) {
		return attentionBound(c, h)
	}}
	return c
}

// attentionSplitKVCases are those of attention that the kernel serves, and rows
// long enough for several slots and for several chunks a slot.
func attentionSplitKVCases(k graph.Kernel) []testCase {
	var out []testCase
	long := []headShape{{8, 1, 128, 128, 64, []int{127, 128, 1000}}, {4, 2, 32, 32, 64, []int{4095, 4200, 9000}}}
	for i, h := range append(headShapes(), long...) {
		if h.fits(k.Type) && h.dim*h.heads/h.kvHeads <= 2048 {
			plain := attentionCase(k, h, i, false)
			c := plain
			n, bucket := h.heads*(h.dim+2)*graph.AttentionSplits, uint64(len(h.positions)+1)
			done := tensor{"done", quant.U32, graph.Shape{uint64(h.kvHeads) * bucket}, make([]byte, 4*uint64(h.kvHeads)*bucket)}
			a := plain.args
			c.args = []tensor{a[0], a[1], a[2], a[3], outTensor("part", uint64(n), bucket), done, a[4]}
			c.work[0] = uint32(h.kvHeads * graph.AttentionSplits)
			c.bound = map[string]func([]float64) ([]float64, error){"y": func([]float64) ([]float64, error) {
				plain.kernel.Op = graph.OpAttention
				return attentionBound(plain, h)
			}}
			out = append(out, c)
		}
	}
	return out
}

// poison makes the cache rows that belong to no active row NaN.
func poison(cache, step tensor, h headShape) {
	owned := map[int]bool{}
	pages := int(binary.LittleEndian.Uint32(step.data[12:]))
	for r, last := range h.positions {
		first := int(binary.LittleEndian.Uint32(step.data[4*(8+4*r+2):]))
		for p := range last + 1 {
			page := binary.LittleEndian.Uint32(step.data[4*(pages+first+p/h.page):])
			owned[int(page)*h.page+p%h.page] = true
		}
	}
	row := len(cache.data) / int(cache.shape[1])
	for r := range int(cache.shape[1]) {
		for i := 0; i < row && !owned[r]; i++ {
			cache.data[r*row+i] = 0xff
		}
	}
}

// attentionBound adds up what a float32 kernel may err: the scores' rounding
// moves each weight by as much, exp errs in proportion to its argument, and the
// sums over positions round. All are in proportion to Σ p·|v|.
func attentionBound(c testCase, h headShape) ([]float64, error) {
	mag := c
	mag.args = append([]tensor(nil), c.args...)
	mag.args[3] = absolute(c.args[3], 0)
	r, p, err := mag.reference()
	if err != nil {
		return nil, err
	}
	tol, err := r.Floats(p.Find("y"))
	if err != nil {
		return nil, err
	}
	slack, half, mags := scoreErrors(c, h), shaders.Precision(c.kernel) == "f16", append([]float64(nil), tol...)
	top := largest(c.args[3].decode())
	for i := range tol {
		row := i / (h.dim * h.heads)
		if row >= len(h.positions) {
			continue
		}
		n := float64(h.positions[row] + 1)
		tol[i] *= 2*slack[row] + (30+math.Sqrt(n)+4*math.Log(n))*eps
		if half { // queries, weights and values, each rounded, weights to 2^-24 at the least
			tol[i] += mags[i]*(2*min(slack[row]*halfError/eps/(4+math.Sqrt(float64(h.dim))/2), 1)+2*halfError) + n*top/(1<<25)
		}
	}
	return tol, err
}

// scoreErrors bounds each row's largest error of a score: the magnitudes of
// its products times their roundings.
func scoreErrors(c testCase, h headShape) []float64 {
	q, keys := c.args[1].decode(), c.args[2].decode()
	top := largest(keys)
	scale := float64(math.Float32frombits(c.params[4]))
	out := make([]float64, len(h.positions))
	for r := range out {
		for head := range h.heads {
			sum := 0.0
			for _, v := range q[(r*h.heads+head)*h.dim:][:h.dim] {
				sum += math.Abs(float64(v))
			}
			out[r] = max(out[r], scale*sum*top*(4+math.Sqrt(float64(h.dim))/2)*eps)
		}
	}
	return out
}

// largest is the largest magnitude among numbers.
func largest(x []float32) float64 {
	top := 0.0
	for _, v := range x {
		if !math.IsNaN(float64(v)) {
			top = max(top, math.Abs(float64(v)))
		}
	}
	return top
}
