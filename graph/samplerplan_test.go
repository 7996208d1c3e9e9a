package graph_test

import (
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/stages/qwen3moe"
	"moeflow/vk/shaders"
)

// TestSamplerPlan: where kernels wait by counter, the sampler of a single row does too,
// and drains the device nowhere.
func TestSamplerPlan(t *testing.T) {
	f := file(t, models[1])
	c, err := qwen3moe.ReadConfig(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, class := range shaders.Classes() {
		g, err := qwen3moe.Build(f, c, qwen3moe.Options{Layout: graph.StepLayout{Rows: 1, Outs: 1, Pages: 512},
			KVType: quant.F16, Positions: 32768, PageSize: 64, MaxRows: 2048, Slots: 160, Sampler: true, Touched: 1000})
		if err != nil {
			t.Fatal(err)
		}
		p, err := graph.Compile(g, graph.Options{Kernels: shaders.For(class.Choice), Counters: class.Ordered})
		if err != nil {
			t.Fatal(err)
		}
		last := p.Dispatches[len(p.Dispatches)-2:]
		if last[0].Kernel.Op != graph.OpSamplePartials || last[1].Kernel.Op != graph.OpSampleDraw || last[0].Workgroups != [3]uint32{38, 1, 1} {
			t.Fatalf("%s: the last dispatches are %s %v and %s", class.Name, last[0].Kernel, last[0].Workgroups, last[1].Kernel)
		}
		for _, d := range last {
			if d.Barrier == class.Ordered || d.Wait > 0 != class.Ordered {
				t.Errorf("%s: %s has a barrier: %v; it waits for %d", class.Name, d.Kernel, d.Barrier, d.Wait)
			}
		}
	}
}
