package graph

import "moeflow/gguf/quant"

// fixActivations lets expert_down choose the experts itself, as fuseDown does, and
// has gate and up write what it reads as 16-bit fixed point, where down would make
// that of it: gate and up do it once, in the workgroups that have the values at
// hand, and down in all of its own, before it can begin.
func fixActivations(u *unit, calls []Dispatch) []Dispatch {
	reads := uses(calls, len(u.tensors))
	for i := range calls {
		down := calls[i]
		if down.Kernel.Op != OpExpertDown {
			continue
		}
		h := down.Args[2].Tensor
		p := producer(calls, i, h)
		if p < 0 || calls[p].Kernel.Op != OpRouteGateUp || calls[p].Args[7].Tensor != down.Args[4].Tensor || reads[h] != 1 || down.Params[0]%16 != 0 {
			continue
		}
		to := withRoute(calls[p], down)
		words := FixedWords(uint64(to.Params[0]) * uint64(to.Params[3]))
		u.tensors = append(u.tensors, Tensor{Name: u.tensors[h].Name + " fixed", Type: quant.U32, Role: Activation, Shape: Shape{words, u.tensors[h].Shape[2]}})
		id := TensorID(len(u.tensors) - 1)
		up := calls[p].with(OpRouteGateUpFixed, 8, id)
		to = to.with(OpRouteDownFixed, 2, id)
		if u.served(&up) && u.served(&to) {
			calls[p], calls[i] = up, to
			continue
		}
		u.tensors = u.tensors[:id]
	}
	return calls
}
