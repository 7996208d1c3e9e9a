package measure

import "moeflow/graph"

// dispatchFLOPs is how many operations the products of a dispatch are, a
// multiplication and an addition counted as two, in a step of rows rows of one
// sequence behind depth tokens, of which outs want logits. What is no product of
// matrices counts nothing; of attention, rows·keys and weights·values of the
// positions that each row sees.
func dispatchFLOPs(d *graph.Dispatch, rows, outs, depth, topK int) float64 {
	p := d.Params
	active := func(word uint32) float64 {
		if word == graph.StepOuts {
			return float64(outs)
		}
		return float64(rows)
	}
	product := func() float64 { return 2 * float64(p[0]) * float64(p[1]) }
	r, chosen := float64(rows), float64(rows*topK)
	switch d.Kernel.Op {
	case graph.OpMatVec, graph.OpNormMatVec:
		return product() * active(p[2])
	case graph.OpRouterAhead:
		return 2 * float64(p[1]) * float64(p[0]+p[2]) * r
	case graph.OpExpertMatVec, graph.OpExpertDown, graph.OpRouteDown, graph.OpRouteDownFixed, graph.OpExpertMatMul, graph.OpExpertDownGroup:
		return product() * chosen
	case graph.OpExpertGateUp, graph.OpRouteGateUp, graph.OpRouteGateUpFixed, graph.OpExpertMatMulSwiGLU, graph.OpExpertNormSwiGLU, graph.OpRouteSwiGLU:
		return 2 * product() * chosen
	case graph.OpAttention, graph.OpAttentionSplit, graph.OpRopeAttention:
		heads, dim := float64(p[0]), float64(p[2])
		return 4 * heads * dim * r * (float64(depth) + (r+1)/2)
	}
	return 0
}
