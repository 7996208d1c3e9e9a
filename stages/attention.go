package stages

import (
	"math"

	"moeflow/gguf/quant"
	"moeflow/graph"
)

// Attention is one block's attention with its residual:
//
//	h = rms_norm(x)·attn_norm;  q, k, v = Wq·h, Wk·h, Wv·h
//	q, k normalized per head, rotated by position; k, v kept in the kv cache
//	out = x + Wo · softmax(q·Kᵀ/√d)·V
//
// (Qwen3 technical report, arXiv 2505.09388, section 2.) Its output is {n, R}.
type Attention struct {
	X              graph.TensorID // {n, R}
	Norm           graph.TensorID // attn_norm.weight {n}
	Q, K, V, O     graph.TensorID // weights
	QNorm, KNorm   graph.TensorID // {head_dim}, or NoTensor
	Freqs          graph.TensorID // {rope_dim/2, 2}: see graph.OpRopeStore
	KCache, VCache graph.TensorID // {head_dim·kv_heads, positions}, State
	Done           graph.TensorID // {at least kv_heads·R}, zeroed State: see graph.OpAttentionSplitKV
	Heads, KVHeads int
	HeadDim        int
	RopeDim        int
	PageSize       int
	Eps            float64
}

// Infer checks every weight against the head counts.
func (s Attention) Infer(sc *graph.Scope) error {
	x := sc.In(s.X)
	if len(x.Shape) != 2 {
		sc.Fail("tensor %s has shape %s, wanted {embedding, rows}", x.Name, x.Shape)
		return sc.Err()
	}
	n, d := x.Shape[0], uint64(s.HeadDim)
	q, kv := d*uint64(s.Heads), d*uint64(s.KVHeads)
	sc.Want(s.Norm, n)
	sc.WantType(s.Norm, quant.F32)
	sc.Want(s.Q, n, q)
	sc.Want(s.K, n, kv)
	sc.Want(s.V, n, kv)
	sc.Want(s.O, q, n)
	sc.Want(s.QNorm, d)
	sc.Want(s.KNorm, d)
	sc.Want(s.Freqs, uint64(s.RopeDim/2), 2)
	for _, id := range []graph.TensorID{s.QNorm, s.KNorm, s.Freqs} {
		sc.WantType(id, quant.F32)
	}
	sc.WantType(s.Done, quant.U32)
	if done := sc.In(s.Done); len(done.Shape) != 1 || done.Shape[0] < uint64(s.KVHeads)*sc.Rows() {
		sc.Fail("tensor %s has shape %s, wanted at least {%d}", done.Name, done.Shape, uint64(s.KVHeads)*sc.Rows())
	}
	for _, id := range []graph.TensorID{s.KCache, s.VCache} {
		c := sc.In(id)
		if len(c.Shape) != 2 || c.Shape[0] != kv || c.Shape[1]%uint64(s.PageSize) != 0 {
			sc.Fail("tensor %s has shape %s, wanted {%d, whole pages of %d}", c.Name, c.Shape, kv, s.PageSize)
		}
	}
	if kt := sc.In(s.KCache).Type; d%uint64(kt.BlockSize()) != 0 {
		sc.Fail("heads of %d elements do not fit a kv cache of type %s, whose blocks hold %d: choose kv_type f16", d, kt, kt.BlockSize())
	}
	sc.Out(0, graph.Activation, quant.F32, n, x.Shape[1])
	return sc.Err()
}

// Lower emits norm, the three projections, rope and store, attention and the
// output projection with the residual.
func (s Attention) Lower(e *graph.Emitter) {
	n, rows, d := e.Tensor(s.X).Shape[0], e.Rows(), uint64(s.HeadDim)
	nq, nkv := d*uint64(s.Heads), d*uint64(s.KVHeads)
	h := e.Temp("norm", quant.F32, n, rows)
	q, k, v := e.Temp("q", quant.F32, nq, rows), e.Temp("k", quant.F32, nkv, rows), e.Temp("v", quant.F32, nkv, rows)
	y := e.Temp("y", quant.F32, nq, rows)
	norm(e, s.X, s.Norm, h, graph.StepRows, s.Eps)
	linear(e, s.Q, h, graph.NoTensor, q, graph.StepRows)
	linear(e, s.K, h, graph.NoTensor, k, graph.StepRows)
	linear(e, s.V, h, graph.NoTensor, v, graph.StepRows)
	e.Call(graph.OpRopeStore,
		graph.Args{e.Step(), q, k, v, s.QNorm, s.KNorm, s.Freqs, s.KCache, s.VCache},
		float64(s.Heads), float64(s.KVHeads), float64(d), float64(s.RopeDim), float64(s.PageSize), s.Eps)
	s.attend(e, q, y)
	linear(e, s.O, y, s.X, e.Out(0), graph.StepRows)
}

// attend emits attention: for few rows the kernel that shares a row's positions
// out, where it serves the heads at hand.
func (s Attention) attend(e *graph.Emitter, q, y graph.TensorID) {
	rows, d, group := e.Rows(), uint64(s.HeadDim), uint64(s.Heads/s.KVHeads)
	params := []float64{float64(s.Heads), float64(s.KVHeads), float64(d), float64(s.PageSize), 1 / math.Sqrt(float64(d))}
	if rows > SplitRows || group > 16 || group*d > 2048 {
		e.Call(graph.OpAttention, graph.Args{e.Step(), q, s.KCache, s.VCache, y}, params...)
		return
	}
	part := e.Temp("part", quant.F32, (d+2)*uint64(s.Heads)*graph.AttentionSplits, rows)
	e.Call(graph.OpAttentionSplitKV, graph.Args{e.Step(), q, s.KCache, s.VCache, part, s.Done, y}, params...)
}

// SplitRows is the most rows of a step for which a row's positions are shared
// out to several workgroups; with more, the rows alone fill a device.
const SplitRows = 32

// norm emits y = rms_norm(x)·w over the active rows.
func norm(e *graph.Emitter, x, w, y graph.TensorID, active int, eps float64) {
	sh := e.Tensor(x).Shape
	e.Call(graph.OpRMSNorm, graph.Args{e.Step(), x, w, y}, float64(sh[0]), float64(active), eps)
}

// linear emits y = res + w·x over the active rows; res may be NoTensor.
func linear(e *graph.Emitter, w, x, res, y graph.TensorID, active int) {
	sh := e.Tensor(w).Shape
	e.Call(graph.OpLinear, graph.Args{e.Step(), w, x, res, y}, float64(sh[0]), float64(sh[1]), float64(active))
}
