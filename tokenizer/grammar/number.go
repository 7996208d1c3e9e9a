package grammar

import (
	"math/big"
	"strings"
)

// limits are the bounds of a number; nil is none.
type limits struct {
	lo, hi         *big.Rat
	loOpen, hiOpen bool // the bound itself is left out
}

// raise takes a lower bound as well.
func (l *limits) raise(lo *big.Rat, open bool) {
	if l.lo == nil || lo.Cmp(l.lo) > 0 || lo.Cmp(l.lo) == 0 && open {
		l.lo, l.loOpen = lo, open
	}
}

// lower takes an upper bound as well.
func (l *limits) lower(hi *big.Rat, open bool) {
	if l.hi == nil || hi.Cmp(l.hi) < 0 || hi.Cmp(l.hi) == 0 && open {
		l.hi, l.hiOpen = hi, open
	}
}

// positive is the part of l from zero on, and negative that up to zero, turned
// round; ok is false if there is none.
func (l limits) positive() (out limits, ok bool) {
	if l.hi != nil && (l.hi.Sign() < 0 || l.hi.Sign() == 0 && l.hiOpen) {
		return out, false
	}
	if l.lo == nil || l.lo.Sign() < 0 {
		l.lo, l.loOpen = new(big.Rat), false
	}
	return l, true
}

func (l limits) negative() (limits, bool) {
	turned := limits{loOpen: l.hiOpen, hiOpen: l.loOpen}
	if l.lo != nil {
		turned.hi = new(big.Rat).Neg(l.lo)
	}
	if l.hi != nil {
		turned.lo = new(big.Rat).Neg(l.hi)
	}
	return turned.positive()
}

// numbers matches the numbers within bounds, whole ones only if whole.
func (g *Grammar) numbers(l limits, whole bool) expr {
	if l.lo == nil && l.hi == nil {
		if whole {
			return g.std.integer
		}
		return g.std.number
	}
	var parts []expr
	if p, ok := l.positive(); ok {
		parts = append(parts, g.x.natural(p, whole))
	}
	if n, ok := l.negative(); ok {
		parts = append(parts, g.x.concat(g.x.text("-"), g.x.natural(n, whole)))
	}
	return g.x.or(parts...)
}

// natural matches numbers from zero on, without a sign. The lower bound is set.
func (x *exprs) natural(l limits, whole bool) expr {
	lo, loFraction := split(l.lo)
	if whole {
		if loFraction != "" || l.loOpen {
			lo.Add(lo, big.NewInt(1))
		}
		if l.hi == nil {
			return x.wholeFrom(lo, nil)
		}
		hi, hiFraction := split(l.hi)
		if hiFraction == "" && l.hiOpen {
			hi.Sub(hi, big.NewInt(1))
		}
		return x.wholeFrom(lo, hi)
	}
	digits := x.repeat(x.bytes('0', '9'), 0, maxDigits)
	any := x.or(exprEmpty, x.concat(x.text("."), x.bytes('0', '9'), digits))
	least := x.least(loFraction, l.loOpen)
	next := new(big.Int).Add(lo, big.NewInt(1))
	if l.hi == nil {
		return x.or(x.concat(x.text(lo.String()), least), x.concat(x.wholeFrom(next, nil), any))
	}
	hi, hiFraction := split(l.hi)
	most := x.most(hiFraction, l.hiOpen)
	switch lo.Cmp(hi) {
	case 1:
		return exprNone
	case 0:
		return x.concat(x.text(lo.String()), x.and(least, most))
	}
	last := new(big.Int).Sub(hi, big.NewInt(1))
	return x.or(x.concat(x.text(lo.String()), least), x.concat(x.wholeFrom(next, last), any), x.concat(x.text(hi.String()), most))
}

// split is a number's whole part and the digits of its fraction, without the zeros
// at their end.
func split(r *big.Rat) (whole *big.Int, fraction string) {
	whole = new(big.Int).Quo(r.Num(), r.Denom())
	text := r.FloatString(maxDigits)
	if _, fraction, _ = strings.Cut(text, "."); r.Sign() >= 0 {
		whole, _ = new(big.Int).SetString(strings.SplitN(text, ".", 2)[0], 10)
	}
	return whole, strings.TrimRight(fraction, "0")
}

// wholeFrom matches whole numbers from lo to hi, nil for no bound.
func (x *exprs) wholeFrom(lo, hi *big.Int) expr {
	from := lo.String()
	var parts []expr
	if hi == nil {
		parts = append(parts, x.concat(x.bytes('1', '9'), x.repeat(x.bytes('0', '9'), len(from), max(maxDigits, len(from)))))
		return x.or(append(parts, x.between(from, strings.Repeat("9", len(from))))...)
	}
	if lo.Cmp(hi) > 0 {
		return exprNone
	}
	to := hi.String()
	for n := len(from); n <= len(to); n++ {
		low, high := from, to
		if n > len(from) {
			low = "1" + strings.Repeat("0", n-1)
		}
		if n < len(to) {
			high = strings.Repeat("9", n)
		}
		parts = append(parts, x.between(low, high))
	}
	return x.or(parts...)
}

// between matches the numbers from lo to hi, which have as many digits.
func (x *exprs) between(lo, hi string) expr {
	if lo == "" {
		return exprEmpty
	}
	if lo[0] == hi[0] {
		return x.concat(x.text(lo[:1]), x.between(lo[1:], hi[1:]))
	}
	n := len(lo) - 1
	digits := x.repeat(x.bytes('0', '9'), n, n)
	parts := []expr{x.concat(x.text(lo[:1]), x.between(lo[1:], strings.Repeat("9", n))),
		x.concat(x.text(hi[:1]), x.between(strings.Repeat("0", n), hi[1:]))}
	if lo[0]+1 < hi[0] {
		parts = append(parts, x.concat(x.bytes(lo[0]+1, hi[0]-1), digits))
	}
	return x.or(parts...)
}

// least matches a fraction, with its point, of at least 0.f, or above.
func (x *exprs) least(f string, open bool) expr {
	digit := x.bytes('0', '9')
	digits := x.repeat(digit, 0, maxDigits)
	e := digits
	if open {
		e = x.concat(digits, x.bytes('1', '9'), digits)
	}
	if f == "" {
		if open {
			return x.concat(x.text("."), e)
		}
		return x.or(exprEmpty, x.concat(x.text("."), digit, digits))
	}
	for i := len(f) - 1; i >= 0; i-- {
		e = x.concat(x.text(f[i:i+1]), e)
		if f[i] < '9' {
			e = x.or(e, x.concat(x.bytes(f[i]+1, '9'), digits))
		}
	}
	return x.concat(x.text("."), e)
}

// most matches a fraction, with its point, of at most 0.f, or below.
func (x *exprs) most(f string, open bool) expr {
	zeros := x.repeat(x.text("0"), 0, maxDigits)
	if f == "" {
		if open {
			return exprNone
		}
		return x.or(exprEmpty, x.concat(x.text(".0"), zeros))
	}
	digits := x.repeat(x.bytes('0', '9'), 0, maxDigits)
	e := zeros
	if open {
		e = exprNone
	}
	for i := len(f) - 1; i >= 0; i-- {
		e = x.concat(x.text(f[i:i+1]), e)
		if f[i] > '0' {
			e = x.or(e, x.concat(x.bytes('0', f[i]-1), digits))
		}
		if i > 0 {
			e = x.or(e, exprEmpty)
		}
	}
	return x.or(exprEmpty, x.concat(x.text("."), e))
}

// multiples matches the multiples of m, if their digits tell them.
func (g *Grammar) multiples(m *big.Rat) (e expr, ok bool) {
	x := g.x
	sign := x.repeat(x.text("-"), 0, 1)
	if m.IsInt() && m.Sign() > 0 && m.Num().IsInt64() && m.Num().Int64() <= maxModulus {
		return x.concat(sign, x.mod(int(m.Num().Int64()), 0)), true
	}
	places := 0
	for one := big.NewRat(1, 1); places < 20; places++ {
		if one.Cmp(m) == 0 {
			return x.concat(g.std.integer, x.or(exprEmpty, x.concat(x.text("."), x.repeat(x.bytes('0', '9'), 1, places)))), true
		}
		one.Quo(one, big.NewRat(10, 1))
	}
	return exprNone, false
}

// maxModulus is the largest divisor whose remainders are followed.
const maxModulus = 10_000
