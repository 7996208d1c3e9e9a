package ref

import (
	"fmt"
	"math"
	"sort"
)

func topK(c *call) error {
	logits, ids, weights := c.args[1], c.args[2], c.args[3]
	experts, k, norm, scale := c.uint(0), c.uint(1), c.uint(2) != 0, c.float(3)
	if k > experts {
		return fmt.Errorf("top_k is %d of %d experts", k, experts)
	}
	for r := range c.step.rows {
		p := append([]float64(nil), logits.floats[r*experts:(r+1)*experts]...)
		order := make([]int, experts)
		for i := range order {
			if order[i] = i; math.IsNaN(p[i]) {
				p[i] = math.Inf(-1)
			}
		}
		sort.SliceStable(order, func(a, b int) bool { return p[order[a]] > p[order[b]] })
		softmax(p)
		sum := 1.0
		if norm {
			sum = 0
			for _, e := range order[:k] {
				sum += p[e]
			}
		}
		for s, e := range order[:k] {
			ids.words[r*k+s] = uint32(e)
			weights.floats[r*k+s] = scale * p[e] / sum
		}
	}
	return nil
}
