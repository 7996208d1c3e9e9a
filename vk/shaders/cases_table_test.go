package shaders_test

import (
	"maps"

	"moeflow/graph"
)

// casesOf makes the cases of a kernel, by operation.
type casesOf map[graph.Op]func(graph.Kernel) []testCase

// cases are those of all operations. A kernel whose operation has none fails the test.
var cases = union(otherCases, fusedCases)

func union(all ...casesOf) casesOf {
	out := casesOf{}
	for _, some := range all {
		maps.Copy(out, some)
	}
	return out
}

// otherCases are those of operations that are not listed beside their cases.
var otherCases = casesOf{
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
	graph.OpRouterAhead:        routerAheadCases,
	graph.OpRouterFold:         routerFoldCases,
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
	graph.OpSamplePartials:     samplePartialsCases,
	graph.OpSampleDraw:         sampleDrawCases,
}
