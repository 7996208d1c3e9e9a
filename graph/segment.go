package graph

import "fmt"

// segment cuts the calls by granularity. A stage without calls joins none.
func segment(u *unit) error {
	name := func(n *node) string {
		switch {
		case u.opts.Granularity == PerLayer && n.Layer >= 0:
			return fmt.Sprintf("blk.%d", n.Layer)
		case u.opts.Granularity != PerDevice || n.Kind == u.opts.Apart:
			return n.Name
		}
		return "device"
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
