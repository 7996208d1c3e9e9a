package engine

import (
	"slices"
	"testing"

	"moeflow/vk"
)

// TestGoldenGPUKernels holds the kernels that only a GPU would choose, on one
// row at a time, to the golden logits and tokens: with barriers, and waiting by
// themselves.
func TestGoldenGPUKernels(t *testing.T) {
	m, g := tiny(t), goldens(t)
	for _, sync := range []string{"barrier", "counter"} {
		o := Options{Buckets: []Bucket{{1, 1}}, Context: 128, Pretend: []string{"gpu", "shared48"}, Sync: sync}
		e := start(t, m, o)
		soft, variants := 0, map[string]bool{}
		for i := range e.Plans[0].Dispatches {
			d := &e.Plans[0].Dispatches[i]
			variants[d.Kernel.String()] = true
			if d.Wait > 0 {
				soft++
			}
		}
		for _, k := range []string{"norm_matvec[Q4_K]", "norm_matvec[Q6_K]", "norm_matvec_f32[F32]", "matvec_dot[Q4_K]", "expert_route_gate_up[Q4_K]",
			"expert_route_down[Q4_K]", "expert_route_down[Q6_K]", "rope_attention[F16]"} {
			if !variants[k] {
				t.Errorf("%s is not among the plan's kernels", k)
			}
		}
		if (soft > 0) != (sync == "counter") {
			t.Errorf("sync %s: %d dispatches wait by themselves", sync, soft)
		}
		t.Logf("sync %s: %d dispatches, %d barriers, %d wait by themselves", sync, len(e.Plans[0].Dispatches), e.Plans[0].Barriers(), soft)
		checkRows(t, "go", logitsOf(t, e, g["go_ids"].Int32), 0.9999)
		if got := greedy(t, e, g["go_ids"].Int32, 64); !slices.Equal(got, g["go_greedy"].Int32) {
			t.Errorf("greedy ids\n got %v\nwant %v", got, g["go_greedy"].Int32)
		}
	}
}

// TestNoMatrixUnits wants compute.matmul = f32 to leave out every kernel that
// multiplies by matrix units, also those that round nothing.
func TestNoMatrixUnits(t *testing.T) {
	units := []string{"gpu", "shared48", "subgroup32", "coopmat", "float16", "dot"}
	for _, without := range [][]string{{"q8"}, {"q8", "f16"}} {
		o := Options{Pretend: units, Without: without}
		has := slices.Contains(o.choice(&vk.DeviceInfo{}).Has, "coopmat")
		if want := !slices.Contains(without, "f16"); has != want {
			t.Errorf("without %v: matrix units %v, want %v", without, has, want)
		}
	}
}

// TestGoldenFewRows holds the kernels for steps of a few rows on a GPU to the
// golden logits and tokens: with barriers, and waiting by themselves.
func TestGoldenFewRows(t *testing.T) {
	m, g := tiny(t), goldens(t)
	always := []string{"norm_router_few[F32]", "matvec_dot_few[Q4_K]", "top_k_group[F32]", "expert_combine_few[F32]", "rope_store_few[F16]", "attention_few[F16]"}
	for rows, want := range map[int][]string{
		3:  {"norm_matvec_few[Q4_K]", "norm_matvec_few[Q6_K]", "expert_norm_swiglu_few[Q4_K]", "expert_matmul_dot_few[Q4_K]", "expert_matmul_dot_few[Q6_K]"},
		20: {"expert_norm_swiglu[Q4_K]", "expert_matmul_dot[Q4_K]", "expert_matmul_dot[Q6_K]"},
	} {
		for _, sync := range []string{"barrier", "counter"} {
			o := Options{Buckets: []Bucket{{rows, rows}}, Context: 128, Pretend: []string{"gpu", "shared48"}, Sync: sync, Without: []string{"q8", "f16"}}
			e := start(t, m, o)
			soft, variants := 0, map[string]bool{}
			for i := range e.Plans[0].Dispatches {
				d := &e.Plans[0].Dispatches[i]
				variants[d.Kernel.String()] = true
				if d.Wait > 0 {
					soft++
				}
			}
			for _, k := range append(want, always...) {
				if !variants[k] {
					t.Errorf("%s is not among the kernels of %d rows: %v", k, rows, variants)
				}
			}
			if (soft > 0) != (sync == "counter") {
				t.Errorf("sync %s: %d dispatches wait by themselves", sync, soft)
			}
			t.Logf("%d rows, sync %s: %d dispatches, %d barriers, %d wait by themselves", rows, sync, len(e.Plans[0].Dispatches), e.Plans[0].Barriers(), soft)
			checkRows(t, "go", logitsOf(t, e, g["go_ids"].Int32), 0.9999)
			if got := greedy(t, e, g["go_ids"].Int32, 32); !slices.Equal(got, g["go_greedy"].Int32[:32]) {
				t.Errorf("%d rows: greedy ids\n got %v\nwant %v", rows, got, g["go_greedy"].Int32[:32])
			}
		}
	}
}
