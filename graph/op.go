package graph

import "fmt"

// Op is one kind of dispatch. Its row in the table below is its whole contract:
// the order of the arguments (which is the order of the 64-bit addresses in the
// push constants), how each is accessed, which one's type selects the kernel,
// and the order of the 32-bit parameters that follow the addresses.
type Op uint16

// The operations. Shapes are in GGUF order (fastest axis first); R is the row
// count of the bucket. A row-wise op skips rows at or beyond the step's active
// count (see Step), so whatever lies in those rows is never read as a result.
const (
	OpNone Op = iota

	// OpEmbed: x[r] = table[token(r)], table {k, vocab}, x {k, R} F32.
	// token(r) is the step's token, or, where its FromSampled bit is set,
	// sampled[token & 0x7fffffff], with 0 for NoToken. Work {k, R}.
	OpEmbed
	// OpRMSNorm: y[r][i] = w[i]·x[r][i] / sqrt(mean_i(x[r][i]²) + eps),
	// x, y {n, R} F32, w {n} F32. Work {n, R}.
	OpRMSNorm
	// OpRMSNormHalf: OpRMSNorm, and half {n, R} F16 is y rounded, bounded by the
	// largest half. Work {n, R}.
	OpRMSNormHalf
	// OpMatVec: y[r][o] = res[r][o] + Σ_i w[o][i]·x[r][i], w {k, n}, x {k, R},
	// res and y {n, R}; res may be absent. Work {n, R}.
	OpMatVec
	// OpRopeStore: per head RMSNorm of q and k with the weights q_norm and
	// k_norm {d}, rotary embedding (NeoX pairing: i with i+rope_dim/2) by the
	// row's position, then k and v are written into the row's place in the kv
	// cache. q {d·heads, R} is rewritten in place; k, v {d·kv_heads, R}.
	// freqs {rope_dim/2, 2} F32 holds, for each pair, the rotation a position in
	// turns (1/2π of the angle) as a sum of two floats, high part first.
	// q_norm and k_norm may be absent. Work {heads + 2·kv_heads, R}.
	OpRopeStore
	// OpAttention: causal attention of each query row over its own sequence's
	// positions 0..pos(r), GQA: query head h reads kv head h/(heads/kv_heads).
	// y[r][h] = Σ_t softmax_t(scale·q·k_t)·v_t, q, y {d·heads, R} F32.
	// Work {heads, R}.
	OpAttention
	// OpAttentionSplit: OpAttention for few rows, the positions of a row shared
	// out to AttentionSlots workgroups a kv head. part {(d+2)·heads·
	// AttentionSlots, R} F32 is scratch; done {at least kv_heads·R} U32 is zero
	// before and after. d·heads/kv_heads is at most 2048 and heads/kv_heads at
	// most 16. Work {kv_heads·AttentionSlots, R}.
	OpAttentionSplit
	// OpTopK: p = softmax(logits[r]) over all experts, ids[r] the top_k largest
	// (ties: lowest index first) in falling order, weights[r] their p, divided
	// by their sum if norm is 1, times scale. logits {experts, R} F32, ids
	// {top_k, R} U32, weights {top_k, R} F32. Work {experts, R}.
	OpTopK
	// OpExpertMatVec: y[r][s][o] = Σ_i w[ids[r][s]][o][i]·x[r][i],
	// w {k, n, experts}, x {k, R}, y {n, top_k, R}. Work {n, top_k, R}.
	OpExpertMatVec
	// OpSwiGLU: y = silu(gate)·up elementwise, silu(a) = a/(1+exp(-a)),
	// all {n, R}. Work {n, R}.
	OpSwiGLU
	// OpExpertGateUp: OpExpertMatVec of gate and of up (one type) and OpSwiGLU
	// in one dispatch, y {n, top_k, R}. Work {n, top_k, R}.
	OpExpertGateUp
	// OpExpertDown: y[r][o] = res[r][o] + Σ_s weights[r][s] Σ_i
	// w[ids[r][s]][o][i]·h[r][s][i], w {k, n, experts}, h {k, top_k, R},
	// res, y {n, R}; res may be absent. Work {n, R}.
	OpExpertDown
	// OpNormMatVec: OpRMSNorm and OpMatVec without a residual in one dispatch:
	// y[r][o] = Σ_i w[o][i]·norm[i]·x[r][i] / sqrt(mean(x[r]²) + eps), w {k, n},
	// x {k, R}, norm {k}, y {n, R}. Work {n, R}.
	OpNormMatVec
	// OpRouteGateUp: OpRMSNorm, OpTopK and OpExpertGateUp in one dispatch,
	// x {k, R}, norm {k}, logits {experts, R}, y {n, top_k, R}; ids and weights
	// as OpTopK leaves them. renormalize may be RenormalizeAhead. Work
	// {n, top_k, R}.
	OpRouteGateUp
	// OpRouteDown: OpExpertDown that finds the ids itself, as OpTopK does from
	// logits {experts, R}. Work {n, R}.
	OpRouteDown
	// OpRouteGateUpFixed: OpRouteGateUp, y as 16-bit fixed point: see graph/fixed.go.
	// n is a multiple of 16. Work {n, top_k, R}.
	OpRouteGateUpFixed
	// OpRouteDownFixed: OpRouteDown, h as OpRouteGateUpFixed leaves it. Work {n, R}.
	OpRouteDownFixed
	// OpRouterAhead: the router's logits without the norm's factor and without the
	// attention's output matrix, whose product with the router is in fold:
	// y[r][e] = Σ_i w[e][i]·norm[i]·x[r][i] + Σ_j fold[e][j]·a[r][j], x {k, R} the
	// row before attention, a {j, R} what attention gave, norm {k}, w {k, n},
	// fold {j, n}, y {n, R}. Work {n, R}.
	OpRouterAhead
	// OpRouterFold: fold[e][j] = Σ_i w[e][i]·norm[i]·o[i][j], o {k, n}, w {n, experts},
	// norm {n}, fold {k, experts} F32. It reads weights alone and is run once, before
	// any step (Plan.Prepare). Work {k, experts}.
	OpRouterFold
	// OpRopeAttention: OpRopeStore and OpAttentionSplit in one dispatch, with the
	// scale 1/√head_dim. part is State: AttentionCounters words, zero before and
	// after, then scratch of (d+2)·heads·AttentionSlots floats a row.
	// Work {kv_heads·AttentionSlots, R}.
	OpRopeAttention
	// OpExpertGroup: groups (see graph/groups.go) lists the active rows' places,
	// row·top_k + slot, by expert and then rising, and cuts each expert's list
	// into tiles of at most tile places. ids {top_k, R}. Work {experts}.
	OpExpertGroup
	// OpExpertMatMul: y[p][o] = Σ_i w[e(p)][o][i]·x[p/share][i] for every place p
	// of the groups, e(p) being its expert; w {k, n, experts}, x {k, rows}, y
	// {n, top_k, R}. Work {n, tiles}.
	OpExpertMatMul
	// OpExpertMatMulSwiGLU: OpExpertMatMul of gate and of up (one type) and
	// OpSwiGLU in one dispatch. Work {n, tiles}.
	OpExpertMatMulSwiGLU
	// OpExpertNormSwiGLU: OpRMSNorm of the step's rows and OpExpertMatMulSwiGLU in
	// one dispatch, x {k, rows}, norm {k}. y may be F16, bounded by the largest
	// half. Work {n, tiles}.
	OpExpertNormSwiGLU
	// OpRouteSwiGLU: OpExpertNormSwiGLU that finds the groups itself, as OpTopKGroup
	// does from logits {experts, R}; share is top_k. Work {n}.
	OpRouteSwiGLU
	// OpTopKGroup: OpTopK and OpExpertGroup in one dispatch. Work {experts, R}.
	OpTopKGroup
	// OpTopKGroupAhead: OpTopKGroup with norm 1 of logits that OpRouterAhead made, which
	// lack the factor 1/sqrt(mean(x[r]²) + eps), x {k, R}. Work {experts, R}.
	OpTopKGroupAhead
	// OpExpertCombine: y[r][o] = res[r][o] + Σ_s weights[r][s]·x[r][s][o], added
	// in the order of the slots, x {n, top_k, R}, res, y {n, R}; res may be
	// absent. Work {n, R}.
	OpExpertCombine
	// OpExpertDownGroup: OpExpertMatMul and OpExpertCombine in one dispatch, for few
	// rows: y[r][o] = res[r][o] + Σ_s weights[r][s]·Σ_i w[e(p)][o][i]·h[p][i] with
	// p = r·top_k + s; w {k, n, experts}, h {k, top_k, R}, groups as OpExpertGroup
	// leaves it. h may be F16. Work {n}.
	OpExpertDownGroup
	// OpExpertCount: counts[layer][e] += how many of the active rows' slots chose
	// expert e, modulo 2³². ids {top_k, R}, counts {experts, layers}. Work
	// {top_k, R}.
	OpExpertCount
	// OpGather: y[j] = x[out(j)], the rows whose logits are wanted; x {n, R},
	// y {n, O}. Work {n, O}.
	OpGather
	// OpArgMax: sampled[slot] = index of the largest logits[j] (ties: lowest), or
	// NoToken, slot being that of output j's row, logits {n, O} F32, sampled {slots} U32. Work {n, O}.
	OpArgMax
	// OpArgMaxShares: shares[j][p] = the largest of the p-th ArgMaxShare logits[j],
	// as the bits of a float, and its index (ties: lowest); where there is none
	// NoToken, and plus infinity if one is NaN or that, or else minus infinity. logits {n, O} F32, shares {2, P, O}
	// U32, P being n/ArgMaxShare rounded up. Work {n, O}.
	OpArgMaxShares
	// OpArgMaxJoin: OpArgMax of what OpArgMaxShares left of n logits. Work {n, O}.
	OpArgMaxJoin

	opCount
)

// AttentionSlots is how many workgroups share out a row's positions in
// OpAttentionSplit.
const AttentionSlots = 32

// AttentionCounters is how many words of counters stand before OpRopeAttention's
// scratch memory.
const AttentionCounters = 1024

// ArgMaxShare is how many logits a workgroup of OpArgMaxShares looks at.
const ArgMaxShare = 4096

// RenormalizeAhead as OpRouteGateUp's renormalize is 1 for logits that
// OpRouterAhead made: they lack the factor 1/rms(x), which changes no choice but
// the weights.
const RenormalizeAhead = 2

// Access tells how a dispatch uses an argument.
type Access uint8

const (
	Read      Access = 1
	Write     Access = 2
	ReadWrite Access = Read | Write
)

type argSpec struct {
	name     string
	access   Access
	key      bool // its type selects the kernel
	optional bool // may be NoTensor; the address is then 0
	scratch  bool // written and read within the dispatch; its contents mean nothing after
}

type opInfo struct {
	name   string
	args   []argSpec
	params []string // suffix :f marks a float32
}

// ops is the table. Arguments: "name:r", ":w" or ":rw"; * marks the one whose
// type selects the kernel; a trailing ? marks an optional one. The parameter
// "active" is the word of the step's header that holds the row count.
var ops = [opCount]opInfo{
	OpEmbed:              op("embed", "step:r sampled:r *table:r x:w", "k"),
	OpRMSNorm:            op("rms_norm", "step:r *x:r w:r y:w", "n active eps:f"),
	OpRMSNormHalf:        op("rms_norm_half", "step:r *x:r w:r y:w half:w", "n active eps:f"),
	OpMatVec:             op("matvec", "step:r *w:r x:r res:r? y:w", "k n active"),
	OpRopeStore:          op("rope_store", "step:r q:rw k:r v:r q_norm:r? k_norm:r? freqs:r *k_cache:rw v_cache:rw", "heads kv_heads head_dim rope_dim page_size eps:f"),
	OpAttention:          op("attention", "step:r q:r *k_cache:r v_cache:r y:w", "heads kv_heads head_dim page_size scale:f"),
	OpAttentionSplit:     op("attention_split", "step:r q:r *k_cache:r v_cache:r part:s done:rw y:w", "heads kv_heads head_dim page_size scale:f"),
	OpTopK:               op("top_k", "step:r *logits:r ids:w weights:w", "experts top_k norm scale:f"),
	OpExpertMatVec:       op("expert_matvec", "step:r *w:r x:r ids:r y:w", "k n top_k"),
	OpSwiGLU:             op("swiglu", "step:r *gate:r up:r y:w", "n"),
	OpExpertGateUp:       op("expert_gate_up", "step:r *gate:r up:r x:r ids:r y:w", "k n top_k"),
	OpExpertDown:         op("expert_down", "step:r *w:r h:r ids:r weights:r res:r? y:w", "k n top_k"),
	OpNormMatVec:         op("norm_matvec", "step:r x:r norm:r *w:r y:w", "k n active eps:f"),
	OpRouteGateUp:        op("expert_route_gate_up", "step:r x:r norm:r logits:r *gate:r up:r ids:w weights:w y:w", "k n experts top_k renormalize eps:f scale:f"),
	OpRouteDown:          op("expert_route_down", "step:r *w:r h:r logits:r weights:r res:r? y:w", "k n experts top_k"),
	OpRouteGateUpFixed:   op("expert_route_gate_up_fixed", "step:r x:r norm:r logits:r *gate:r up:r ids:w weights:w y:w", "k n experts top_k renormalize eps:f scale:f"),
	OpRouteDownFixed:     op("expert_route_down_fixed", "step:r *w:r h:r logits:r weights:r res:r? y:w", "k n experts top_k"),
	OpRouterAhead:        op("router_ahead", "step:r x:r norm:r *w:r a:r fold:r y:w", "k n j"),
	OpRouterFold:         op("router_fold", "step:r w:r norm:r *o:r fold:w", "k n experts"),
	OpRopeAttention:      op("rope_attention", "step:r q:r k:r v:r q_norm:r? k_norm:r? freqs:r *k_cache:rw v_cache:rw part:s y:w", "heads kv_heads head_dim rope_dim page_size eps:f"),
	OpExpertGroup:        op("expert_group", "step:r *ids:r groups:w", "experts top_k tile tiles"),
	OpExpertMatMul:       op("expert_matmul", "step:r *w:r x:r groups:r y:w", "k n tiles share"),
	OpExpertMatMulSwiGLU: op("expert_matmul_swiglu", "step:r *gate:r up:r x:r groups:r y:w", "k n tiles share"),
	OpExpertNormSwiGLU:   op("expert_norm_swiglu", "step:r x:r norm:r *gate:r up:r groups:r y:w", "k n tiles share eps:f"),
	OpRouteSwiGLU:        op("expert_route_swiglu", "step:r x:r norm:r *gate:r up:r logits:r y:w", "k n experts top_k eps:f"),
	OpTopKGroup:          op("top_k_group", "step:r *logits:r ids:w weights:w groups:w", "experts top_k norm scale:f tile tiles"),
	OpTopKGroupAhead:     op("top_k_group_ahead", "step:r *logits:r x:r ids:w weights:w groups:w", "experts top_k scale:f tile tiles k eps:f"),
	OpExpertCombine:      op("expert_combine", "step:r *x:r weights:r res:r? y:w", "n top_k"),
	OpExpertDownGroup:    op("expert_down_group", "step:r *w:r h:r groups:r weights:r res:r? y:w", "k n tiles top_k"),
	OpExpertCount:        op("expert_count", "step:r *ids:r counts:rw", "experts top_k layer"),
	OpGather:             op("gather", "step:r *x:r y:w", "n"),
	OpArgMax:             op("argmax", "step:r *logits:r sampled:w", "n"),
	OpArgMaxShares:       op("argmax_shares", "step:r *logits:r shares:w", "n"),
	OpArgMaxJoin:         op("argmax_join", "step:r *shares:r sampled:w", "n"),
}

// String returns the op's name, which is also its kernel's file name.
func (o Op) String() string {
	if o == OpNone || o >= opCount {
		return fmt.Sprintf("op(%d)", uint16(o))
	}
	return ops[o].name
}

// Ops lists every operation.
func Ops() []Op {
	out := make([]Op, 0, opCount-1)
	for o := OpNone + 1; o < opCount; o++ {
		out = append(out, o)
	}
	return out
}

// ParseOp finds an operation by its name.
func ParseOp(name string) (Op, bool) {
	for _, o := range Ops() {
		if ops[o].name == name {
			return o, true
		}
	}
	return OpNone, false
}

// ArgNames returns the op's argument names in push-constant order.
func (o Op) ArgNames() []string {
	out := make([]string, len(ops[o].args))
	for i, a := range ops[o].args {
		out[i] = a.name
	}
	return out
}

// Access returns how argument i is used.
func (o Op) Access(i int) Access { return ops[o].args[i].access }

// Scratch tells whether argument i is memory whose contents mean nothing after
// the dispatch.
func (o Op) Scratch(i int) bool { return ops[o].args[i].scratch }

// Optional tells whether argument i may be absent.
func (o Op) Optional(i int) bool { return ops[o].args[i].optional }

// KeyArg returns the index of the argument whose type selects the kernel.
func (o Op) KeyArg() int {
	for i, a := range ops[o].args {
		if a.key {
			return i
		}
	}
	return 0
}

// Param is one 32-bit parameter of an op.
type Param struct {
	Name  string
	Float bool // float32 bits; otherwise uint32
}

// Params returns the op's parameters in push-constant order.
func (o Op) Params() []Param {
	out := make([]Param, len(ops[o].params))
	for i, p := range ops[o].params {
		out[i] = parseParam(p)
	}
	return out
}
