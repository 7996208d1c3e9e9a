package graph

import "fmt"

// validate checks what needs no shapes: names are unique, the bucket is sound,
// a stage exists at every node, the granularity is known.
func validate(u *unit) error {
	l := u.g.Layout
	if l.Rows < 1 || l.Outs < 1 || l.Pages < 1 {
		return fmt.Errorf("a step of %d rows, %d outputs and %d pages: each must be at least 1", l.Rows, l.Outs, l.Pages)
	}
	switch u.opts.Granularity {
	case PerStage, PerLayer, PerDevice:
	default:
		return fmt.Errorf("granularity %q, wanted stage, layer or device", u.opts.Granularity)
	}
	if u.opts.Kernels == nil {
		return fmt.Errorf("no kernel catalog")
	}
	seen := map[string]bool{}
	for _, t := range u.tensors {
		if t.Name == "" || seen[t.Name] {
			return fmt.Errorf("edge name %q is empty or used twice", t.Name)
		}
		seen[t.Name] = true
	}
	for _, n := range u.nodes {
		if n.Name == "" || n.Stage == nil || seen[n.Name] {
			return fmt.Errorf("stage name %q is empty, used twice or has no stage", n.Name)
		}
		seen[n.Name] = true
	}
	for _, id := range u.g.reads {
		if id < 0 || int(id) >= len(u.tensors) {
			return fmt.Errorf("read-back of edge %d, which does not exist", id)
		}
	}
	return nil
}
