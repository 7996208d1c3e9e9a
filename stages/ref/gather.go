package ref

import (
	"fmt"
	"math"

	"moeflow/graph"
)

func gather(c *call) error {
	x, y := c.args[1], c.args[2]
	n := c.uint(0)
	for j, r := range c.step.outs {
		if int(r) >= c.step.rows {
			return fmt.Errorf("output %d is row %d of %d", j, r, c.step.rows)
		}
		copy(y.floats[j*n:(j+1)*n], x.floats[int(r)*n:])
	}
	return nil
}

func argMax(c *call) error {
	logits, sampled := c.args[1], c.args[2]
	n := c.uint(0)
	return c.sample(sampled, func(j int) uint32 {
		_, at := largest(logits.floats[j*n : (j+1)*n])
		return at
	})
}

// largest is the largest of a row of logits and its lowest index. Where there is
// none the index is NoToken, and best plus infinity if a logit is NaN or that.
func largest(x []float64) (best float64, at uint32) {
	best, at = math.Inf(-1), graph.NoToken
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 1) {
			return math.Inf(1), graph.NoToken
		}
		if v > best {
			best, at = v, uint32(i)
		}
	}
	return best, at
}

// sample gives the row of every output the token that pick has for it.
func (c *call) sample(sampled *value, pick func(j int) uint32) error {
	for j, r := range c.step.outs {
		if int(r) >= c.step.rows {
			return fmt.Errorf("output %d is row %d of %d", j, r, c.step.rows)
		}
		slot := int(c.step.row(int(r)).Slot)
		if slot >= len(sampled.words) {
			return fmt.Errorf("row %d samples into slot %d of %d", r, slot, len(sampled.words))
		}
		sampled.words[slot] = pick(j)
	}
	return nil
}

func argMaxPartial(c *call) error {
	logits, shares := c.args[1], c.args[2]
	n := c.uint(0)
	count := (n + graph.ArgMaxPartialSize - 1) / graph.ArgMaxPartialSize
	for j := range c.step.outs {
		row := logits.floats[j*n : (j+1)*n]
		for p := range count {
			first := p * graph.ArgMaxPartialSize
			best, at := largest(row[first:min(first+graph.ArgMaxPartialSize, n)])
			if at != graph.NoToken {
				at += uint32(first)
			}
			to := shares.words[2*(j*count+p):]
			to[0], to[1] = math.Float32bits(float32(best)), at
		}
	}
	return nil
}

func argMaxFinal(c *call) error {
	shares, sampled := c.args[1], c.args[2]
	count := (c.uint(0) + graph.ArgMaxPartialSize - 1) / graph.ArgMaxPartialSize
	return c.sample(sampled, func(j int) uint32 {
		values := make([]float64, count)
		words := shares.words[2*j*count:]
		for p := range values {
			values[p] = float64(math.Float32frombits(words[2*p]))
		}
		_, p := largest(values)
		if p == graph.NoToken {
			return p
		}
		return words[2*p+1]
	})
}
