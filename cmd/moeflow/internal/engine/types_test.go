package engine

import (
	"slices"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/gguf/quant"
	"moeflow/vk/shaders"
)

// mixed is a layer of three types beside one of a single type.
var mixed = testmodel.Synth{Name: "three types in a layer", Layers: 2, Hidden: 96, Heads: 4, KV: 2, Dim: 64, Experts: 6, TopK: 2, Width: 64, Vocab: 301,
	Kind: quant.F16, Kinds: map[string]quant.Type{"blk.0.ffn_gate_exps": quant.Q8_0, "blk.0.ffn_down_exps": quant.Q4_0}}

// TestThreeTypesAreNotFused: gate and up of one type become one dispatch, of
// two types they stay two.
func TestThreeTypesAreNotFused(t *testing.T) {
	m, err := mixed.Model(t)
	if err != nil {
		t.Fatal(err)
	}
	plans, err := compile(m, planOptions{buckets: []Bucket{{1, 1}}, kvType: quant.F16, cache: 64, kernels: shaders.Catalog()})
	if err != nil {
		t.Fatal(err)
	}
	kernels := map[int][]string{}
	for _, d := range plans[0].Dispatches {
		if n := plans[0].Nodes[d.Node]; n.Kind == "expert-swiglu" {
			kernels[n.Layer] = append(kernels[n.Layer], d.Kernel.String())
		}
	}
	slices.Sort(kernels[0])
	if got, want := strings.Join(kernels[0], " "), "expert_down[Q4_0] expert_linear[F16] expert_linear[Q8_0] swiglu[F32]"; got != want {
		t.Errorf("the layer of three types runs %s, wanted %s", got, want)
	}
	if got, want := strings.Join(kernels[1], " "), "expert_gate_up[F16] expert_down[F16]"; got != want {
		t.Errorf("the layer of one type runs %s, wanted %s", got, want)
	}
}

// TestNoMatrixUnits wants compute.matmul = f32 to leave out every kernel that
// multiplies by matrix units, also those that round nothing.
func TestNoMatrixUnits(t *testing.T) {
	units := []string{"gpu", "shared48", "subgroup32", "coopmat", "float16", "dot"}
	for _, without := range [][]string{{"q8"}, {"q8", "f16"}} {
		o := Plans{Pretend: units, Without: without}
		has := slices.Contains(o.kernels(&shaders.Class{}).Has, "coopmat")
		if want := !slices.Contains(without, "f16"); has != want {
			t.Errorf("without %v: matrix units %v, want %v", without, has, want)
		}
	}
}
