package shaders_test

import (
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/vk/shaders"
)

// renormalize is the parameter of that name in case i: all values that the
// kernel takes, in turn.
func renormalize(k graph.Kernel, i int) uint32 {
	info, _, _ := shaders.Info(k)
	for v := uint32(i % 3); ; v-- {
		try := []uint32{256, 256, 1, 1, v, 0, 0}
		if v == 0 || info.Suits(try) {
			return v
		}
	}
}

func routerAbsorbedCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, c := range []struct{ k, j, n, rows, bucket int }{{4, 8, 1, 1, 1}, {256, 128, 17, 1, 1}, {2048, 4096, 128, 1, 1}, {1028, 516, 33, 2, 3}, {2048, 4096, 12, 13, 15}, {64, 36, 3, 40, 64}, {4100, 8196, 5, 1, 1}} {
		name := caseName(k, "%+v", c)
		s := newSource(name)
		step, _ := s.step(c.rows, c.bucket, nil, 1, nil)
		rows := uint64(c.bucket)
		t := testCase{name: name, kernel: k, params: []uint32{uint32(c.k), uint32(c.n), uint32(c.j)}, work: [3]uint32{uint32(c.n), uint32(c.bucket), 1},
			args: []tensor{step, s.in("x", 1e3, uint64(c.k), rows), s.in("norm", 4, uint64(c.k)), s.weight("w", quant.F32, uint64(c.k), uint64(c.n)),
				s.in("a", 1e2, uint64(c.j), rows), s.weight("fold", quant.F32, uint64(c.j), uint64(c.n)), outTensor("y", uint64(c.n), rows)}}
		t.bound = map[string]func([]float64) ([]float64, error){"y": t.sums("y", c.k+c.j)}
		out = append(out, t)
	}
	return out
}

func absorbRouterCases(k graph.Kernel) []testCase {
	var out []testCase
	for i, w := range widths(k.Type) {
		n, experts := []int{1, 64, 65, 130}[i%4], []int{1, 16, 37}[i%3]
		name := caseName(k, "k=%d n=%d experts=%d", w, n, experts)
		s := newSource(name)
		step, _ := s.step(1, 1, nil, 1, nil)
		t := testCase{name: name, kernel: k, params: []uint32{uint32(w), uint32(n), uint32(experts)}, work: [3]uint32{uint32(w), uint32(experts), 1},
			args: []tensor{step, s.weight("w", quant.F32, uint64(n), uint64(experts)), s.in("norm", 4, uint64(n)),
				s.weight("o", k.Type, uint64(w), uint64(n)), outTensor("fold", uint64(w), uint64(experts))}}
		t.bound = map[string]func([]float64) ([]float64, error){"fold": t.sums("fold", n)}
		out = append(out, t)
	}
	return out
}
