package ref

import (
	"fmt"

	"moeflow/graph"
)

// moeSort sorts the active rows' places by expert and cuts them into tiles.
func moeSort(c *call) error {
	ids, out := c.args[1].words, c.args[2].words
	experts, topK, tile := c.uint(0), c.uint(1), c.uint(2)
	g := graph.Groups{Tiles: uint64(c.uint(3))}
	byExpert := make([][]uint32, experts)
	for p := range c.step.rows * topK {
		e := ids[p]
		if int(e) >= experts {
			return fmt.Errorf("expert %d of %d", e, experts)
		}
		byExpert[e] = append(byExpert[e], uint32(p))
	}
	clear(out[:graph.GroupHeader])
	list := out[g.ListAt():g.ListAt()]
	for e, places := range byExpert {
		for first := 0; first < len(places); first += tile {
			t := out[0]
			if uint64(t) >= g.Tiles {
				return fmt.Errorf("more than %d tiles", g.Tiles)
			}
			at := graph.GroupHeader + graph.GroupTileWords*t
			copy(out[at:], []uint32{uint32(e), uint32(len(list) + first), uint32(min(tile, len(places)-first))})
			out[0]++
		}
		list = append(list, places...)
	}
	return nil
}

// tiles calls f for every place of every tile of the groups, with its expert.
func (c *call) tiles(groups *value, most int, f func(expert, place int) error) error {
	w := groups.words
	g := graph.Groups{Tiles: uint64(most)}
	for t := range int(w[0]) {
		at := graph.GroupHeader + graph.GroupTileWords*t
		first := int(g.ListAt()) + int(w[at+1])
		for _, p := range w[first : first+int(w[at+2])] {
			if err := f(int(w[at]), int(p)); err != nil {
				return err
			}
		}
	}
	return nil
}

// grouped calls put with the product of every weight row and the activations of
// every place.
func (c *call) grouped(w, x, groups *value, put func(place, o int, sum float64)) error {
	k, n, share := c.uint(0), c.uint(1), c.uint(3)
	places := map[int][]int{}
	var order []int
	err := c.tiles(groups, c.uint(2), func(e, p int) error {
		if uint64(e) >= w.t.Shape[2] {
			return fmt.Errorf("expert %d of %d in tensor %s", e, w.t.Shape[2], w.t.Name)
		}
		if places[e] == nil {
			order = append(order, e)
		}
		places[e] = append(places[e], p)
		return nil
	})
	if err != nil {
		return err
	}
	return products(w, k, n, order, places, func(p int) []float64 { return x.floats[p/share*k : (p/share+1)*k] }, put)
}

func groupedGEMM(c *call) error {
	y, n := c.args[4], c.uint(1)
	return c.grouped(c.args[1], c.args[2], c.args[3], func(p, o int, sum float64) { y.floats[p*n+o] = sum })
}

func groupedGEMMSwiGLU(c *call) error {
	x, groups, y, n := c.args[3], c.args[4], c.args[5], c.uint(1)
	if err := c.grouped(c.args[1], x, groups, func(p, o int, sum float64) { y.floats[p*n+o] = silu(sum) }); err != nil {
		return err
	}
	return c.grouped(c.args[2], x, groups, func(p, o int, sum float64) { y.floats[p*n+o] *= sum })
}

func expertCombine(c *call) error {
	x, weights, res, y := c.args[1], c.args[2], c.args[3], c.args[4]
	n, topK := c.uint(0), c.uint(1)
	for r := range c.step.rows {
		for o := range n {
			sum := 0.0
			if res != nil {
				sum = res.floats[r*n+o]
			}
			for s := range topK {
				sum += weights.floats[r*topK+s] * x.floats[(r*topK+s)*n+o]
			}
			y.floats[r*n+o] = sum
		}
	}
	return nil
}
