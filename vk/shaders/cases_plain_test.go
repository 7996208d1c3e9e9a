package shaders_test

import (
	"encoding/binary"
	"math"

	"moeflow/gguf/quant"
	"moeflow/graph"
)

var rowLengths = []int{1, 3, 8, 96, 257, 768, 2048}

func rmsNormCases(k graph.Kernel) []testCase {
	var out []testCase
	for i, n := range rowLengths {
		name := caseName(k, "n=%d", n)
		s := newSource(name)
		const active, bucket = 3, 5
		step, _ := s.step(active, bucket, nil, 1, nil)
		c := testCase{name: name, kernel: k, work: [3]uint32{uint32(n), bucket, 1},
			params: []uint32{uint32(n), []uint32{graph.StepRows, graph.StepOuts}[i%2], math.Float32bits(1e-6)},
			args:   []tensor{step, s.in("x", 1e4, uint64(n), bucket), s.in("w", 10, uint64(n)), outTensor("y", uint64(n), bucket)}}
		c.bound = map[string]func([]float64) ([]float64, error){"y": relative((10 + math.Sqrt(float64(n))) * eps)}
		out = append(out, c)
	}
	return out
}

// floatsAt overwrites elements of a float tensor.
func (t tensor) floatsAt(at int, x ...float64) tensor {
	for i, f := range x {
		if 4*(at+i) < len(t.data) {
			binary.LittleEndian.PutUint32(t.data[4*(at+i):], math.Float32bits(float32(f)))
		}
	}
	return t
}

func swiGLUCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, n := range append(rowLengths, 1025) {
		name := caseName(k, "n=%d", n)
		s := newSource(name)
		const active, bucket = 2, 3
		step, _ := s.step(active, bucket, nil, 1, nil)
		gate := s.in("gate", 10, uint64(n), bucket).floatsAt(1, 100, -100, 88.8, -88.8, 1e4, -1e4)
		up := s.in("up", 1e4, uint64(n), bucket)
		g, u := gate.decode(), up.decode()
		c := testCase{name: name, kernel: k, work: [3]uint32{uint32(n), bucket, 1}, params: []uint32{uint32(n)},
			args: []tensor{step, gate, up, outTensor("y", uint64(n), bucket)}}
		c.bound = map[string]func([]float64) ([]float64, error){"y": func(want []float64) ([]float64, error) {
			tol := make([]float64, len(want))
			for i := range tol {
				// Below exp's range silu is a zero.
				tol[i] = math.Abs(want[i])*(8+2*math.Abs(float64(g[i])))*eps + 1e-36*math.Abs(float64(u[i]))
			}
			return tol, nil
		}}
		out = append(out, c)
	}
	return out
}

func gatherCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, n := range rowLengths {
		name := caseName(k, "n=%d", n)
		s := newSource(name)
		step, _ := s.step(7, 9, nil, 1, nil)
		out = append(out, testCase{name: name, kernel: k, work: [3]uint32{uint32(n), 9, 1}, params: []uint32{uint32(n)},
			args: []tensor{step, s.in("x", 1e4, uint64(n), 9), outTensor("y", uint64(n), 9)}})
	}
	return out
}

const argMaxRows = 13 // all of them outputs

// argMaxLogits has ties within a lane's share and between lanes, a row of which a
// part is minus infinity, and rows that have no largest: with NaN or plus infinity
// before or after the largest, of NaN alone, of minus infinity alone.
func (s source) argMaxLogits(n int) tensor {
	nan, inf := math.NaN(), math.Inf(1)
	logits := s.in("logits", 1, uint64(n), argMaxRows)
	logits.floatsAt(n/2, 50, 50).floatsAt(n-1, 50).floatsAt(n, nan).floatsAt(2*n-1, inf)
	for i := range n {
		logits.floatsAt(2*n+i, nan).floatsAt(3*n+i, -inf)
	}
	for i := range n / 2 {
		logits.floatsAt(4*n+2*i, -inf)
	}
	logits.floatsAt(5*n+n/3, inf).floatsAt(6*n+n/2, nan).floatsAt(8*n-1, nan)
	return logits
}

// argMaxBase is a case of n logits without its tensors.
func argMaxBase(k graph.Kernel, n int) (testCase, source, tensor) {
	c := testCase{name: caseName(k, "n=%d", n), kernel: k, work: [3]uint32{uint32(n), argMaxRows, 1}, params: []uint32{uint32(n)}}
	s := newSource(c.name)
	step, _ := s.step(argMaxRows, argMaxRows, nil, 1, nil)
	return c, s, step
}

func sampledTensor() tensor {
	return tensor{"sampled", quant.U32, graph.Shape{argMaxRows}, fill(argMaxRows, unwritten)}
}

func argMaxCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, n := range append(rowLengths, 151936) {
		c, s, step := argMaxBase(k, n)
		c.args = []tensor{step, s.argMaxLogits(n), sampledTensor()}
		out = append(out, c)
	}
	return out
}

// argMaxLengths are of two shares and more: whole ones, a last one of one logit,
// rows that are not aligned.
var argMaxLengths = []int{8192, 8193, 9999, 12292, 151936}

func argMaxPartialCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, n := range argMaxLengths {
		c, s, step := argMaxBase(k, n)
		shares := (n + graph.ArgMaxPartialSize - 1) / graph.ArgMaxPartialSize
		c.args = []tensor{step, s.argMaxLogits(n),
			{"shares", quant.U32, graph.Shape{2, uint64(shares), argMaxRows}, fill(2*shares*argMaxRows, unwritten)}}
		out = append(out, c)
	}
	return out
}

// argMaxFinalCases join what the reference leaves of each share, more of them than
// any subgroup has invocations.
func argMaxFinalCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, n := range append(argMaxLengths, 600001) {
		c, s, step := argMaxBase(k, n)
		shares := (n + graph.ArgMaxPartialSize - 1) / graph.ArgMaxPartialSize
		words := make([]uint32, 2*shares*argMaxRows)
		for i := range shares * argMaxRows {
			words[2*i], words[2*i+1] = math.Float32bits(float32(s.IntN(3*shares))), uint32(i%shares*graph.ArgMaxPartialSize+s.IntN(graph.ArgMaxPartialSize))
			if row := i / shares; row == 2 || row == 3 || s.IntN(3) == 0 { // nothing but minus infinity, and one not a number
				words[2*i], words[2*i+1] = math.Float32bits(float32(math.Inf(-1))), graph.NoToken
				if row == 3 && i%shares == shares/2 {
					words[2*i] = math.Float32bits(float32(math.Inf(1)))
				}
			}
		}
		c.args = []tensor{step, {"shares", quant.U32, graph.Shape{2, uint64(shares), argMaxRows}, u32Bytes(words)}, sampledTensor()}
		out = append(out, c)
	}
	return out
}

func topKCases(k graph.Kernel) []testCase {
	var out []testCase
	for i, e := range []struct{ experts, topK int }{{1, 1}, {3, 2}, {5, 5}, {8, 1}, {64, 6}, {128, 8}, {257, 7}, {1024, 64}} {
		name := caseName(k, "%d of %d", e.topK, e.experts)
		s := newSource(name)
		const active, bucket = 5, 6
		n := e.experts
		step, _ := s.step(active, bucket, nil, 1, nil)
		logits := s.in("logits", 20, uint64(n), bucket)
		for j := range n { // a row of ties, a row with NaN, a row far below zero
			logits.floatsAt(n+j, float64(j%2)).floatsAt(3*n+j, -1e4-float64(j%7))
		}
		if n > 1 {
			logits.floatsAt(2*n+n/2, math.NaN())
		}
		c := testCase{name: name, kernel: k, work: [3]uint32{uint32(n), bucket, 1},
			params: []uint32{uint32(n), uint32(e.topK), uint32(i % 2), math.Float32bits([]float32{1, 2.5}[i/2%2])},
			args: []tensor{step, logits, {"ids", quant.U32, graph.Shape{uint64(e.topK), bucket}, fill(e.topK*bucket, unwritten)},
				outTensor("weights", uint64(e.topK), bucket)}}
		c.bound = map[string]func([]float64) ([]float64, error){"weights": func(want []float64) ([]float64, error) {
			// exp errs by 2|x| roundings for an argument x, here up to ln w.
			tol := make([]float64, len(want))
			for i, w := range want {
				if tol[i] = 0; w > 0 {
					tol[i] = w * (30 + math.Sqrt(float64(n)) + 4*math.Abs(math.Log(w))) * eps
				}
			}
			return tol, nil
		}}
		out = append(out, c)
	}
	return out
}
