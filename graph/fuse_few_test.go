package graph

import (
	"testing"

	"moeflow/gguf/quant"
)

// fewBlock is a router and its experts. counted has something else read the choice
// before the experts do.
type fewBlock struct {
	x, norm, router, gate, up, down, counts TensorID
	counted                                 bool
}

func (b fewBlock) Infer(s *Scope) error {
	return inferRows(s, b.x, b.norm, b.router, b.gate, b.up, b.down, b.counts)
}

func (b fewBlock) Lower(e *Emitter) {
	rows := e.Rows()
	x, h, logits := e.Temp("res", quant.F32, 32, rows), e.Temp("norm", quant.F32, 32, rows), e.Temp("logits", quant.F32, 8, rows)
	ids, weights := e.Temp("ids", quant.U32, 2, rows), e.Temp("weights", quant.F32, 2, rows)
	e.Call(OpGather, Args{e.Step(), b.x, x}, 32)
	e.Call(OpRMSNorm, Args{e.Step(), x, b.norm, h}, 32, StepRows, 1e-6)
	e.Call(OpLinear, Args{e.Step(), b.router, h, NoTensor, logits}, 32, 8, StepRows)
	e.Call(OpTopK, Args{e.Step(), logits, ids, weights}, 8, 2, 1, 1)
	if b.counted {
		e.Call(OpExpertCount, Args{e.Step(), ids, b.counts}, 8, 2, 0)
	}
	mixture{h, ids, weights, b.gate, b.up, b.down}.experts(e, x)
}

// fewKernels has kernels that are meant for 2 to 64 rows, less those named, and
// what runs everywhere, but none of experts that choose by themselves.
type fewKernels string

func (c fewKernels) Lookup(k Kernel) (KernelInfo, bool) {
	info, few := KernelInfo{Local: 64}, [2]uint32{2, 64}
	if k.Op.String() == string(c) {
		return info, k.Op == OpGroupedGEMMSwiGLU || k.Op == OpGroupedGEMM
	}
	switch k.Op {
	case OpTopKGroupedSwiGLU:
		return info, false
	case OpNormLinear:
		info.Rows = [2]uint32{1, 64}
	case OpExpertNormSwiGLU, OpTopKSort:
		info.Rows = few
	case OpTopKGateUp, OpTopKDown, OpTopKGateUpQ16, OpTopKDownQ16:
		info.Rows = [2]uint32{1, 1}
	case OpExpertGateUp, OpExpertDown:
		info.Order = []string{"few", ""} // they give way to the grouped ones
		return info, k.Variant == ""
	case OpGroupedGEMMSwiGLU, OpGroupedGEMM:
		if info.Order = []string{"few", ""}; k.Variant == "few" {
			info.Rows = few
		}
	}
	return info, true
}

func fewGraph(rows int, counted bool) *Graph {
	g := New("block", StepLayout{Rows: rows, Outs: 1, Pages: 1})
	in := func(name string, role Role, s ...uint64) TensorID {
		return g.Tensor(Tensor{Name: name, Shape: s, Type: quant.F32, Role: role})
	}
	g.Add(Node{Name: "block", Kind: "block", Layer: 0, Out: []string{"y"}, Stage: fewBlock{
		in("x", Input, 32, uint64(rows)), in("norm", Weight, 32), in("router", Weight, 32, 8), in("gate", Weight, 32, 64, 8),
		in("up", Weight, 32, 64, 8), in("down", Weight, 64, 32, 8), in("counts", State, 8, 1), counted}})
	return g
}

// TestBlockOfFewRows: the norm goes into the products that read it, and the list
// of places is made by who chooses the experts, unless a kernel lacks or something
// reads the choice before.
func TestBlockOfFewRows(t *testing.T) {
	for _, c := range []struct {
		rows    int
		lacks   fewKernels
		counted bool
		want    string
	}{
		{2, "", false, "gather norm_linear topk_sort expert_norm_swiglu grouped_gemm expert_combine"},
		{64, "", false, "gather norm_linear topk_sort expert_norm_swiglu grouped_gemm expert_combine"},
		{8, "", true, "gather norm_linear top_k expert_count moe_sort expert_norm_swiglu grouped_gemm expert_combine"},
		{8, "topk_sort", false, "gather norm_linear top_k moe_sort expert_norm_swiglu grouped_gemm expert_combine"},
		{8, "expert_norm_swiglu", false, "gather rms_norm linear topk_sort grouped_gemm_swiglu grouped_gemm expert_combine"},
		{8, "norm_linear", false, "gather rms_norm linear topk_sort grouped_gemm_swiglu grouped_gemm expert_combine"},
		{8, "grouped_gemm", false, "gather norm_linear topk_sort expert_norm_swiglu expert_down"},
		{1, "", false, "gather norm_linear topk_gate_up_q16 topk_down_q16"},
		{65, "", false, "gather rms_norm linear top_k moe_sort grouped_gemm_swiglu grouped_gemm expert_combine"},
	} {
		p, err := Compile(fewGraph(c.rows, c.counted), Options{Kernels: c.lacks})
		if err != nil {
			t.Fatal(err)
		}
		got := opNames(p.Dispatches)
		if got != c.want {
			t.Errorf("%d rows, without %q, counted %v:\n got %s\nwant %s", c.rows, c.lacks, c.counted, got, c.want)
		}
	}
}
