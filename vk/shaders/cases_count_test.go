package shaders_test

import (
	"moeflow/gguf/quant"
	"moeflow/graph"
)

// expertCountCases count into the middle of three layers, on top of what is
// there, one of the counts about to wrap around.
func expertCountCases(k graph.Kernel) []testCase {
	var out []testCase
	for _, g := range append(groupShapes(quant.F32),
		groupShape{1, 1, 128, 8, 1, 1, false}, groupShape{1, 1, 128, 8, 512, 512, true}, groupShape{1, 1, 128, 8, 511, 512, false},
		groupShape{1, 1, 1, 1, 65, 70, false}, groupShape{1, 1, 1024, 64, 64, 64, false}) {
		const layers = 3
		name := caseName(k, "%+v", g)
		s := newSource(name)
		step, ids := g.ids(s)
		counts := make([]uint32, layers*g.experts)
		for i := range counts {
			counts[i] = s.Uint32N(100)
		}
		counts[2*g.experts-1] = 0xffffffff
		out = append(out, testCase{name: name, kernel: k, work: [3]uint32{uint32(g.topK), uint32(g.bucket), 1},
			params: []uint32{uint32(g.experts), uint32(g.topK), 1},
			args:   []tensor{step, ids, {"counts", quant.U32, graph.Shape{uint64(g.experts), layers}, u32Bytes(counts)}}})
	}
	return out
}
