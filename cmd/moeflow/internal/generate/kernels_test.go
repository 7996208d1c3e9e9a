//go:build cgo

// The kernels of a GPU, which the reference does not have.

package generate

import (
	"slices"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/measure"
	"moeflow/cmd/moeflow/internal/npy"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/gguf/quant"
	"moeflow/graph"
)

// TestGoldenGPUKernels holds the kernels that only a GPU would choose, on one
// row at a time, to the golden logits and tokens: with barriers, and waiting by
// themselves.
func TestGoldenGPUKernels(t *testing.T) {
	m, g := testmodel.Tiny(t), testmodel.Goldens(t)
	for _, sync := range []string{"barrier", "counter"} {
		o := engine.Plans{Buckets: enginetest.Buckets(1, 1), Context: 128, Pretend: []string{"gpu", "shared48"}, Sync: sync}
		e := enginetest.Start(t, m, o)
		wantKernels(t, e.Plans[0], sync, "norm_linear[Q4_K]", "norm_linear[Q6_K]", "router_absorbed[F32]", "linear_dot[Q4_K]",
			"topk_gate_up_q16[Q4_K]", "topk_down_q16[Q4_K]", "topk_down_q16[Q6_K]")
		if !slices.ContainsFunc(e.Plans[0].Dispatches, func(d graph.Dispatch) bool { return d.Kernel.Op == graph.OpRopeAttention }) {
			t.Errorf("sync %s: rope and attention are not one dispatch", sync)
		}
		checkGo(t, e, g, 64)
	}
}

// wantKernels wants a plan to have kernels, and its dispatches to wait by
// themselves if they are to.
func wantKernels(t *testing.T, p *graph.Plan, sync string, kernels ...string) {
	t.Helper()
	soft, variants := 0, map[string]bool{}
	for i := range p.Dispatches {
		d := &p.Dispatches[i]
		variants[d.Kernel.String()] = true
		if d.Wait > 0 {
			soft++
		}
	}
	for _, k := range kernels {
		if !variants[k] {
			t.Errorf("%s is not among the plan's kernels: %v", k, variants)
		}
	}
	if (soft > 0) != (sync == "counter") {
		t.Errorf("sync %s: %d dispatches wait by themselves", sync, soft)
	}
	t.Logf("sync %s: %d dispatches, %d barriers, %d wait by themselves", sync, len(p.Dispatches), p.Barriers(), soft)
}

// checkGo holds the prompt "go" to its golden logits and the first n golden ids.
func checkGo(t *testing.T, e *engine.Engine, g map[string]npy.Array, n int) {
	t.Helper()
	checkRows(t, "go", logitsOf(t, e, g["go_ids"].Int32), 0.9999)
	if got, want := greedy(t, e, g["go_ids"].Int32, n), g["go_greedy"].Int32[:n]; !slices.Equal(got, want) {
		t.Errorf("greedy ids\n got %v\nwant %v", got, want)
	}
}

// TestGoldenFewRows holds the kernels for steps of a few rows on a GPU to the
// golden logits and tokens: with barriers, and waiting by themselves.
func TestGoldenFewRows(t *testing.T) {
	m, g := testmodel.Tiny(t), testmodel.Goldens(t)
	always := []string{"embed_b1_128[Q4_K]", "gather_b1_128[F32]", "linear_dot_b2_64[Q4_K]", "expert_combine_b2_64[F32]",
		"expert_norm_swiglu[Q4_K]", "grouped_gemm_dot[Q4_K]", "grouped_gemm_dot[Q6_K]"}
	for rows, want := range map[int][]string{
		3:  {"norm_linear_b2_15[Q4_K]", "norm_linear_b2_15[Q6_K]", "router_absorbed_b2_15[F32]", "topk_sort_absorbed[F32]"},
		20: {"norm_linear_f32_b2_128[F32]", "topk_sort[F32]"},
	} {
		for _, sync := range []string{"barrier", "counter"} {
			o := engine.Plans{Buckets: enginetest.Buckets(rows, rows), Context: 128, Pretend: []string{"gpu", "shared48"}, Sync: sync, Without: []string{"q8", "f16"}}
			e := enginetest.Start(t, m, o)
			attention := []string{"rope_store_b2_128[F16]", "attention_splitkv_b2_64[F16]"}
			if rows < graph.MinGroupedRows && slices.Contains(e.Device.Capabilities, "subgroup32") {
				attention = []string{"rope_attention_b2_15[F16]"}
			}
			wantKernels(t, e.Plans[0], sync, slices.Concat(want, always, attention)...)
			checkGo(t, e, g, 32)
		}
	}
}

// TestGoldenFewRowsDevice holds what the device at hand takes for steps of a few
// rows to the golden logits and tokens, on GPUs with matrix units kernels that put
// their operands together in registers.
func TestGoldenFewRowsDevice(t *testing.T) {
	m, g := testmodel.Tiny(t), testmodel.Goldens(t)
	for _, rows := range []int{3, 20} {
		e := enginetest.Start(t, m, engine.Plans{Buckets: enginetest.Buckets(rows, rows), Context: 128})
		if slices.Contains(e.Device.Capabilities, "mma") {
			wantKernels(t, e.Plans[0], "counter", "topk_grouped_swiglu_mma[Q4_K]", "expert_down_group_mma[Q4_K]", "expert_down_group_mma[Q6_K]")
		}
		checkGo(t, e, g, 32)
	}
}

// TestLargeVocabulary wants the tokens that a GPU's kernels pick of logits shared
// out to several workgroups, three of which and a rest this vocabulary makes, to be
// the largest of the logits themselves.
func TestLargeVocabulary(t *testing.T) {
	large := testmodel.Synth{Name: "large vocabulary", Layers: 1, Hidden: 256, Heads: 2, KV: 1, Dim: 128, Experts: 4, TopK: 2, Width: 256, Vocab: 3*graph.ArgMaxPartialSize + 5, Kind: quant.Q4_K}
	m, err := large.Model(t)
	if err != nil {
		t.Fatal(err)
	}
	e := enginetest.Start(t, m, engine.Plans{Buckets: enginetest.Buckets(1, 1), Context: 64, Pretend: []string{"gpu", "shared48"}, Sync: "counter"})
	wantKernels(t, e.Plans[0], "counter", "argmax_partial[F32]", "argmax_final[U32]")
	ids := measure.Tokens(256, 9, 1)
	all := append(slices.Clone(ids), greedy(t, e, ids, 12)...)
	shares := map[int]bool{}
	for pos, logits := range logitsOf(t, e, all[:len(all)-1]) {
		if pos < len(ids)-1 {
			continue
		}
		if got, want := int(all[pos+1]), testmodel.Top(logits); got != want {
			t.Errorf("position %d: token %d, the largest of the logits is %d's", pos, got, want)
		}
		shares[int(all[pos+1])/graph.ArgMaxPartialSize] = true
	}
	if len(shares) < 2 {
		t.Errorf("all tokens are of the shares %v: the test would not show a mistake", shares)
	}
}

// TestGoldenHalves holds the products and the attention of many rows, whose
// inputs are halves, to a bound that
// rounding activations to 8 bits does not meet.
func TestGoldenHalves(t *testing.T) {
	g := testmodel.Goldens(t)
	e := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Buckets: enginetest.Buckets(32, 32, 512, 1), Pretend: []string{"gpu"}})
	for _, k := range []string{"linear_", "grouped_gemm_", "flash_"} {
		if !slices.ContainsFunc(e.Plans[1].Dispatches, func(d graph.Dispatch) bool { return strings.HasPrefix(d.Kernel.Variant, k) }) {
			t.Errorf("a step of 512 rows has no kernel %s…", k)
		}
	}
	kept(t, e, plain(g["long_ids"].Int32, 1))
	checkRows(t, "long", longRows(t, e), 0.999)
}
