package ref

import (
	"fmt"
	"math"
)

// byExpert lists, for each expert that any active row uses, the places (row ·
// top_k + slot) that use it, so that a weight row is decoded once.
func (c *call) byExpert(w, ids *value, k int) ([]int, map[int][]int, error) {
	if len(w.t.Shape) != 3 {
		return nil, nil, fmt.Errorf("tensor %s has shape %s, wanted {k, n, experts}", w.t.Name, w.t.Shape)
	}
	var order []int
	places := map[int][]int{}
	for i := range c.step.rows * k {
		e := int(ids.words[i])
		if uint64(e) >= w.t.Shape[2] {
			return nil, nil, fmt.Errorf("expert %d of %d in tensor %s", e, w.t.Shape[2], w.t.Name)
		}
		if places[e] == nil {
			order = append(order, e)
		}
		places[e] = append(places[e], i)
	}
	return order, places, nil
}

// experts calls put with the product of every weight row and the activations
// of every place that uses it; input gives a place's activations.
func (c *call) experts(w, ids *value, input func(place int) []float64, put func(place, o int, sum float64)) error {
	k, n := c.uint(0), c.uint(1)
	order, places, err := c.byExpert(w, ids, c.uint(2))
	if err != nil {
		return err
	}
	return products(w, k, n, order, places, input, put)
}

// products calls put with the products of the k by n matrices of the experts in
// order and the activations of their places.
func products(w *value, k, n int, order []int, places map[int][]int, input func(place int) []float64, put func(place, o int, sum float64)) error {
	return parallel(n, func(o int) error {
		row := make([]float32, k)
		for _, e := range order {
			if err := w.part(row, e*n+o, 0); err != nil {
				return err
			}
			for _, p := range places[e] {
				put(p, o, dot(row, input(p)))
			}
		}
		return nil
	})
}

func expertLinear(c *call) error {
	w, x, ids, y := c.args[1], c.args[2], c.args[3], c.args[4]
	k, n, slots := c.uint(0), c.uint(1), c.uint(2)
	return c.experts(w, ids,
		func(p int) []float64 { return x.floats[p/slots*k : (p/slots+1)*k] },
		func(p, o int, sum float64) { y.floats[p*n+o] = sum })
}

// silu is a/(1+e⁻ᵃ) (Elfwing et al., arXiv 1702.03118).
func silu(a float64) float64 { return a / (1 + math.Exp(-a)) }

func swiGLU(c *call) error {
	gate, up, y := c.args[1], c.args[2], c.args[3]
	for i := range c.step.rows * c.uint(0) {
		y.floats[i] = silu(gate.floats[i]) * up.floats[i]
	}
	return nil
}

func expertDown(c *call) error {
	w, h, ids, weights, res, y := c.args[1], c.args[2], c.args[3], c.args[4], c.args[5], c.args[6]
	k, n, slots := c.uint(0), c.uint(1), c.uint(2)
	active := y.floats[:c.step.rows*n]
	clear(active)
	if res != nil {
		copy(active, res.floats)
	}
	return c.experts(w, ids,
		func(p int) []float64 { return h.floats[p*k : (p+1)*k] },
		func(p, o int, sum float64) { y.floats[p/slots*n+o] += weights.floats[p] * sum })
}
