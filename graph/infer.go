package graph

import (
	"errors"
	"fmt"
)

// infer asks every stage for the shapes of its outputs, checks that it reads
// only what exists by then, and sizes every tensor. Errors of different stages
// are reported together, so that a broken file is seen whole.
func infer(u *unit) error {
	made := make([]bool, len(u.tensors))
	for i := range made {
		made[i] = true
	}
	for i := range u.nodes {
		for _, id := range u.nodes[i].outs {
			made[id] = false
		}
	}
	var errs []error
	for i := range u.nodes {
		n := &u.nodes[i]
		s := &Scope{u: u, node: n}
		err := n.Stage.Infer(s)
		if err == nil {
			err = s.err
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", n.Name, err))
		}
		for _, id := range n.ins {
			if !made[id] {
				return fmt.Errorf("%s reads %s before it is made", n.Name, u.tensors[id].Name)
			}
		}
		for _, id := range n.outs {
			if made[id] = true; u.tensors[id].Shape == nil {
				if err == nil {
					errs = append(errs, fmt.Errorf("%s left output %s without a shape", n.Name, u.tensors[id].Name))
				}
				// What follows cannot be judged without this shape.
				return errors.Join(errs...)
			}
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	return u.sizeAll()
}

func (u *unit) sizeAll() error {
	for i := range u.tensors {
		var err error
		if u.tensors[i].Bytes, err = size(&u.tensors[i]); err != nil {
			return err
		}
	}
	return nil
}
