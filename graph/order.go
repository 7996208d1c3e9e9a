package graph

import (
	"fmt"
	"sort"
)

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

// segment cuts the calls by granularity. A stage without calls joins none.
func segment(u *unit) error {
	name := func(n *node) string {
		switch u.opts.Granularity {
		case PerStage:
			return n.Name
		case PerLayer:
			if n.Layer >= 0 {
				return fmt.Sprintf("blk.%d", n.Layer)
			}
			return n.Name
		default:
			return "device"
		}
	}
	for i := range u.calls {
		n := name(&u.nodes[u.calls[i].Node])
		if len(u.segs) == 0 || u.segs[len(u.segs)-1].Name != n {
			u.segs = append(u.segs, Segment{Name: n, First: i})
		}
		s := &u.segs[len(u.segs)-1]
		if s.Last = i + 1; len(s.Nodes) == 0 || s.Nodes[len(s.Nodes)-1] != u.calls[i].Node {
			s.Nodes = append(s.Nodes, u.calls[i].Node)
		}
	}
	if len(u.segs) == 0 {
		return fmt.Errorf("the graph computes nothing")
	}
	return nil
}
