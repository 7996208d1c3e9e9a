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
	graph.OpEmbed:       {"embed_one", "embed"},
	graph.OpRMSNormHalf: {"rms_norm_half_few", "rms_norm_half"},
	graph.OpRopeStore:   {"rope_store_few", "rope_store_rows", "rope_store"},
	graph.OpGather:      {"gather_one", "gather"},

	graph.OpMatVec: {
		"matvec_dot", "matvec_dot_q8", // one row
		"matvec_fragment_few", "matvec_fragment", "matvec_fragment_long", "matvec_fragment_wide", // to 32
		"matmul_coop16_few",
		"matvec_dot_few", "matvec_dot_few_q8", // to 64
		"matmul_coop16_broad", "matmul_coop16", "matmul_coop16_teams", // the largest tiles first
		"matmul_coop", "matmul_half", "matmul_half16",
		"matvec_cpu", "matmul_router", "matmul_tile", "matmul", "matvec",
	},
	graph.OpNormMatVec: {
		"norm_matvec_f32",
		"norm_matvec_q8", "norm_matvec_wide", "norm_matvec_wide_q8",
		"norm_matvec_cpu",
		"norm_matvec_fragment", "norm_matvec_fragment_wide",
		"norm_matvec_wide_few", "norm_matvec_wide_few_q8",
		"norm_matvec_few", "norm_matvec_few_q8",
		"norm_router_few", "norm_matvec",
	},
	graph.OpRouterAhead: {"router_ahead_few", "router_ahead"},

	graph.OpAttention: {
		"flash_coop16_wait", "flash_coop16_few", "flash_coop_few", // to 128 rows
		"flash_coop_broad", "flash_coop16_broad", "flash_coop", "flash_coop16",
		"flash_half", "flash_half16", "attention",
	},
	graph.OpAttentionSplit: {"(flash_coop_few)", "attention_few", "attention_split"},
	graph.OpRopeAttention:  {"rope_attention_mma", "rope_attention_cpu", "rope_attention_few", "rope_attention"},

	graph.OpExpertGateUp: {"(expert_matmul_swiglu_dot)", "(expert_matmul_swiglu_dot_q8)", "expert_gate_up"},
	graph.OpExpertDown: {
		"expert_down_dot", "expert_down_dot_q8", // one row
		"(expert_matmul_dot)", "(expert_matmul_dot_q8)",
		"expert_down_cpu", "expert_down",
	},
	graph.OpRouteGateUp: {"expert_route_gate_up_q8", "expert_route_gate_up_cpu", "expert_route_gate_up"},
	graph.OpExpertMatMul: {
		"expert_matmul_dot", "expert_matmul_dot_q8", // to 64 rows
		"expert_matmul_fragment", "expert_matmul_coop_few", "expert_matmul_coop_tall", "expert_matmul_coop",
		"expert_matmul_half", "expert_matmul",
	},
	graph.OpExpertMatMulSwiGLU: {
		"expert_matmul_swiglu_dot", "expert_matmul_swiglu_dot_q8", // to 64 rows
		"expert_matmul_swiglu_fragment", "expert_matmul_swiglu_coop16_few", "expert_matmul_swiglu_coop16_tall", "expert_matmul_swiglu_coop16",
		"expert_matmul_swiglu_half16", "expert_matmul_swiglu",
	},
	graph.OpExpertNormSwiGLU: {"expert_norm_swiglu_fragment", "expert_norm_swiglu_q8", "expert_norm_swiglu"},
	graph.OpRouteSwiGLU:      {"expert_route_swiglu_fragment"},
	graph.OpExpertCombine:    {"expert_combine_few", "expert_combine"},
	graph.OpExpertDownGroup:  {"expert_down_group_fragment"},
}
