package ref

import (
	"math"

	"moeflow/graph"
)

// Operations that are others in one dispatch: each runs what it is made of.

// with is the call with other arguments and parameters.
func (c *call) with(args []*value, params ...uint32) *call {
	return &call{args: args, params: params, step: c.step}
}

// temp is memory for what a fused operation never stores: like, of n elements.
func temp(like *value, n int) *value { return &value{t: like.t, floats: make([]float64, n)} }

// normMatVec is rms_norm and matvec.
func normMatVec(c *call) error {
	step, x, norm, w, y := c.args[0], c.args[1], c.args[2], c.args[3], c.args[4]
	k, n, active, eps := c.params[0], c.params[1], c.params[2], c.params[3]
	h := temp(x, len(x.floats))
	if err := rmsNorm(c.with([]*value{step, x, norm, h}, k, active, eps)); err != nil {
		return err
	}
	return matVec(c.with([]*value{step, w, h, nil, y}, k, n, active))
}

// routeGateUp is rms_norm, top_k and expert_gate_up.
func routeGateUp(c *call) error {
	step, x, norm, logits, gate, up := c.args[0], c.args[1], c.args[2], c.args[3], c.args[4], c.args[5]
	ids, weights, y := c.args[6], c.args[7], c.args[8]
	k, n, experts, slots, renormalize, eps, scale := c.params[0], c.params[1], c.params[2], c.params[3], c.params[4], c.params[5], c.params[6]
	if renormalize == graph.RenormalizeAhead {
		logits, renormalize = c.whole(x, logits, int(k), int(experts), c.float(5)), 1
	}
	if err := topK(c.with([]*value{step, logits, ids, weights}, experts, slots, renormalize, scale)); err != nil {
		return err
	}
	h := temp(x, len(x.floats))
	if err := rmsNorm(c.with([]*value{step, x, norm, h}, k, 0, eps)); err != nil {
		return err
	}
	return expertGateUp(c.with([]*value{step, gate, up, h, ids, y}, k, n, slots))
}

// routeDown is top_k, for its ids, and expert_down.
func routeDown(c *call) error {
	step, w, h, logits, weights, res, y := c.args[0], c.args[1], c.args[2], c.args[3], c.args[4], c.args[5], c.args[6]
	k, n, experts, slots := c.params[0], c.params[1], c.params[2], c.params[3]
	places := len(h.floats) / int(k)
	ids, unused := &value{t: logits.t, words: make([]uint32, places)}, temp(logits, places)
	if err := topK(c.with([]*value{step, logits, ids, unused}, experts, slots, 1, math.Float32bits(1))); err != nil {
		return err
	}
	return expertDown(c.with([]*value{step, w, h, ids, weights, res, y}, k, n, slots))
}

// routeGateUpFixed is routeGateUp, its outputs rounded to fixed point.
func routeGateUpFixed(c *call) error {
	out, n := c.args[8], c.uint(1)*c.uint(3)
	words := int(graph.FixedWords(uint64(n)))
	args := append([]*value(nil), c.args...)
	args[8] = temp(c.args[1], len(out.words)/words*n)
	if err := routeGateUp(c.with(args, c.params...)); err != nil {
		return err
	}
	for r := range c.step.rows {
		graph.PutFixed(out.words[r*words:(r+1)*words], args[8].floats[r*n:(r+1)*n])
	}
	return nil
}

// routeDownFixed is routeDown of activations in fixed point.
func routeDownFixed(c *call) error {
	in, n := c.args[2], c.uint(0)*c.uint(3)
	words := int(graph.FixedWords(uint64(n)))
	args := append([]*value(nil), c.args...)
	args[2] = temp(c.args[6], 0)
	for r := range len(in.words) / words {
		args[2].floats = append(args[2].floats, graph.Fixed(in.words[r*words:(r+1)*words], n)...)
	}
	return routeDown(c.with(args, c.params...))
}

// routerAhead is the router's product of a row before attention with its norm's
// weights, and the product of what attention gave with the folded matrix.
func routerAhead(c *call) error {
	step, x, norm, w, a, fold, y := c.args[0], c.args[1], c.args[2], c.args[3], c.args[4], c.args[5], c.args[6]
	k, n, j := c.params[0], c.params[1], c.params[2]
	h, part := temp(x, len(x.floats)), temp(y, len(y.floats))
	nf, err := norm.all()
	if err != nil {
		return err
	}
	for i, v := range x.floats {
		h.floats[i] = v * nf[i%int(k)]
	}
	if err := matVec(c.with([]*value{step, w, h, nil, part}, k, n, graph.StepRows)); err != nil {
		return err
	}
	return matVec(c.with([]*value{step, fold, a, part, y}, j, n, graph.StepRows))
}

// routerFold multiplies a router's matrix, its norm's weights and an output
// matrix.
func routerFold(c *call) error {
	w, norm, o, fold := c.args[1], c.args[2], c.args[3], c.args[4]
	k, n, experts := c.uint(0), c.uint(1), c.uint(2)
	wf, err := w.all()
	if err != nil {
		return err
	}
	of, err := o.all()
	if err != nil {
		return err
	}
	nf, err := norm.all()
	if err != nil {
		return err
	}
	clear(fold.floats)
	return parallel(experts, func(e int) error {
		for i := range n {
			f := wf[e*n+i] * nf[i]
			for j, v := range of[i*k : (i+1)*k] {
				fold.floats[e*k+j] += f * v
			}
		}
		return nil
	})
}

// ropeAttention is rope_store and attention.
func ropeAttention(c *call) error {
	step, q, y := c.args[0], c.args[1], c.args[10]
	turned := temp(q, len(q.floats))
	copy(turned.floats, q.floats)
	if err := ropeStore(c.with([]*value{step, turned, c.args[2], c.args[3], c.args[4], c.args[5], c.args[6], c.args[7], c.args[8]}, c.params...)); err != nil {
		return err
	}
	heads, kvHeads, d, page := c.params[0], c.params[1], c.params[2], c.params[4]
	scale := math.Float32bits(float32(1 / math.Sqrt(float64(d))))
	return attention(c.with([]*value{step, turned, c.args[7], c.args[8], y}, heads, kvHeads, d, page, scale))
}

// expertNormSwiGLU is rms_norm and expert_matmul_swiglu.
func expertNormSwiGLU(c *call) error {
	step, x, norm, gate, up, groups, y := c.args[0], c.args[1], c.args[2], c.args[3], c.args[4], c.args[5], c.args[6]
	h := temp(x, len(x.floats))
	if err := rmsNorm(c.with([]*value{step, x, norm, h}, c.params[0], graph.StepRows, c.params[4])); err != nil {
		return err
	}
	return expertMatMulSwiGLU(c.with([]*value{step, gate, up, h, groups, y}, c.params[:4]...))
}

// routeSwiGLU is top_k and expert_group, for their groups, and expertNormSwiGLU.
func routeSwiGLU(c *call) error {
	step, x, norm, gate, up, logits, y := c.args[0], c.args[1], c.args[2], c.args[3], c.args[4], c.args[5], c.args[6]
	k, n, experts, slots, eps := c.params[0], c.params[1], c.params[2], c.params[3], c.params[4]
	places := len(x.floats) / int(k) * int(slots)
	layout := graph.NewGroups(uint64(experts), uint64(slots), uint64(places)/uint64(slots))
	ids, unused := &value{t: logits.t, words: make([]uint32, places)}, temp(logits, places)
	groups := &value{t: logits.t, words: make([]uint32, layout.Words())}
	tiles := uint32(layout.Tiles)
	if err := topKGroup(c.with([]*value{step, logits, ids, unused, groups}, experts, slots, 1, math.Float32bits(1), graph.GroupTile, tiles)); err != nil {
		return err
	}
	return expertNormSwiGLU(c.with([]*value{step, x, norm, gate, up, groups, y}, k, n, tiles, slots, eps))
}

// topKGroup is top_k and expert_group.
func topKGroup(c *call) error {
	step, logits, ids, weights, groups := c.args[0], c.args[1], c.args[2], c.args[3], c.args[4]
	if err := topK(c.with([]*value{step, logits, ids, weights}, c.params[:4]...)); err != nil {
		return err
	}
	return expertGroup(c.with([]*value{step, ids, groups}, c.params[0], c.params[1], c.params[4], c.params[5]))
}

// whole is logits that routerAhead made, with the factor of x's norm.
func (c *call) whole(x, logits *value, k, experts int, eps float64) *value {
	out := temp(logits, len(logits.floats))
	for r := range c.step.rows {
		factor := rmsFactor(x.floats[r*k:(r+1)*k], eps)
		for e := r * experts; e < (r+1)*experts; e++ {
			out.floats[e] = factor * logits.floats[e]
		}
	}
	return out
}

// topKGroupAhead is top_k_group of whole logits.
func topKGroupAhead(c *call) error {
	step, logits, x, ids, weights, groups := c.args[0], c.args[1], c.args[2], c.args[3], c.args[4], c.args[5]
	experts, topK, scale, tile, tiles, k := c.params[0], c.params[1], c.params[2], c.params[3], c.params[4], c.params[5]
	logits = c.whole(x, logits, int(k), int(experts), c.float(6))
	return topKGroup(c.with([]*value{step, logits, ids, weights, groups}, experts, topK, 1, scale, tile, tiles))
}
