package ref

import "math"

func ropeStore(c *call) error {
	q, kv := c.args[1], [2]*value{c.args[2], c.args[3]}
	caches := [2]*value{c.args[7], c.args[8]}
	heads, kvHeads, d, ropeDim, pageSize, eps := c.uint(0), c.uint(1), c.uint(2), c.uint(3), c.uint(4), c.float(5)
	var norms [2][]float64
	for i := range norms {
		if c.args[4+i] == nil {
			continue
		}
		var err error
		if norms[i], err = c.args[4+i].all(); err != nil {
			return err
		}
	}
	freqs, err := c.args[6].all()
	if err != nil {
		return err
	}
	turn := func(head, norm []float64, position uint32) {
		if norm != nil {
			normalize(head, head, norm, eps)
		}
		rotate(head, freqs, ropeDim/2, float64(position))
	}
	for r := range c.step.rows {
		row := c.step.row(r)
		for h := range heads {
			turn(q.floats[(r*heads+h)*d:(r*heads+h+1)*d], norms[0], row.Position)
		}
		place, err := c.step.place(row, int(row.Position), pageSize)
		if err != nil {
			return err
		}
		for i, v := range kv {
			full := append([]float64(nil), v.floats[r*kvHeads*d:(r+1)*kvHeads*d]...)
			for h := 0; i == 0 && h < kvHeads; h++ {
				turn(full[h*d:(h+1)*d], norms[1], row.Position)
			}
			if err := putCache(caches[i], place, full); err != nil {
				return err
			}
		}
	}
	return nil
}

// rotate turns the pairs (i, i+m) of a head by position times their frequency,
// which freqs gives in turns as the sum of two parts, high parts first (Su et
// al., RoFormer, arXiv 2104.09864; the pairing is GPT-NeoX's).
func rotate(head, freqs []float64, m int, position float64) {
	for i := range m {
		t := position * (freqs[i] + freqs[m+i])
		sin, cos := math.Sincos(2 * math.Pi * (t - math.Floor(t)))
		a, b := head[i], head[i+m]
		head[i], head[i+m] = a*cos-b*sin, a*sin+b*cos
	}
}
