package ref

import (
	"fmt"

	"moeflow/graph"
)

func embed(c *call) error {
	sampled, table, x := c.args[1], c.args[2], c.args[3]
	k := c.uint(0)
	row := make([]float32, k)
	for r := range c.step.rows {
		token := c.step.row(r).Token
		if token&graph.FromSampled != 0 {
			i := int(token &^ graph.FromSampled)
			if i >= len(sampled.words) {
				return fmt.Errorf("row %d takes sampled token %d of %d", r, i, len(sampled.words))
			}
			if token = sampled.words[i]; token == graph.NoToken {
				token = 0
			}
		}
		if err := table.part(row, int(token), 0); err != nil {
			return fmt.Errorf("row %d: %w", r, err)
		}
		widen(x.floats[r*k:(r+1)*k], row)
	}
	return nil
}

func widen(dst []float64, src []float32) {
	for i, f := range src {
		dst[i] = float64(f)
	}
}
