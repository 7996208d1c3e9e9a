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
		return uint32(max(at, 0))
	})
}

// largest is the lowest index of the largest number, or minus infinity and -1
// where there are none but NaN.
func largest(x []float64) (best float64, at int) {
	best, at = math.Inf(-1), -1
	for i, v := range x {
		if !math.IsNaN(v) && (at < 0 || v > best) {
			best, at = v, i
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

// noIndex is the index of a share without a largest logit.
const noIndex = 1<<32 - 1

func argMaxShares(c *call) error {
	logits, shares := c.args[1], c.args[2]
	n := c.uint(0)
	count := (n + graph.ArgMaxShare - 1) / graph.ArgMaxShare
	for j := range c.step.outs {
		row := logits.floats[j*n : (j+1)*n]
		for p := range count {
			first := p * graph.ArgMaxShare
			best, at := largest(row[first:min(first+graph.ArgMaxShare, n)])
			index := uint32(noIndex)
			if at >= 0 {
				index = uint32(first + at)
			}
			to := shares.words[2*(j*count+p):]
			to[0], to[1] = math.Float32bits(float32(best)), index
		}
	}
	return nil
}

func argMaxJoin(c *call) error {
	shares, sampled := c.args[1], c.args[2]
	count := (c.uint(0) + graph.ArgMaxShare - 1) / graph.ArgMaxShare
	return c.sample(sampled, func(j int) uint32 {
		values := make([]float64, count)
		words := shares.words[2*j*count:]
		for p := range values {
			values[p] = float64(math.Float32frombits(words[2*p]))
			if words[2*p+1] == noIndex {
				values[p] = math.NaN()
			}
		}
		_, at := largest(values)
		if at < 0 {
			return 0
		}
		return words[2*at+1]
	})
}
