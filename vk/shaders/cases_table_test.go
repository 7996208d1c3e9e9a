package shaders_test

import "moeflow/graph"

// cases makes the cases of a kernel, by operation. A kernel whose operation has
// none fails the test.
var cases = map[graph.Op]func(graph.Kernel) []testCase{
	graph.OpEmbed:              embedCases,
	graph.OpRMSNorm:            rmsNormCases,
	graph.OpRMSNormHalf:        rmsNormHalfCases,
	graph.OpMatVec:             matVecCases,
	graph.OpRopeStore:          ropeStoreCases,
	graph.OpAttention:          attentionCases,
	graph.OpAttentionSplit:     attentionSplitCases,
	graph.OpTopK:               topKCases,
	graph.OpExpertMatVec:       expertMatVecCases,
	graph.OpSwiGLU:             swiGLUCases,
	graph.OpExpertGateUp:       gateUpCases,
	graph.OpExpertDown:         expertDownCases,
	graph.OpNormMatVec:         normMatVecCases,
	graph.OpRouteGateUp:        routeGateUpCases,
	graph.OpRouteDown:          routeDownCases,
	graph.OpRouteGateUpFixed:   routeGateUpCases,
	graph.OpRouteDownFixed:     routeDownCases,
	graph.OpRouterAhead:        routerAheadCases,
	graph.OpRouterFold:         routerFoldCases,
	graph.OpRopeAttention:      ropeAttentionCases,
	graph.OpExpertGroup:        expertGroupCases,
	graph.OpExpertMatMul:       expertMatMulCases,
	graph.OpExpertMatMulSwiGLU: expertMatMulSwiGLUCases,
	graph.OpExpertNormSwiGLU:   expertNormSwiGLUCases,
	graph.OpRouteSwiGLU:        routeSwiGLUCases,
	graph.OpTopKGroup:          topKGroupCases,
	graph.OpTopKGroupAhead:     topKGroupAheadCases,
	graph.OpExpertCombine:      expertCombineCases,
	graph.OpExpertDownGroup:    expertDownGroupCases,
	graph.OpExpertCount:        expertCountCases,
	graph.OpGather:             gatherCases,
	graph.OpArgMax:             argMaxCases,
	graph.OpArgMaxShares:       argMaxSharesCases,
	graph.OpArgMaxJoin:         argMaxJoinCases,
}
