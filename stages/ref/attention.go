package ref

import "math"

func attention(c *call) error {
	heads, kvHeads, d, pageSize := c.uint(0), c.uint(1), c.uint(2), c.uint(3)
	keys, err := c.decodeCache(c.args[2], kvHeads*d, pageSize)
	if err != nil {
		return err
	}
	vals, err := c.decodeCache(c.args[3], kvHeads*d, pageSize)
	if err != nil {
		return err
	}
	return parallel(c.step.rows*heads, func(i int) error {
		r, h := i/heads, i%heads
		at := func(rows map[int][]float32, t int) []float32 {
			place, _ := c.step.place(c.step.row(r), t, pageSize) // was found above
			g := h / (heads / kvHeads)
			return rows[place][g*d : (g+1)*d]
		}
		q := c.args[1].floats[i*d : (i+1)*d]
		p := make([]float64, int(c.step.row(r).Position)+1)
		for t := range p {
			p[t] = c.float(4) * dot(at(keys, t), q)
		}
		softmax(p)
		y := c.args[4].floats[i*d : (i+1)*d]
		clear(y)
		for t := range p {
			for j, v := range at(vals, t) {
				y[j] += p[t] * float64(v)
			}
		}
		return nil
	})
}

// decodeCache decodes the cache rows of all positions that the step's rows
// attend to, each once, by their place in the cache.
func (c *call) decodeCache(cache *value, width, pageSize int) (map[int][]float32, error) {
	rows := map[int][]float32{}
	done := map[uint32]int{} // positions of the sequence at these pages
	for r := range c.step.rows {
		row := c.step.row(r)
		for t := done[row.Pages]; t <= int(row.Position); t++ {
			place, err := c.step.place(row, t, pageSize)
			if err != nil {
				return nil, err
			}
			if rows[place] != nil {
				continue
			}
			rows[place] = make([]float32, width)
			if err := cache.part(rows[place], place, 0); err != nil {
				return nil, err
			}
		}
		done[row.Pages] = max(done[row.Pages], int(row.Position)+1)
	}
	return rows, nil
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
