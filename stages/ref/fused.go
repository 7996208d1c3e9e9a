package ref

import (
	"fmt"
	"slices"

	"moeflow/graph"
)

// eval computes a call: what it is made of, in order, if it fuses operations.
func (c *call) eval() error {
	if f, ok := evals[c.op]; ok {
		return f(c)
	}
	elements := make([]uint64, len(c.args))
	for i, v := range c.args {
		if v != nil {
			elements[i], _ = v.t.Shape.Elements() // newValue has seen to it
		}
	}
	parts, temps, err := c.op.Compose(elements, c.params)
	if err != nil {
		return err
	}
	if len(parts) == 0 {
		return fmt.Errorf("no such operation")
	}
	args := slices.Clone(c.args)
	for i := range temps {
		v, err := newValue(&temps[i], nil)
		if err != nil {
			return err
		}
		args = append(args, v)
	}
	for _, p := range parts {
		in := &call{op: p.Op, params: p.Params, step: c.step}
		for i, at := range p.Args {
			if at < 0 {
				in.args = append(in.args, nil)
				continue
			}
			if at < len(c.args) && p.Op.Access(i)&graph.Write != 0 && c.op.Access(at) == graph.Read {
				args[at] = args[at].clone() // what the fused operation does not write
			}
			in.args = append(in.args, args[at])
		}
		if err := in.eval(); err != nil {
			return fmt.Errorf("%s: %w", p.Op, err)
		}
	}
	return nil
}

// clone is a copy of a tensor of words or floats.
func (v *value) clone() *value {
	return &value{t: v.t, words: slices.Clone(v.words), floats: slices.Clone(v.floats), bytes: v.bytes}
}

// routerScale gives logits that lack it the factor of x's norm.
func routerScale(c *call) error {
	x, logits, y := c.args[1], c.args[2], c.args[3]
	k, experts, eps := c.uint(0), c.uint(1), c.float(2)
	for r := range c.step.rows {
		factor := 1.0
		if c.uint(3) == graph.RenormalizeAbsorbed {
			factor = rmsFactor(x.floats[r*k:(r+1)*k], eps)
		}
		for e := r * experts; e < (r+1)*experts; e++ {
			y.floats[e] = factor * logits.floats[e]
		}
	}
	return nil
}

// rowScale multiplies rows with a norm's weights.
func rowScale(c *call) error {
	x, y, k := c.args[1], c.args[3], c.uint(0)
	norm, err := c.args[2].all()
	if err != nil {
		return err
	}
	for i := range c.step.rows * k {
		y.floats[i] = x.floats[i] * norm[i%k]
	}
	return nil
}

// toQ16 rounds rows to fixed point.
func toQ16(c *call) error {
	x, y, n := c.args[1], c.args[2], c.uint(0)
	words := int(graph.Q16Words(uint64(n)))
	for r := range c.step.rows {
		graph.StoreQ16(y.words[r*words:(r+1)*words], x.floats[r*n:(r+1)*n])
	}
	return nil
}

// fromQ16 is the rows that fixed point stands for.
func fromQ16(c *call) error {
	x, y, n := c.args[1], c.args[2], c.uint(0)
	words := int(graph.Q16Words(uint64(n)))
	for r := range c.step.rows {
		copy(y.floats[r*n:], graph.Fixed(x.words[r*words:(r+1)*words], n))
	}
	return nil
}

// absorbRouter multiplies a router's matrix, its norm's weights and an output
// matrix.
func absorbRouter(c *call) error {
	w, norm, o, fold := c.args[1], c.args[2], c.args[3], c.args[4]
	k, n, experts := c.uint(0), c.uint(1), c.uint(2)
	wf, err := w.all()
	if err != nil {
		return err
	}
	of, err := o.all()
	if err != nil {
		return err
	}
	nf, err := norm.all()
	if err != nil {
		return err
	}
	clear(fold.floats)
	return parallel(experts, func(e int) error {
		for i := range n {
			f := wf[e*n+i] * nf[i]
			for j, v := range of[i*k : (i+1)*k] {
				fold.floats[e*k+j] += f * v
			}
		}
		return nil
	})
}
