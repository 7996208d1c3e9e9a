package graph

import "moeflow/gguf/quant"

// fuseDownGroup joins the second product of grouped experts and the sum over a
// row's slots, for steps of few rows: expert_matmul and expert_combine become
// expert_down_group, and what the first half of the experts gives is kept as
// halves. It applies where there are kernels for both halves.
func fuseDownGroup(u *unit, calls []Dispatch) []Dispatch {
	drop := make([]bool, len(calls))
	for i := range calls {
		combine := calls[i]
		if combine.Kernel.Op != OpExpertCombine {
			continue
		}
		p := producer(calls, i, combine.Args[1].Tensor)
		if p < 0 || calls[p].Kernel.Op != OpExpertMatMul || calls[p].Params[3] != 1 || len(readers(calls, p, combine.Args[1].Tensor)) != 1 {
			continue
		}
		product := calls[p]
		h := product.Args[2].Tensor
		g := producer(calls, p, h)
		if g < 0 || calls[g].Kernel.Op != OpExpertNormSwiGLU || len(readers(calls, g, h)) != 1 || u.tensors[h].Role != Activation {
			continue
		}
		f := Dispatch{Node: combine.Node, Work: [3]uint32{product.Params[1], 1, 1}, Rows: combine.Rows,
			Params: []uint32{product.Params[0], product.Params[1], product.Params[2], combine.Params[1]}}
		f.become(OpExpertDownGroup, product.Args[0].Tensor, product.Args[1].Tensor, h, product.Args[3].Tensor,
			combine.Args[2].Tensor, combine.Args[3].Tensor, combine.Args[4].Tensor)
		u.tensors[h].Type = quant.F16
		if !u.served(&calls[g]) || !u.served(&f) {
			u.tensors[h].Type = quant.F32
			continue
		}
		calls[i], drop[p] = f, true
	}
	return without(calls, drop)
}
