package shaders

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
)

// TestComplete checks that every operation has a kernel for every type that a
// model may bring, and that all code is SPIR-V.
func TestComplete(t *testing.T) {
	weights, caches := quant.Types(), []quant.Type{quant.F32, quant.F16, quant.Q8_0}
	want := map[graph.Op][]quant.Type{
		graph.OpEmbed: weights, graph.OpLinear: weights, graph.OpExpertLinear: weights,
		graph.OpExpertGateUp: weights, graph.OpExpertDown: weights,
		graph.OpMoESort: {quant.U32}, graph.OpExpertCount: {quant.U32}, graph.OpGroupedGEMM: weights, graph.OpGroupedGEMMSwiGLU: weights,
		graph.OpRopeStore: caches, graph.OpAttention: caches, graph.OpAttentionSplitKV: caches,
	}
	n := 0
	for _, op := range graph.Ops() {
		types := want[op]
		if types == nil && !op.Anywhere() {
			continue
		}
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
		if k.Variant == "" && (want[k.Op] != nil || k.Op.Anywhere()) {
			n--
		}
	}
	if n != 0 {
		t.Errorf("the table lacks %d plain kernels", n)
	}
}

// TestOrder wants every kernel to stand in the order of its operation, once, and
// nothing else there but kernels of others that the operation gives way to.
func TestOrder(t *testing.T) {
	all := map[graph.Op]map[string]bool{}
	of := map[string]graph.Op{}
	for k := range table {
		name, _, _ := strings.Cut(k.String(), "[")
		if all[k.Op] == nil {
			all[k.Op] = map[string]bool{}
		}
		all[k.Op][name], of[name] = true, k.Op
	}
	for _, op := range graph.Ops() {
		seen := map[string]bool{}
		for _, name := range order[op] {
			if other, ok := strings.CutPrefix(name, "("); ok {
				name = strings.TrimSuffix(other, ")")
				if to, ok := of[name]; !ok || to == op {
					t.Errorf("%s gives way to %s, which is no kernel of another operation", op, name)
				}
			} else if !all[op][name] {
				t.Errorf("the order of %s has %s, which is no kernel of it", op, name)
			}
			if seen[name] {
				t.Errorf("the order of %s has %s twice", op, name)
			}
			seen[name] = true
		}
		for name := range all[op] {
			if !seen[name] && (len(all[op]) > 1 || name != op.String()) {
				t.Errorf("the order of %s lacks %s", op, name)
			}
		}
	}
}

// TestPerSM wants a bound that is for each multiprocessor multiplied by their
// number, or by a usual one where the device does not say, and no other changed.
func TestPerSM(t *testing.T) {
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
	for _, count := range []uint32{0, 1, 46, 132} {
		c := For(Choice{Has: all, Processors: count})
		sms := float64(count)
		if count == 0 {
			sms = usualProcessors
		}
		for k, e := range table {
			least, most := e.info.MinWorkgroups, e.info.MaxWorkgroups
			if e.bounds.min > 0 {
				seen++
				least = uint32(math.Floor(sms * e.bounds.min))
			}
			if e.bounds.max > 0 {
				seen++
				most = uint32(math.Floor(sms * e.bounds.max))
			}
			if info, ok := c.Lookup(k); !ok || info.MinWorkgroups != least || info.MaxWorkgroups != most {
				t.Errorf("%s on %d multiprocessors: %d to %d workgroups, want %d to %d", k, count, info.MinWorkgroups, info.MaxWorkgroups, least, most)
			}
			if count == 132 && e.bounds.min > 0 && least != 120 { // as measured on a GPU that has so many
				t.Errorf("%s is for at least %d workgroups, want 120", k, least)
			}
		}
	}
	if seen == 0 {
		t.Error("no kernel has a bound for each multiprocessor")
	}
}
