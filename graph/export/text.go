package export

import (
	"fmt"
	"strconv"
	"strings"

	"moeflow/graph"
)

// bytesText prints a size in binary units, three digits.
func bytesText(n uint64) string {
	f, unit := float64(n), 0
	for f >= 1000 && unit < len(units)-1 {
		f /= 1024
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return digits(f) + " " + units[unit]
}

var units = []string{"B", "KiB", "MiB", "GiB", "TiB"}

// digits prints three significant digits of a number that is not tiny.
func digits(f float64) string {
	switch {
	case f < 10:
		return strconv.FormatFloat(f, 'f', 2, 64)
	case f < 100:
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'f', 0, 64)
}

// timeText prints nanoseconds.
func timeText(ns float64) string {
	switch {
	case ns < 1000:
		return digits(ns) + " ns"
	case ns < 1e6:
		return digits(ns/1e3) + " µs"
	case ns < 1e9:
		return digits(ns/1e6) + " ms"
	}
	return digits(ns/1e9) + " s"
}

// shapeText is compact: 2048×128.
func shapeText(s graph.Shape) string {
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = strconv.FormatUint(d, 10)
	}
	return strings.Join(parts, "×")
}

func groupsText(g [3]uint32) string { return fmt.Sprintf("%d×%d×%d", g[0], g[1], g[2]) }

// ranges prints numbers in rising order with runs joined: 0-5,8.
func ranges(n []int) string {
	var b strings.Builder
	for i := 0; i < len(n); {
		j := i
		for j+1 < len(n) && n[j+1] == n[j]+1 {
			j++
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(n[i]))
		if j > i {
			fmt.Fprintf(&b, "-%d", n[j])
		}
		i = j + 1
	}
	return b.String()
}

// layersText is the name of a group of layers.
func layersText(n []int) string {
	if len(n) == 1 {
		return "layer " + strconv.Itoa(n[0])
	}
	return "layers " + ranges(n)
}

// times is "" for one, ×N for more.
func times(n int) string {
	if n <= 1 {
		return ""
	}
	return fmt.Sprintf("×%d", n)
}

// text is the line of a tensor: name, shape, type, bytes.
func (t *tensor) text(name string) string {
	parts := []string{clean(name)}
	if len(t.Shape) > 0 {
		parts = append(parts, shapeText(t.Shape))
	}
	return strings.Join(append(parts, t.Type, bytesText(t.Bytes)), " ")
}

// text is the line of what the profile says.
func (c *cost) text() string {
	s := fmt.Sprintf("%s · %.1f%%", timeText(c.Time), 100*c.Share)
	if c.Bytes > 0 {
		s += fmt.Sprintf(" · %s · %s GB/s", bytesText(c.Bytes), digits(c.GBs))
	}
	if c.Bandwidth > 0 {
		s += fmt.Sprintf(" · %.1f%% of bandwidth", 100*c.Bandwidth)
	}
	return s
}

// subtitle says what the picture is of.
func (v *view) subtitle() string {
	parts := []string{fmt.Sprintf("step of %d %s", v.Rows, plural(v.Rows, "row"))}
	for _, c := range []struct {
		n    int
		what string
	}{{v.Dispatches, "dispatch"}, {v.Barriers, "barrier"}, {v.Segments, "segment"}} {
		parts = append(parts, fmt.Sprintf("%d %s", c.n, plural(c.n, c.what)))
	}
	if v.Waits > 0 {
		parts = append(parts, fmt.Sprintf("%d %s by counter", v.Waits, plural(v.Waits, "wait")))
	}
	parts = append(parts, "arena "+bytesText(v.ArenaBytes))
	if v.Device != "" {
		parts = append(parts, clean(v.Device))
	}
	if v.profiled {
		parts = append(parts, timeText(v.Time)+" on the device")
	}
	if v.Bandwidth > 0 {
		parts = append(parts, digits(v.Bandwidth/1e9)+" GB/s")
	}
	return strings.Join(parts, " · ")
}

func plural(n int, what string) string {
	switch {
	case n == 1:
		return what
	case strings.HasSuffix(what, "ch"):
		return what + "es"
	}
	return what + "s"
}
