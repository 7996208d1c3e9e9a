package ref

import "math"

func attention(c *call) error {
	heads, kvHeads := c.uint(0), c.uint(1)
	return parallel(c.step.rows*kvHeads, func(i int) error {
		return attend(c, i/kvHeads, i%kvHeads, heads/kvHeads)
	})
}

// attend computes the query heads of row r that share kv head g.
func attend(c *call, r, g, shared int) error {
	q, keys, vals, y := c.args[1], c.args[2], c.args[3], c.args[4]
	heads, d, pageSize, scale := c.uint(0), c.uint(2), c.uint(3), c.float(4)
	row := c.step.row(r)
	n := int(row.Position) + 1
	first := (r*heads + g*shared) * d
	elem := make([]float32, d)
	p := make([][]float64, shared)
	for h := range p {
		p[h] = make([]float64, n)
	}
	for t := range n {
		place, err := c.step.place(row, t, pageSize)
		if err != nil {
			return err
		}
		if err := keys.part(elem, place, g*d); err != nil {
			return err
		}
		for h := range p {
			p[h][t] = scale * dot(elem, q.floats[first+h*d:first+(h+1)*d])
		}
	}
	for h := range p {
		softmax(p[h])
	}
	out := y.floats[first : first+shared*d]
	clear(out)
	for t := range n {
		place, err := c.step.place(row, t, pageSize)
		if err != nil {
			return err
		}
		if err := vals.part(elem, place, g*d); err != nil {
			return err
		}
		for h := range p {
			for i, v := range elem {
				out[h*d+i] += p[h][t] * float64(v)
			}
		}
	}
	return nil
}

// softmax replaces x by exp(x) / Σ exp(x).
func softmax(x []float64) {
	top, sum := math.Inf(-1), 0.0
	for _, v := range x {
		top = max(top, v)
	}
	for i, v := range x {
		x[i] = math.Exp(v - top)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}
