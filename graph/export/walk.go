package export

import (
	"fmt"
	"math"
	"slices"
)

// walk visits boxes in order and opens and closes the frames around them. depth
// is the number of frames around what is visited.
func (v *view) walk(open func(*group, int), visit func(*box, int), shut func(int)) {
	var at []*group
	for _, x := range v.Nodes {
		chain := x.chain()
		same := 0
		for same < len(at) && same < len(chain) && at[same] == chain[same] {
			same++
		}
		for len(at) > same {
			at = at[:len(at)-1]
			shut(len(at))
		}
		for _, g := range chain[same:] {
			open(g, len(at))
			at = append(at, g)
		}
		visit(x, len(at))
	}
	for len(at) > 0 {
		at = at[:len(at)-1]
		shut(len(at))
	}
}

// chain lists the frames around a box, the outermost first.
func (x *box) chain() []*group {
	var out []*group
	for g := x.frame; g != nil; g = g.up {
		out = append(out, g)
	}
	slices.Reverse(out)
	return out
}

// width is how thick a tensor's edge is drawn: with a profile, by the bytes that
// it moves in a step, from 1.2 for up to 1 KiB, 0.5 more for each factor of 8.
func (t *tensor) width() float64 {
	if t.Moved == 0 {
		return 1.5
	}
	return 1.2 + max(0, math.Log2(float64(t.Moved)/1024)/6)
}

// heatColour goes from nearly white to orange with a share of 0 to 1.
func heatColour(heat float64) string {
	cold, hot := [3]float64{0xf6, 0xf8, 0xfa}, [3]float64{0xff, 0xa0, 0x70}
	var c [3]int
	for i := range c {
		c[i] = int(math.Round(cold[i] + (hot[i]-cold[i])*min(1, max(0, heat))))
	}
	return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2])
}
