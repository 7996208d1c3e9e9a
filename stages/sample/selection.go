package sample

// token is a candidate: its logit after penalties, and a weight.
type token struct {
	logit float32
	id    int32
	w     float64
}

// before is the order of tokens: larger logits first, then lower ids. No two
// tokens are equal in it.
func (a token) before(b token) bool {
	return a.logit > b.logit || a.logit == b.logit && a.id < b.id
}

// prefix reorders ts so that its shortest prefix, in the order of before, whose
// weights add up to at least want comes first, and returns that prefix's length
// and last token. Where all weights together are less than want, that is all of
// ts. ts must not be empty. The time is linear on average.
func prefix(ts []token, want float64) (int, token) {
	lo, hi := 0, len(ts)
	for hi-lo > 1 {
		mid := split(ts[lo:hi]) + lo
		sum := 0.0
		for _, t := range ts[lo:mid] {
			sum += t.w
		}
		if sum >= want {
			hi = mid
		} else {
			want -= sum
			lo = mid
		}
	}
	return hi, ts[hi-1]
}

// split reorders ts, of at least two tokens, so that each of the first n comes
// before each of the others, and returns n: at least 1 and less than len(ts).
// It is Hoare's partition around the median of three.
func split(ts []token) int {
	p := median(ts[0], ts[len(ts)/2], ts[len(ts)-1])
	i, j := -1, len(ts)
	for {
		for i++; ts[i].before(p); i++ {
		}
		for j--; p.before(ts[j]); j-- {
		}
		if i >= j {
			// With the pivot met from the left at the last place, j is there
			// too; the pivot is then the last of the order and stands alone.
			return min(j+1, len(ts)-1)
		}
		ts[i], ts[j] = ts[j], ts[i]
	}
}

func median(a, b, c token) token {
	if b.before(a) {
		a, b = b, a
	}
	if c.before(b) {
		b = c
		if b.before(a) {
			b = a
		}
	}
	return b
}

// keep removes from ts, which keeps its order, every token behind last.
func keep(ts []token, last token) []token {
	n := 0
	for _, t := range ts {
		if !last.before(t) {
			ts[n] = t
			n++
		}
	}
	return ts[:n]
}
