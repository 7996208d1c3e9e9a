package graph

import "testing"

// TestFLOPs counts by hand.
func TestFLOPs(t *testing.T) {
	for _, c := range []struct {
		op     Op
		params []uint32
		want   float64
	}{
		{OpLinear, []uint32{4096, 2048, StepRows}, 2 * 4096 * 2048 * 512},
		{OpNormLinear, []uint32{2048, 151936, StepOuts, 0}, 2 * 2048 * 151936 * 3},
		{OpRouterAbsorbed, []uint32{2048, 128, 4096}, 2 * (2048 + 4096) * 128 * 512},
		{OpGroupedGEMM, []uint32{768, 2048, 0, 1}, 2 * 768 * 2048 * 512 * 8},
		{OpGroupedGEMMSwiGLU, []uint32{2048, 768, 0, 8}, 4 * 768 * 2048 * 512 * 8},
		{OpExpertGateUp, []uint32{2048, 768, 8}, 4 * 768 * 2048 * 512 * 8},
		{OpExpertDown, []uint32{768, 2048, 8}, 2 * 768 * 2048 * 512 * 8},
		// Row i of 512 behind 100 sees 101 + i positions: 512·100 + 512·513/2.
		{OpAttention, []uint32{32, 4, 128, 64, 0}, 4 * 32 * 128 * (51200 + 131328)},
		{OpAttentionSplitKV, []uint32{32, 4, 128, 64, 0}, 4 * 32 * 128 * (51200 + 131328)},
		{OpRopeAttention, []uint32{32, 4, 128, 128, 64, 0}, 4 * 32 * 128 * (51200 + 131328)},
		{OpTopKGateUpQ16, []uint32{2048, 768, 128, 8, 1, 0, 0}, 4 * 768 * 2048 * 512 * 8},
		{OpTopKDownQ16, []uint32{768, 2048, 128, 8}, 2 * 768 * 2048 * 512 * 8},
		{OpTopKGroupedSwiGLU, []uint32{2048, 768, 128, 8, 0}, 4 * 768 * 2048 * 512 * 8},
		{OpExpertDownGroup, []uint32{768, 2048, 160, 8}, 2 * 768 * 2048 * 512 * 8},
		{OpTopKSort, []uint32{128, 8, 1, 0, 64, 160}, 0},
		{OpSwiGLU, []uint32{768}, 0},
	} {
		d := Dispatch{Kernel: Kernel{Op: c.op}, Params: c.params}
		if got := d.FLOPs(StepCounts{Rows: 512, Outs: 3, Depth: 100, TopK: 8}); got != c.want {
			t.Errorf("%s: %.0f operations, want %.0f", c.op, got, c.want)
		}
	}
}
