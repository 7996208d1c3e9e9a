package shaders

import "moeflow/graph"

// order lists the kernels of every operation that has several. Lowering takes the
// first that the device can run, that serves the types, the rows and the parameters
// of a call, and that the call gives enough workgroups: see the kernels' headers.
// The kernel named as the operation comes last, since it runs anywhere or nearly so.
//
// A kernel of another operation, in parentheses, is where an operation gives way to
// that one: a rule of package graph rewrites the call if that kernel would be taken.
//
// Names that end in _q8 are the kernels of the line's name before them whose
// activations are rounded to 8 bits; no plan has them unless it is asked for.
var order = map[graph.Op][]string{
	graph.OpEmbed:      {"embed_b1_128", "embed"},
	graph.OpRMSNormF16: {"rms_norm_f16_b16_128", "rms_norm_f16"},
	graph.OpRopeStore:  {"rope_store_b2_128", "rope_store_b9", "rope_store"},
	graph.OpGather:     {"gather_b1_128", "gather"},

	graph.OpLinear: {
		"linear_dot", "linear_dot_q8", // one row
		"linear_mma_b2_15", "linear_mma_b16_112", "linear_mma_k4096_b16_112", "linear_mma_n16k_b16_64", // to 32
		"linear_coopmat_f16_m32n32",
		"linear_dot_b2_64", "linear_dot_b2_64_q8", // to 64
		"linear_coopmat_f16_m128n128", "linear_coopmat_f16_m64n128", "linear_coopmat_f16_m64n64_splitk2", // the largest tiles first
		"linear_coopmat_m64n128", "linear_fma_m64n128", "linear_fma_f16_m64n128",
		"linear_cpu", "linear_f32_m16n32_splitk2", "linear_f32_m16n32", "linear_m8n256", "linear",
	},
	graph.OpNormLinear: {
		"norm_linear_f32",
		"norm_linear_q8", "norm_linear_n16k", "norm_linear_n16k_q8",
		"norm_linear_cpu",
		"norm_linear_mma_b2_15", "norm_linear_mma_n16k_b2_15",
		"norm_linear_n16k_b2_15", "norm_linear_n16k_b2_15_q8",
		"norm_linear_b2_15", "norm_linear_b2_15_q8",
		"norm_linear_f32_b2_128", "norm_linear",
	},
	graph.OpRouterAbsorbed: {"router_absorbed_b2_15", "router_absorbed"},

	graph.OpAttention: {
		"flash_coopmat_f16_m8", "flash_coopmat_f16_m16", "flash_coopmat_m16", // to 128 rows
		"flash_coopmat_m128", "flash_coopmat_f16_m128", "flash_coopmat_m64", "flash_coopmat_f16_m64",
		"flash_fma", "flash_fma_f16", "attention",
	},
	graph.OpAttentionSplitKV: {"(flash_coopmat_m16)", "attention_splitkv_b2_64", "attention_splitkv"},
	graph.OpRopeAttention:    {"rope_attention_mma", "rope_attention_cpu", "rope_attention_b2_15", "rope_attention"},

	graph.OpExpertGateUp: {"(grouped_gemm_swiglu_dot)", "(grouped_gemm_swiglu_dot_q8)", "expert_gate_up"},
	graph.OpExpertDown: {
		"expert_down_dot", "expert_down_dot_q8", // one row
		"(grouped_gemm_dot)", "(grouped_gemm_dot_q8)",
		"expert_down_cpu", "expert_down",
	},
	graph.OpTopKGateUp: {"topk_gate_up_q8", "topk_gate_up_cpu", "topk_gate_up"},
	graph.OpGroupedGEMM: {
		"grouped_gemm_dot", "grouped_gemm_dot_q8", // to 64 rows
		"grouped_gemm_mma", "grouped_gemm_coopmat_b16_128", "grouped_gemm_coopmat_m128", "grouped_gemm_coopmat",
		"grouped_gemm_fma", "grouped_gemm",
	},
	graph.OpGroupedGEMMSwiGLU: {
		"grouped_gemm_swiglu_dot", "grouped_gemm_swiglu_dot_q8", // to 64 rows
		"grouped_gemm_swiglu_mma", "grouped_gemm_swiglu_coopmat_f16_b16_128", "grouped_gemm_swiglu_coopmat_f16_m128", "grouped_gemm_swiglu_coopmat_f16",
		"grouped_gemm_swiglu_fma_f16", "grouped_gemm_swiglu",
	},
	graph.OpExpertNormSwiGLU:  {"expert_norm_swiglu_mma", "expert_norm_swiglu_mma_f32", "expert_norm_swiglu_q8", "expert_norm_swiglu"},
	graph.OpTopKSort:          {"topk_sort", "topk_sort_b65_128"},
	graph.OpTopKGroupedSwiGLU: {"topk_grouped_swiglu_mma", "topk_grouped_swiglu_mma_b65_128"},
	graph.OpExpertCombine:     {"expert_combine_b2_64", "expert_combine"},
	graph.OpExpertDownGroup:   {"expert_down_group_mma", "expert_down_group_mma_b65_128"},
}
