package ref

import "fmt"

// expertCount adds the active rows' choices to a layer's counts.
func expertCount(c *call) error {
	ids, counts := c.args[1].words, c.args[2].words
	experts, topK, layer := c.uint(0), c.uint(1), c.uint(2)
	if (layer+1)*experts > len(counts) {
		return fmt.Errorf("layer %d of %d counts of %d experts", layer, len(counts), experts)
	}
	for _, e := range ids[:c.step.rows*topK] {
		if int(e) >= experts {
			return fmt.Errorf("expert %d of %d", e, experts)
		}
		counts[layer*experts+int(e)]++
	}
	return nil
}
