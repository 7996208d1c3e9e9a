package graph

import "sort"

// order brings independent calls of a stage together: calls are sorted by the
// length of their chain of conflicts within the stage, so that one barrier
// serves all calls of a level. Stages keep their order.
func order(u *unit) error {
	for first := 0; first < len(u.calls); {
		last := first
		for last < len(u.calls) && u.calls[last].Node == u.calls[first].Node {
			last++
		}
		levels := u.levels(u.calls[first:last])
		idx := make([]int, last-first)
		for i := range idx {
			idx[i] = i
		}
		sort.SliceStable(idx, func(a, b int) bool { return levels[idx[a]] < levels[idx[b]] })
		sorted := make([]Dispatch, 0, last-first)
		for _, i := range idx {
			sorted = append(sorted, u.calls[first+i])
		}
		copy(u.calls[first:], sorted)
		first = last
	}
	return nil
}

func (u *unit) levels(calls []Dispatch) []int {
	level := make([]int, len(calls))
	for i := range calls {
		for j := 0; j < i; j++ {
			if level[j] >= level[i] && conflict(&calls[j], &calls[i]) {
				level[i] = level[j] + 1
			}
		}
	}
	return level
}

// conflict tells whether two dispatches touch one tensor and at least one of
// them writes it.
func conflict(a, b *Dispatch) bool {
	for _, x := range a.Args {
		for _, y := range b.Args {
			if x.Tensor != NoTensor && x.Tensor == y.Tensor && (x.Access|y.Access)&Write != 0 {
				return true
			}
		}
	}
	return false
}
