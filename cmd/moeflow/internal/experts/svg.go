package experts

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// The picture's measures, in pixels.
const (
	margin   = 20
	headRoom = 84
	labels   = 30  // to the left of the cells: layers
	side     = 330 // to the right: what each layer's load is
	bar      = 90  // the longest bar of max/mean
)

// steps is how many colours there are between never and the top of the scale.
const steps = 16

// top is the top of the colour scale, as a multiple of a layer's mean.
const top = 4.0

// WriteSVG draws a row for each layer and a column for each expert, coloured by
// how often it was chosen against its layer's mean, and beside each row its load.
func (c *Counts) WriteSVG(w io.Writer) error {
	rows := c.Layers()
	n := 0
	if len(rows) > 0 {
		n = len(rows[0])
	}
	cw, ch := max(5, min(36, 900/max(1, n))), max(9, min(20, 640/max(1, len(rows))))
	left, right := margin+labels, margin+labels+cw*n
	width, height := max(right+side, 620), headRoom+ch*len(rows)+margin+24
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="10" fill="#57606a">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="%d" y="28" font-size="16" font-weight="600" fill="#24292f">%s</text>`+"\n", margin, escape("Experts chosen: "+c.Model))
	fmt.Fprintf(&b, `<text x="%d" y="46" font-size="11">%s</text>`+"\n", margin, escape(fmt.Sprintf("%d tokens (%d prefill, %d decode) × %d layers × %d of %d experts, on %s",
		c.Tokens(), c.PrefillTokens, c.DecodeTokens, len(rows), c.TopK, n, c.Device)))
	scale(&b, margin)
	fmt.Fprintf(&b, `<text x="%d" y="%d">max/mean</text><text x="%d" y="%d">CV (random)</text><text x="%d" y="%d">entropy</text><text x="%d" y="%d">unused</text>`+"\n",
		right+12, headRoom-6, right+150, headRoom-6, right+230, headRoom-6, right+285, headRoom-6)
	cells(&b, rows, left, cw, ch)
	most := 1.0
	for _, counts := range rows {
		most = max(most, Of(counts, c.TopK).MaxOverMean)
	}
	for l, counts := range rows {
		load, y := Of(counts, c.TopK), headRoom+l*ch
		base := y + ch/2 + 4
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%d</text>`, left-5, base, l)
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="#0969da" fill-opacity=".55"/>`, right+12, y+1, bar*load.MaxOverMean/most, ch-2)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d">%.2f</text>`, float64(right+16)+bar*load.MaxOverMean/most, base, load.MaxOverMean)
		fmt.Fprintf(&b, `<text x="%d" y="%d">%.2f (%.2f)</text><text x="%d" y="%d">%.1f%%</text><text x="%d" y="%d">%d</text>`+"\n",
			right+150, base, load.CV, load.CVUniform, right+230, base, 100*load.EntropyShare, right+285, base, load.Unused)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d">expert 0</text><text x="%d" y="%d" text-anchor="end">expert %d</text>`+"\n</svg>\n", left, headRoom+ch*len(rows)+14, right, headRoom+ch*len(rows)+14, max(0, n-1))
	_, err := io.WriteString(w, b.String())
	return err
}

// cells draws the heat map, one path a colour, so that many layers stay small.
func cells(b *strings.Builder, rows [][]uint64, left, cw, ch int) {
	var paths [steps + 1]strings.Builder
	for l, counts := range rows {
		mean := float64(Of(counts, 1).Choices) / float64(max(1, len(counts)))
		for e, c := range counts {
			if c > 0 {
				fmt.Fprintf(&paths[level(float64(c)/mean)], "M%d %dh%dv%dh-%dz", left+e*cw, headRoom+l*ch, cw-1, ch-1, cw-1)
			}
		}
	}
	width := 0
	if len(rows) > 0 {
		width = cw * len(rows[0])
	}
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" fill="#f0f2f4"/>`+"\n", left-1, headRoom-1, width+1, ch*len(rows)+1)
	for i := range paths {
		if paths[i].Len() > 0 {
			fmt.Fprintf(b, `<path fill="%s" d="%s"/>`+"\n", colour(i), paths[i].String())
		}
	}
}

// level is the colour of a count that is so many times its layer's mean, 1 to
// steps; level 0 is left for never.
func level(times float64) int { return max(1, min(steps, int(times/top*steps+0.5))) }

// colour goes from near white through orange to dark red.
func colour(level int) string {
	t := float64(level) / steps
	mix := func(a, b, c float64) int {
		if t < 0.5 {
			return int(a + (b-a)*2*t)
		}
		return int(b + (c-b)*(2*t-1))
	}
	return fmt.Sprintf("#%02x%02x%02x", mix(255, 247, 110), mix(247, 140, 10), mix(236, 60, 30))
}

// scale is the colours' legend.
func scale(b *strings.Builder, x int) {
	fmt.Fprintf(b, `<text x="%d" y="66">never</text><rect x="%d" y="57" width="10" height="10" fill="#f0f2f4" stroke="#d0d7de" stroke-width=".5"/>`, x, x+34)
	for i := 1; i <= steps; i++ {
		fmt.Fprintf(b, `<rect x="%d" y="57" width="10" height="10" fill="%s"/>`, x+40+10*i, colour(i))
	}
	fmt.Fprintf(b, `<text x="%d" y="66">%g × the layer's mean and more</text>`+"\n", x+40+10*steps+16, top)
}

func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(strings.ToValidUTF8(s, "?")))
	return b.String()
}
