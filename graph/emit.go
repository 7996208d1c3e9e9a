package graph

import "fmt"

// emit lets every stage append its calls.
func emit(u *unit) error {
	for i := range u.nodes {
		e := &Emitter{u: u, node: i}
		u.nodes[i].Stage.Lower(e)
		if e.err != nil {
			return fmt.Errorf("%s: %w", u.nodes[i].Name, e.err)
		}
	}
	return u.sizeAll()
}
