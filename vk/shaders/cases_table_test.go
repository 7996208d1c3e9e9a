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
	graph.OpEmbed:             embedCases,
	graph.OpRMSNorm:           rmsNormCases,
	graph.OpRMSNormF16:        rmsNormF16Cases,
	graph.OpLinear:            linearCases,
	graph.OpRopeStore:         ropeStoreCases,
	graph.OpAttention:         attentionCases,
	graph.OpAttentionSplitKV:  attentionSplitKVCases,
	graph.OpTopK:              topKCases,
	graph.OpExpertLinear:      expertLinearCases,
	graph.OpSwiGLU:            swiGLUCases,
	graph.OpExpertGateUp:      gateUpCases,
	graph.OpExpertDown:        expertDownCases,
	graph.OpRouterAbsorbed:    routerAbsorbedCases,
	graph.OpAbsorbRouter:      absorbRouterCases,
	graph.OpMoESort:           moeSortCases,
	graph.OpGroupedGEMM:       groupedGEMMCases,
	graph.OpGroupedGEMMSwiGLU: groupedGEMMSwiGLUCases,
	graph.OpExpertNormSwiGLU:  expertNormSwiGLUCases,
	graph.OpTopKGroupedSwiGLU: topKGroupedSwiGLUCases,
	graph.OpTopKSort:          topKSortCases,
	graph.OpTopKSortAbsorbed:  topKSortAbsorbedCases,
	graph.OpExpertCombine:     expertCombineCases,
	graph.OpExpertDownGroup:   expertDownGroupCases,
	graph.OpExpertCount:       expertCountCases,
	graph.OpGather:            gatherCases,
	graph.OpArgMax:            argMaxCases,
	graph.OpArgMaxPartial:     argMaxPartialCases,
	graph.OpArgMaxFinal:       argMaxFinalCases,
	graph.OpSamplePartials:    samplePartialsCases,
	graph.OpSampleDraw:        sampleDrawCases,
}
