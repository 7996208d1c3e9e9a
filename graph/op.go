package graph

// Op is one kind of dispatch. Its row in the table ops is its whole contract:
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
	// sampled[token & 0x7fffffff], with 0 for NoToken.
	OpEmbed
	// OpRMSNorm: y[r][i] = w[i]·x[r][i] / sqrt(mean_i(x[r][i]²) + eps),
	// x, y {n, R} F32, w {n} F32.
	OpRMSNorm
	// OpRMSNormF16: OpRMSNorm, and y_f16 {n, R} F16 is y rounded, bounded by the
	// largest half.
	OpRMSNormF16
	// OpLinear: y[r][o] = res[r][o] + Σ_i w[o][i]·x[r][i], w {k, n}, x {k, R},
	// res and y {n, R}; res may be absent.
	OpLinear
	// OpRopeStore: per head RMSNorm of q and k with the weights q_norm and
	// k_norm {d}, rotary embedding (NeoX pairing: i with i+rope_dim/2) by the
	// row's position, then k and v are written into the row's place in the kv
	// cache. q {d·heads, R} is rewritten in place; k, v {d·kv_heads, R}.
	// freqs {rope_dim/2, 2} F32 holds, for each pair, the rotation a position in
	// turns (1/2π of the angle) as a sum of two floats, high part first.
	// q_norm and k_norm may be absent.
	OpRopeStore
	// OpAttention: causal attention of each query row over its own sequence's
	// positions 0..pos(r), GQA: query head h reads kv head h/(heads/kv_heads).
	// y[r][h] = Σ_t softmax_t(scale·q·k_t)·v_t, q, y {d·heads, R} F32.
	OpAttention
	// OpAttentionSplitKV: OpAttention for few rows, the positions of a row shared
	// out to AttentionSplits workgroups a kv head. part {(d+2)·heads·
	// AttentionSplits, R} F32 is scratch; done {at least kv_heads·R} U32 is zero
	// before and after. d·heads/kv_heads is at most 2048 and heads/kv_heads at
	// most 16.
	OpAttentionSplitKV
	// OpTopK: p = softmax(logits[r]) over all experts, ids[r] the top_k largest
	// (ties: lowest index first) in falling order, weights[r] their p, divided
	// by their sum if norm is 1, times scale. logits {experts, R} F32, ids
	// {top_k, R} U32, weights {top_k, R} F32.
	OpTopK
	// OpExpertLinear: y[r][s][o] = Σ_i w[ids[r][s]][o][i]·x[r][i],
	// w {k, n, experts}, x {k, R}, y {n, top_k, R}.
	OpExpertLinear
	// OpSwiGLU: y = silu(gate)·up elementwise, silu(a) = a/(1+exp(-a)),
	// all {n, R}.
	OpSwiGLU
	// OpExpertGateUp: OpExpertLinear of gate and of up (one type) and OpSwiGLU
	// in one dispatch, y {n, top_k, R}.
	OpExpertGateUp
	// OpExpertDown: y[r][o] = res[r][o] + Σ_s weights[r][s] Σ_i
	// w[ids[r][s]][o][i]·h[r][s][i], w {k, n, experts}, h {k, top_k, R},
	// res, y {n, R}; res may be absent.
	OpExpertDown
	// OpNormLinear: OpRMSNorm and OpLinear without a residual in one dispatch:
	// y[r][o] = Σ_i w[o][i]·norm[i]·x[r][i] / sqrt(mean(x[r]²) + eps), w {k, n},
	// x {k, R}, norm {k}, y {n, R}.
	OpNormLinear
	// OpTopKGateUp: OpRMSNorm, OpTopK and OpExpertGateUp in one dispatch,
	// x {k, R}, norm {k}, logits {experts, R}, y {n, top_k, R}; ids and weights
	// as OpTopK leaves them. renormalize may be RenormalizeAbsorbed.
	OpTopKGateUp
	// OpTopKDown: OpExpertDown that finds the ids itself, as OpTopK does from
	// logits {experts, R}.
	OpTopKDown
	// OpTopKGateUpQ16: OpTopKGateUp, y as 16-bit fixed point, as StoreQ16 writes it.
	// n is a multiple of 16.
	OpTopKGateUpQ16
	// OpTopKDownQ16: OpTopKDown, h as OpTopKGateUpQ16 leaves it.
	OpTopKDownQ16
	// OpRouterAbsorbed: the router's logits without the norm's factor and without the
	// attention's output matrix, whose product with the router is in fold:
	// y[r][e] = Σ_i w[e][i]·norm[i]·x[r][i] + Σ_j fold[e][j]·a[r][j], x {k, R} the
	// row before attention, a {j, R} what attention gave, norm {k}, w {k, n},
	// fold {j, n}, y {n, R}.
	OpRouterAbsorbed
	// OpAbsorbRouter: fold[e][j] = Σ_i w[e][i]·norm[i]·o[i][j], o {k, n}, w {n, experts},
	// norm {n}, fold {k, experts} F32. It reads weights alone and is run once, before
	// any step (Plan.Prepare).
	OpAbsorbRouter
	// OpRopeAttention: OpRopeStore and OpAttentionSplitKV in one dispatch, with the
	// scale 1/√head_dim. part is State: AttentionCounters words, zero before and
	// after, then scratch of (d+2)·heads·AttentionSplits floats a row.
	OpRopeAttention
	// OpMoESort: groups, laid out as Groups says, lists the active rows' places,
	// row·top_k + slot, by expert and then rising, and cuts each expert's list
	// into tiles of at most tile places. ids {top_k, R}.
	OpMoESort
	// OpGroupedGEMM: y[p][o] = Σ_i w[e(p)][o][i]·x[p/share][i] for every place p
	// of the groups, e(p) being its expert; w {k, n, experts}, x {k, rows}, y
	// {n, top_k, R}.
	OpGroupedGEMM
	// OpGroupedGEMMSwiGLU: OpGroupedGEMM of gate and of up (one type) and
	// OpSwiGLU in one dispatch.
	OpGroupedGEMMSwiGLU
	// OpExpertNormSwiGLU: OpRMSNorm of the step's rows and OpGroupedGEMMSwiGLU in
	// one dispatch, x {k, rows}, norm {k}. y may be F16, bounded by the largest
	// half.
	OpExpertNormSwiGLU
	// OpTopKGroupedSwiGLU: OpExpertNormSwiGLU that finds the groups itself, as OpTopKSort
	// does from logits {experts, R}; share is top_k.
	OpTopKGroupedSwiGLU
	// OpTopKSort: OpTopK and OpMoESort in one dispatch.
	OpTopKSort
	// OpTopKSortAbsorbed: OpTopKSort with norm 1 of logits that OpRouterAbsorbed made, which
	// lack the factor 1/sqrt(mean(x[r]²) + eps), x {k, R}.
	OpTopKSortAbsorbed
	// OpExpertCombine: y[r][o] = res[r][o] + Σ_s weights[r][s]·x[r][s][o], added
	// in the order of the slots, x {n, top_k, R}, res, y {n, R}; res may be
	// absent.
	OpExpertCombine
	// OpExpertDownGroup: OpGroupedGEMM and OpExpertCombine in one dispatch, for few
	// rows: y[r][o] = res[r][o] + Σ_s weights[r][s]·Σ_i w[e(p)][o][i]·h[p][i] with
	// p = r·top_k + s; w {k, n, experts}, h {k, top_k, R}, groups as OpMoESort
	// leaves it. h may be F16.
	OpExpertDownGroup
	// OpExpertCount: counts[layer][e] += how many of the active rows' slots chose
	// expert e, modulo 2³². ids {top_k, R}, counts {experts, layers}.
	OpExpertCount
	// OpGather: y[j] = x[out(j)], the rows whose logits are wanted; x {n, R},
	// y {n, O}.
	OpGather
	// OpArgMax: sampled[slot] = index of the largest logits[j] (ties: lowest), or
	// NoToken, slot being that of output j's row, logits {n, O} F32, sampled {slots} U32.
	OpArgMax
	// OpArgMaxPartial: partials[j][p] = the largest of the p-th ArgMaxPartialSize logits[j],
	// as the bits of a float, and its index (ties: lowest); where there is none
	// NoToken, and plus infinity if one is NaN or that, or else minus infinity. logits {n, O} F32, partials {2, P, O}
	// U32, P being n/ArgMaxPartialSize rounded up.
	OpArgMaxPartial
	// OpArgMaxFinal: OpArgMax of what OpArgMaxPartial left of n logits.
	OpArgMaxFinal
	// OpSamplePartials: what OpSampleDraw has to know of each ArgMaxPartialSize logits of
	// an output row, after mask, bias and penalties: see graph/sample.go. logits {n, O}
	// F32, sampling U32, mask {n/32 rounded up, O} U32, recent {SampleRecent, slots}
	// U32, partials {SamplePartialWords, P, O} U32, P being n/ArgMaxPartialSize rounded up.
	// What a row does not ask for is not written.
	OpSamplePartials
	// OpSampleDraw: sampled[slot] = recent[slot][position % SampleRecent] = the token
	// that stages/sample picks, or NoToken; position is the one after the row's.
	// probs {SampleProbsWords, O} U32: how many tokens the filters keep, 0 where all, and
	// log probabilities where they are wanted.
	OpSampleDraw
	// OpGatherNorm: OpRMSNorm of the rows whose logits are wanted: OpGather and
	// OpRMSNorm in one dispatch.
	OpGatherNorm

	// What follows has no kernels: only fused operations are made of it.

	// OpRouterScale: y[r] = logits[r], times 1/sqrt(mean(x[r]²) + eps) where
	// renormalize is RenormalizeAbsorbed.
	OpRouterScale
	// OpRowScale: y[r][i] = norm[i]·x[r][i].
	OpRowScale
	// OpToQ16: y is x as 16-bit fixed point, as StoreQ16 writes it.
	OpToQ16
	// OpFromQ16: y is the numbers that the fixed point x stands for.
	OpFromQ16

	opCount
)

// AttentionSplits is how many workgroups share out a row's positions in
// OpAttentionSplitKV.
const AttentionSplits = 32

// AttentionCounters is how many words of counters stand before OpRopeAttention's
// scratch memory.
const AttentionCounters = 1024

// ArgMaxPartialSize is how many logits a workgroup of OpArgMaxPartial looks at.
const ArgMaxPartialSize = 4096

// RenormalizeAbsorbed as OpTopKGateUp's renormalize is 1 for logits that
// OpRouterAbsorbed made: they lack the factor 1/rms(x), which changes no choice but
// the weights.
const RenormalizeAbsorbed = 2

// ops is the table, the one source of what an operation is.
//
// Arguments: "name:r", ":w" or ":rw", ":s" for scratch; a u behind that says that the
// elements are 32-bit words; * marks the one whose type selects the kernel, a ? that it
// may be absent, and {k,rows} gives its axes, the contiguous one first, the last one
// taking in all that follow. Axes are parameters, sums of products of them, or names
// that stand for what the arguments at hand have; "rows" is the rows of activations.
// The parameter "active" is the word of the step's header that counts the active ones.
//
// work is what there is to compute, as axes that a grid is laid over, and flops counts
// multiplications and additions: see FLOPs. An operation that fuses others lists them
// (of): names that are no arguments or parameters of its own are temporary.
var ops = [opCount]opInfo{
	OpEmbed:      op("embed", "step:r sampled:ru{slots} *table:r{k,vocab} x:w{k,rows}", "k").work("k rows"),
	OpRMSNorm:    op("rms_norm", "step:r *x:r{n,rows} w:r{n} y:w{n,rows}", "n active eps:f").work("n rows"),
	OpRMSNormF16: op("rms_norm_f16", "step:r *x:r{n,rows} w:r{n} y:w{n,rows} y_f16:w{n,rows}", "n active eps:f").work("n rows"),
	OpLinear:     op("linear", "step:r *w:r{k,n} x:r{k,rows} res:r?{n,rows} y:w{n,rows}", "k n active").work("n rows").flops("2*k*n*rows"),
	OpRopeStore: op("rope_store",
		"step:r q:rw{heads*head_dim,rows} k:r{kv_heads*head_dim,rows} v:r{kv_heads*head_dim,rows} q_norm:r?{head_dim} "+
			"k_norm:r?{head_dim} freqs:r{rope_dim} *k_cache:rw{kv_heads*head_dim,positions} "+
			"v_cache:rw{kv_heads*head_dim,positions}",
		"heads kv_heads head_dim rope_dim page_size eps:f").
		work("heads+2*kv_heads rows"),
	OpAttention: op("attention",
		"step:r q:r{heads*head_dim,rows} *k_cache:r{kv_heads*head_dim,positions} v_cache:r{kv_heads*head_dim,positions} "+
			"y:w{heads*head_dim,rows}",
		"heads kv_heads head_dim page_size scale:f").
		work("heads rows").flops("4*heads*head_dim*seen"),
	OpAttentionSplitKV: op("attention_splitkv",
		"step:r q:r{heads*head_dim,rows} *k_cache:r{kv_heads*head_dim,positions} v_cache:r{kv_heads*head_dim,positions} "+
			"part:s done:rwu y:w{heads*head_dim,rows}",
		"heads kv_heads head_dim page_size scale:f").
		work("kv_heads*splits rows").of(
		"attention(step q k_cache v_cache y | heads kv_heads head_dim page_size scale)"),
	OpTopK: op("top_k", "step:r *logits:r{experts,rows} ids:wu{top_k,rows} weights:w{top_k,rows}", "experts top_k norm scale:f").work("experts rows"),
	OpExpertLinear: op("expert_linear",
		"step:r *w:r{k,n,experts} x:r{k,rows} ids:ru{top_k,rows} y:w{n,top_k,rows}",
		"k n top_k").
		work("n top_k rows").flops("2*k*n*chosen"),
	OpSwiGLU: op("swiglu", "step:r *gate:r{n,rows} up:r{n,rows} y:w{n,rows}", "n").work("n rows"),
	OpExpertGateUp: op("expert_gate_up",
		"step:r *gate:r{k,n,experts} up:r{k,n,experts} x:r{k,rows} ids:ru{top_k,rows} y:w{n,top_k,rows}",
		"k n top_k").
		work("n top_k rows").of(
		"expert_linear(step up x ids u | k n top_k)",
		"expert_linear(step gate x ids g | k n top_k)",
		"swiglu(step g u y | n*top_k)"),
	OpExpertDown: op("expert_down",
		"step:r *w:r{k,n,experts} h:r{k,top_k,rows} ids:ru{top_k,rows} weights:r{top_k,rows} res:r?{n,rows} y:w{n,rows}",
		"k n top_k").
		work("n rows").flops("2*k*n*chosen"),
	OpNormLinear: op("norm_linear",
		"step:r x:r{k,rows} norm:r{k} *w:r{k,n} y:w{n,rows}",
		"k n active eps:f").
		work("n rows").of(
		"rms_norm(step x norm h | k active eps)",
		"linear(step w h - y | k n active)"),
	OpTopKGateUp: op("topk_gate_up",
		"step:r x:r{k,rows} norm:r{k} logits:r{experts,rows} *gate:r{k,n,experts} up:r{k,n,experts} ids:wu{top_k,rows} "+
			"weights:w{top_k,rows} y:w{n,top_k,rows}",
		"k n experts top_k renormalize eps:f scale:f").
		work("n top_k rows").of(
		"router_scale(step x logits whole | k experts eps renormalize)",
		"top_k(step whole ids weights | experts top_k renormalize scale)",
		"rms_norm(step x norm h | k 0 eps)",
		"expert_gate_up(step gate up h ids y | k n top_k)"),
	OpTopKDown: op("topk_down",
		"step:r *w:r{k,n,experts} h:r{k,top_k,rows} logits:r{experts,rows} weights:r{top_k,rows} res:r?{n,rows} "+
			"y:w{n,rows}",
		"k n experts top_k").
		work("n rows").of(
		"top_k(step logits ids unused | experts top_k 1 1)",
		"expert_down(step w h ids weights res y | k n top_k)"),
	OpTopKGateUpQ16: op("topk_gate_up_q16",
		"step:r x:r{k,rows} norm:r{k} logits:r{experts,rows} *gate:r{k,n,experts} up:r{k,n,experts} ids:wu{top_k,rows} "+
			"weights:w{top_k,rows} y:wu{10*n*top_k/16,rows}",
		"k n experts top_k renormalize eps:f scale:f").
		work("n top_k rows").of(
		"topk_gate_up(step x norm logits gate up ids weights h | k n experts top_k renormalize eps scale)",
		"to_q16(step h y | n*top_k)"),
	OpTopKDownQ16: op("topk_down_q16",
		"step:r *w:r{k,n,experts} h:ru{10*k*top_k/16,rows} logits:r{experts,rows} weights:r{top_k,rows} res:r?{n,rows} "+
			"y:w{n,rows}",
		"k n experts top_k").
		work("n rows").of(
		"from_q16(step h f | k*top_k)",
		"topk_down(step w f logits weights res y | k n experts top_k)"),
	OpRouterAbsorbed: op("router_absorbed",
		"step:r x:r{k,rows} norm:r{k} *w:r{k,n} a:r{j,rows} fold:r{j,n} y:w{n,rows}",
		"k n j").
		work("n rows").of(
		"row_scale(step x norm h | k)",
		"linear(step w h - part | k n 0)",
		"linear(step fold a part y | j n 0)"),
	OpAbsorbRouter: op("absorb_router", "step:r w:r{n,experts} norm:r{n} *o:r{k,n} fold:w{k,experts}", "k n experts").work("k experts").optional(),
	OpRopeAttention: op("rope_attention",
		"step:r q:r{heads*head_dim,rows} k:r{kv_heads*head_dim,rows} v:r{kv_heads*head_dim,rows} q_norm:r?{head_dim} "+
			"k_norm:r?{head_dim} freqs:r{rope_dim} *k_cache:rw{kv_heads*head_dim,positions} "+
			"v_cache:rw{kv_heads*head_dim,positions} part:su y:w{heads*head_dim,rows}",
		"heads kv_heads head_dim rope_dim page_size eps:f").
		work("kv_heads*splits rows").of(
		"rope_store(step q k v q_norm k_norm freqs k_cache v_cache | heads kv_heads head_dim rope_dim page_size eps)",
		"attention(step q k_cache v_cache y | heads kv_heads head_dim page_size rsqrt(head_dim))"),
	OpMoESort: op("moe_sort", "step:r *ids:ru{top_k,rows} groups:wu{4+3*tiles+top_k*rows}", "experts top_k tile tiles").work("experts"),
	OpGroupedGEMM: op("grouped_gemm",
		"step:r *w:r{k,n,experts} x:r{k,x_rows} groups:ru y:w{n,share*x_rows}",
		"k n tiles share").
		work("n tiles").flops("2*k*n*chosen"),
	OpGroupedGEMMSwiGLU: op("grouped_gemm_swiglu",
		"step:r *gate:r{k,n,experts} up:r{k,n,experts} x:r{k,x_rows} groups:ru y:w{n,share*x_rows}",
		"k n tiles share").
		work("n tiles").flops("4*k*n*chosen"),
	OpExpertNormSwiGLU: op("expert_norm_swiglu",
		"step:r x:r{k,rows} norm:r{k} *gate:r{k,n,experts} up:r{k,n,experts} groups:ru y:w{n,share*rows}",
		"k n tiles share eps:f").
		work("n tiles").of(
		"rms_norm(step x norm h | k 0 eps)",
		"grouped_gemm_swiglu(step gate up h groups y | k n tiles share)"),
	OpTopKGroupedSwiGLU: op("topk_grouped_swiglu",
		"step:r x:r{k,rows} norm:r{k} *gate:r{k,n,experts} up:r{k,n,experts} logits:r{experts,rows} y:w{n,top_k,rows}",
		"k n experts top_k eps:f").
		work("n").of(
		"topk_sort(step logits ids unused groups | experts top_k 1 1 group_tile tiles)",
		"expert_norm_swiglu(step x norm gate up groups y | k n tiles top_k eps)"),
	OpTopKSort: op("topk_sort",
		"step:r *logits:r{experts,rows} ids:wu{top_k,rows} weights:w{top_k,rows} groups:wu{4+3*tiles+top_k*rows}",
		"experts top_k norm scale:f tile tiles").
		work("experts rows").of(
		"top_k(step logits ids weights | experts top_k norm scale)",
		"moe_sort(step ids groups | experts top_k tile tiles)"),
	OpTopKSortAbsorbed: op("topk_sort_absorbed",
		"step:r *logits:r{experts,rows} x:r{k,rows} ids:wu{top_k,rows} weights:w{top_k,rows} "+
			"groups:wu{4+3*tiles+top_k*rows}",
		"experts top_k scale:f tile tiles k eps:f").
		work("experts rows").of(
		"router_scale(step x logits whole | k experts eps 2)",
		"topk_sort(step whole ids weights groups | experts top_k 1 scale tile tiles)"),
	OpExpertCombine: op("expert_combine", "step:r *x:r{n,top_k,rows} weights:r{top_k,rows} res:r?{n,rows} y:w{n,rows}", "n top_k").work("n rows"),
	OpExpertDownGroup: op("expert_down_group",
		"step:r *w:r{k,n,experts} h:r{k,top_k,rows} groups:ru weights:r{top_k,rows} res:r?{n,rows} y:w{n,rows}",
		"k n tiles top_k").
		work("n").of(
		"grouped_gemm(step w h groups slots | k n tiles 1)",
		"expert_combine(step slots weights res y | n top_k)"),
	OpExpertCount:   op("expert_count", "step:r *ids:ru{top_k,rows} counts:rwu{experts,layers}", "experts top_k layer").work("top_k rows"),
	OpGather:        op("gather", "step:r *x:r{n,x_rows} y:w{n,rows}", "n").work("n rows"),
	OpArgMax:        op("argmax", "step:r *logits:r{n,rows} sampled:wu{slots}", "n").work("n rows"),
	OpArgMaxPartial: op("argmax_partial", "step:r *logits:r{n,rows} partials:wu{2,partials,rows}", "n").work("n rows").optional(),
	OpArgMaxFinal:   op("argmax_final", "step:r *partials:ru{2,partials,rows} sampled:wu{slots}", "n").work("n rows").optional(),
	OpSamplePartials: op("sample_partials",
		"step:r sampling:ru{words} mask:ru?{mask,rows} *logits:r{n,rows} recent:ru{recent,slots} "+
			"partials:wu{partial,shares,rows}",
		"n").
		work("n rows"),
	OpSampleDraw: op("sample_draw",
		"step:r sampling:ru{words} mask:ru?{mask,rows} *logits:r{n,rows} partials:ru{partial,shares,rows} "+
			"recent:rwu{recent,slots} sampled:wu{slots} probs:wu{probs,rows}",
		"n").
		work("n rows"),
	OpGatherNorm: op("gather_norm",
		"step:r *x:r{n,x_rows} w:r{n} y:w{n,rows}",
		"n eps:f").
		work("n rows").of(
		"gather(step x h | n)",
		"rms_norm(step h w y | n 1 eps)"),

	OpRouterScale: op("router_scale",
		"step:r x:r{k,rows} *logits:r{experts,rows} y:w{experts,rows}",
		"k experts eps:f renormalize").
		work("experts rows").optional(),
	OpRowScale: op("row_scale", "step:r *x:r{k,rows} norm:r{k} y:w{k,rows}", "k").work("k rows").optional(),
	OpToQ16:    op("to_q16", "step:r *x:r{n,rows} y:wu{10*n/16,rows}", "n").work("n rows").optional(),
	OpFromQ16:  op("from_q16", "step:r *x:ru{10*n/16,rows} y:w{n,rows}", "n").work("n rows").optional(),
}
