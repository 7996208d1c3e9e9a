package graph

// fence puts a barrier before a dispatch that touches memory which an earlier
// dispatch, since the last barrier, also touched, one of them writing. A
// backend starts every segment with a barrier, so the first dispatch of a
// segment needs none.
func fence(u *unit) error {
	for _, s := range u.segs {
		start := s.First
		for i := s.First; i < s.Last; i++ {
			u.calls[i].Barrier = false
			for j := start; j < i; j++ {
				if overlap(u.tensors, &u.calls[j], &u.calls[i]) {
					u.calls[i].Barrier = true
					start = i
					break
				}
			}
		}
	}
	return nil
}

// overlap is conflict seen on memory: activations that share bytes of the arena
// conflict even when they are different tensors.
func overlap(tensors []Tensor, a, b *Dispatch) bool {
	for _, x := range a.Args {
		for _, y := range b.Args {
			if (x.Access|y.Access)&Write == 0 || x.Tensor == NoTensor || y.Tensor == NoTensor {
				continue
			}
			if x.Tensor == y.Tensor || sharesMemory(&tensors[x.Tensor], &tensors[y.Tensor]) {
				return true
			}
		}
	}
	return false
}

func sharesMemory(a, b *Tensor) bool {
	return a.Role == Activation && b.Role == Activation &&
		a.Offset < b.Offset+b.Bytes && b.Offset < a.Offset+a.Bytes
}
