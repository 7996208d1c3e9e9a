package shaders

import (
	"encoding/binary"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
)

// onlyGPU are operations that fusion makes for devices where it pays.
var onlyGPU = map[graph.Op]bool{graph.OpNormMatVec: true, graph.OpRouteGateUp: true, graph.OpRouteDown: true, graph.OpRopeAttention: true,
	graph.OpExpertNormSwiGLU: true, graph.OpTopKGroup: true, graph.OpRouterAhead: true, graph.OpRouterFold: true,
	graph.OpTopKGroupAhead: true, graph.OpExpertDownGroup: true, graph.OpRouteSwiGLU: true,
	graph.OpRouteGateUpFixed: true, graph.OpRouteDownFixed: true, graph.OpArgMaxShares: true, graph.OpArgMaxJoin: true}

// TestComplete checks that every operation has a kernel for every type that a
// model may bring, and that all code is SPIR-V.
func TestComplete(t *testing.T) {
	weights, caches := quant.Types(), []quant.Type{quant.F32, quant.F16, quant.Q8_0}
	want := map[graph.Op][]quant.Type{
		graph.OpEmbed: weights, graph.OpMatVec: weights, graph.OpExpertMatVec: weights,
		graph.OpExpertGateUp: weights, graph.OpExpertDown: weights,
		graph.OpExpertGroup: {quant.U32}, graph.OpExpertCount: {quant.U32}, graph.OpExpertMatMul: weights, graph.OpExpertMatMulSwiGLU: weights,
		graph.OpRopeStore: caches, graph.OpAttention: caches, graph.OpAttentionSplit: caches,
	}
	n := 0
	for _, op := range graph.Ops() {
		if onlyGPU[op] {
			continue
		}
		types := want[op]
		if types == nil {
			types = []quant.Type{quant.F32}
		}
		for _, typ := range types {
			n++
			k := graph.Kernel{Op: op, Type: typ}
			code, ok := Code(k)
			if !ok || len(code) < 20 || len(code)%4 != 0 || binary.LittleEndian.Uint32(code) != 0x07230203 {
				t.Errorf("no SPIR-V for %s", k)
			}
			info, ok := Catalog().Lookup(k)
			if !ok || info.Local == 0 {
				t.Errorf("%s is not in the catalog", k)
			}
			for _, s := range info.Spec {
				if s >= len(op.Params()) {
					t.Errorf("%s: parameter %d does not exist", k, s)
				}
			}
		}
	}
	for _, k := range All() {
		if k.Variant == "" && !onlyGPU[k.Op] {
			n--
		}
	}
	if n != 0 {
		t.Errorf("the table lacks %d plain kernels", n)
	}
}

// TestPerProcessor wants a bound that is for each processor multiplied by their
// number, or by a usual one where the device does not say, and no other changed.
func TestPerProcessor(t *testing.T) {
	seen := 0
	has := map[string]bool{}
	for _, e := range table {
		for _, n := range e.needs {
			has[n] = true
		}
	}
	var all []string
	for n := range has {
		all = append(all, n)
	}
	for _, count := range []uint32{0, 1, 46} {
		c := For(Choice{Has: all, Processors: count})
		for k, e := range table {
			want := e.info.Most
			if e.info.PerProcessor {
				seen++
				want *= map[uint32]uint32{0: usualProcessors, 1: 1, 46: 46}[count]
			}
			if info, ok := c.Lookup(k); !ok || info.Most != want {
				t.Errorf("%s on %d processors: at most %d workgroups, want %d", k, count, info.Most, want)
			}
		}
	}
	if seen == 0 {
		t.Error("no kernel has a bound for each processor")
	}
}
