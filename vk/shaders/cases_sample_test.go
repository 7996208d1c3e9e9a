package shaders_test

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
)

// sampleSettings are what the output rows of a case ask of the sampler, a row each:
// filters alone and together, that keep few tokens and many. All numbers are such that
// float32 has the changed logits exactly.
var sampleSettings = []graph.SampleRow{
	{Repeat: 1, TopP: 1},
	{Temperature: 0.75, TopK: 20, TopP: 0.8, Repeat: 2, Window: 9, Flying: 3},
	{Temperature: 1, TopP: 1, Repeat: 1},
	{Temperature: 1, TopP: 0.9, Repeat: 1, Probs: true, Likeliest: 20},
	{Temperature: 1.5, TopP: 1, MinP: 0.05, Repeat: 1, Probs: true},
	{Temperature: 1, TopK: 200, TopP: 0.95, Repeat: 1},
	{Temperature: 1, TopK: 5, TopP: 1, Repeat: 1, Masked: true, Probs: true, Likeliest: 3},
	{Temperature: 2, TopP: 1, Repeat: 2, Frequency: 0.25, Presence: 0.5, Window: 1, Flying: 15, Masked: true},
	{Temperature: 1, TopK: 1, TopP: 1, Repeat: 1},
	{Temperature: 0.5, TopK: 1 << 30, TopP: 1, MinP: 0.5, Repeat: 0.5, Window: 99},
	{Temperature: 1, TopK: 40, TopP: 1, Repeat: 1, Probs: true, Likeliest: 2},
	{Temperature: 1, TopK: 3, TopP: 1, Repeat: 1, Masked: true},
	{Temperature: 1, TopK: 3, TopP: 1, Repeat: 1, Probs: true, Likeliest: 1},
	{Temperature: 1, TopK: 7, TopP: 1, Repeat: 1, Probs: true, Likeliest: 5},
	{Temperature: 1, TopP: 0.3137, Repeat: 1},
	{Temperature: 1e-35, TopP: 1, Repeat: 1, Frequency: -0.5, Presence: -1, Flying: 1},
	{Temperature: 1, TopK: 60, TopP: 1, MinP: 1e-3, Repeat: 1},
	{Temperature: 1, TopK: 500, TopP: 1, Repeat: 4, Frequency: 2, Window: 64, Flying: 2},
}

const sampleRows = 52 // of a step, every third an output

// sampleLogits are multiples of 1/64 with ties. Some rows are hostile: 10 has NaN, 11
// plus infinity where its mask forbids it, 12 nothing but minus infinity, 13 and 14 equal
// logits, 16 plus infinity last.
func (s source) sampleLogits(n int) tensor {
	rows := len(sampleSettings)
	x := make([]float32, n*rows)
	for i := range x {
		x[i] = float32(math.Round(s.NormFloat64()*150) / 64)
		if s.IntN(20) == 0 {
			x[i] = float32(math.Inf(-1))
		}
	}
	for j := range rows {
		for range 30 {
			x[j*n+s.IntN(n)] = float32(s.IntN(64)) / 8
		}
		x[j*n+s.IntN(n)] = 7
	}
	for i := range n {
		x[12*n+i], x[13*n+i], x[14*n+i] = float32(math.Inf(-1)), 0.5, -3
	}
	x[10*n+n/2], x[11*n], x[17*n-1] = float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(1))
	return tensor{"logits", quant.F32, graph.Shape{uint64(n), uint64(rows)}, f32Bytes(x)}
}

// sampling is what the rows ask, with tokens that are touched.
func (s source) sampling(n int, search bool) tensor {
	l := graph.SampleLayout{Outs: len(sampleSettings), Touched: 100 * len(sampleSettings)}
	words := make([]uint32, l.Words())
	rows := append([]graph.SampleRow(nil), sampleSettings...)
	for j := range rows {
		r := &rows[j]
		if !search {
			*r = sampleListed(*r)
		}
		r.Draw = float32(s.IntN(1<<24)) / (1 << 24)
		if r.Repeat == 1 && r.Frequency == 0 && j%2 == 0 {
			continue
		}
		for _, id := range s.Perm(n)[:min(n, 1+s.IntN(100))] {
			r.Touched = append(r.Touched, graph.SampleToken{ID: uint32(id), Count: uint32(s.IntN(3)), Repeated: s.IntN(2) == 0, Bias: float32(s.IntN(9)-4) / 2})
		}
	}
	l.Fill(words, rows)
	return tensor{"sampling", quant.U32, graph.Shape{uint64(len(words))}, u32Bytes(words)}
}

// sampleMask allows about half the tokens, and in row 11 not the first.
func (s source) sampleMask(n int) tensor {
	words := (n + 31) / 32
	m := s.words("mask", 1<<32-1, uint64(words), uint64(len(sampleSettings)))
	for j := range sampleSettings { // so that something is allowed
		m.data[4*j*words] |= 2
	}
	m.data[4*11*words] &^= 1
	return m
}

var sampleLengths = []int{2, 100, 4096, 4097, 9999, 151936}

// sampleSearched is the longest row in which the filters may keep more tokens than
// partials list on Mesa's software driver, which ends the loops of a workgroup after
// 65,536 rounds of all its subgroups together.
const sampleSearched = 2 * graph.ArgMaxPartialSize

// sampleListed leaves of what a row asks what needs no search.
func sampleListed(r graph.SampleRow) graph.SampleRow {
	if r.TopK > 40 || r.TopK == 0 && (r.TopP < 1 || r.MinP > 0) {
		r.TopK = 40
	}
	return r
}

// samplePartialsCase is a case of n logits.
func samplePartialsCase(k graph.Kernel, n int, search bool) testCase {
	s := newSource(caseName(k, "n=%d", n))
	positions := make([]int, sampleRows)
	for i := range positions {
		positions[i] = 15 + s.IntN(60)
	}
	step, _ := s.step(sampleRows, sampleRows, positions, 64, nil)
	partials := (n + graph.ArgMaxPartialSize - 1) / graph.ArgMaxPartialSize
	size := graph.SamplePartialWords * partials * len(sampleSettings)
	c := testCase{name: caseName(k, "n=%d", n), kernel: k, work: [3]uint32{uint32(n), uint32(len(sampleSettings)), 1}, params: []uint32{uint32(n)},
		args: []tensor{step, s.sampling(n, search), s.sampleMask(n), s.sampleLogits(n), s.words("recent", n, graph.SampleRecent, sampleRows),
			{"partials", quant.U32, graph.Shape{graph.SamplePartialWords, uint64(partials), uint64(len(sampleSettings))}, fill(size, unwritten)}}}
	// Numbers are compared as such, ids as they are; only sums are rounded.
	c.stands = map[string]func([]byte) []float64{"partials": func(words []byte) []float64 {
		return wordsOr(words, func(i int) bool {
			at := i % graph.SamplePartialWords
			return at < 6 && at != 1 || at >= 6 && at%2 == 0
		})
	}}
	c.bound = map[string]func([]float64) ([]float64, error){"partials": func(want []float64) ([]float64, error) {
		tol := make([]float64, len(want))
		for i, w := range want {
			if at := i % graph.SamplePartialWords; at == 2 || at == 3 || at == 5 {
				tol[i] = 100 * eps * w
			}
		}
		return tol, nil
	}}
	return c
}

// wordsOr decodes words, those that isFloat names as floats with infinities far out.
func wordsOr(words []byte, isFloat func(i int) bool) []float64 {
	out := make([]float64, len(words)/4)
	for i := range out {
		w := binary.LittleEndian.Uint32(words[4*i:])
		switch {
		case w == unwritten:
			out[i] = math.NaN()
		case w == graph.NoToken:
			out[i] = -1
		case isFloat(i):
			out[i] = max(-1<<30, min(1<<30, float64(math.Float32frombits(w))))
		default:
			out[i] = float64(w)
		}
	}
	return out
}

func samplePartialsCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, n := range sampleLengths {
		out = append(out, samplePartialsCase(k, n, true))
	}
	return out
}

func sampleDrawCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, n := range sampleLengths {
		out = append(out, sampleDrawCase(k, n, n <= sampleSearched))
	}
	return out
}

// sampleDrawCase draws from what the reference leaves of each partial.
func sampleDrawCase(k graph.Kernel, n int, search bool) testCase {
	c := samplePartialsCase(graph.Kernel{Op: graph.OpSamplePartials, Type: k.Type}, n, search)
	r, p, err := c.reference()
	if err != nil {
		panic(err) // the case itself is unsound
	}
	partials := c.args[5]
	partials.data = r.Bytes(p.Find("partials"))
	rows := len(sampleSettings)
	c.name, c.kernel = caseName(k, "n=%d", n), k
	c.args = []tensor{c.args[0], c.args[1], c.args[2], c.args[3], partials, c.args[4],
		{"sampled", quant.U32, graph.Shape{sampleRows}, fill(sampleRows, unwritten)},
		{"probs", quant.U32, graph.Shape{graph.SampleProbsWords, uint64(rows)}, fill(graph.SampleProbsWords*rows, unwritten)}}
	c.stands = map[string]func([]byte) []float64{"probs": func(words []byte) []float64 {
		return wordsOr(words, func(i int) bool { at := i % graph.SampleProbsWords; return at%2 == 1 })
	}}
	c.bound = map[string]func([]float64) ([]float64, error){"probs": func(want []float64) ([]float64, error) {
		tol := make([]float64, len(want))
		for i := range want {
			if i%graph.SampleProbsWords%2 == 1 {
				tol[i] = 100 * eps * 10
			}
		}
		return tol, nil
	}}
	return c
}

// TestSampleSearch is the search in the longest row that the device at hand can do, a
// whole vocabulary on a GPU.
func TestSampleSearch(t *testing.T) {
	n := sampleSearched
	if has, _ := capabilities(t); !slices.Contains(has, "cpu") {
		n = 151936
	}
	b := open(t, 0)
	b.load(t, []testCase{sampleDrawCase(graph.Kernel{Op: graph.OpSampleDraw, Type: quant.F32}, n, true)})
	b.check(t, 0)
}
