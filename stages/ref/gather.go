package ref

import (
	"fmt"
	"math"
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
	for j, r := range c.step.outs {
		if int(r) >= c.step.rows {
			return fmt.Errorf("output %d is row %d of %d", j, r, c.step.rows)
		}
		slot := int(c.step.row(int(r)).Slot)
		if slot >= len(sampled.words) {
			return fmt.Errorf("row %d samples into slot %d of %d", r, slot, len(sampled.words))
		}
		best, at := math.Inf(-1), -1
		for i, v := range logits.floats[j*n : (j+1)*n] {
			if !math.IsNaN(v) && (at < 0 || v > best) {
				best, at = v, i
			}
		}
		sampled.words[slot] = uint32(max(at, 0))
	}
	return nil
}
