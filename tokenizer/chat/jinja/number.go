package jinja

import (
	"cmp"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// numeric makes int64, *big.Int or float64 of a number or bool.
func numeric(v any) (any, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return int64(1), true
		}
		return int64(0), true
	case int64, float64, *big.Int:
		return v, true
	}
	return nil, false
}

// number reads what JSON calls a number. Integers may be of any size.
func number(s string) any {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i
	}
	if !strings.ContainsAny(s, ".eE") && len(s) < 1000 {
		if i, ok := new(big.Int).SetString(s, 10); ok {
			return i
		}
	}
	f, _ := strconv.ParseFloat(s, 64)
	return f
}

func toFloat(v any) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case *big.Int:
		f, _ := v.Float64()
		return f
	case float64:
		return v
	}
	return math.NaN()
}

// toBig is v, which is no float, as an integer.
func toBig(v any) *big.Int {
	if i, ok := v.(int64); ok {
		return big.NewInt(i)
	}
	return v.(*big.Int)
}

// compareNumbers is -1, 0 or 1, or 2 where one is no number.
func compareNumbers(a, b any) int {
	i, whole1 := a.(int64)
	j, whole2 := b.(int64)
	if whole1 && whole2 {
		return cmp.Compare(i, j)
	}
	_, f1 := a.(float64)
	_, f2 := b.(float64)
	if !f1 && !f2 {
		return toBig(a).Cmp(toBig(b))
	}
	x, y := toFloat(a), toFloat(b)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	case x == y:
		return 0
	}
	return 2
}

// arithmetic is Python's on two numbers. Integers that outgrow 64 bits are an
// error: no template needs them, and they could grow without end.
func (r *run) arithmetic(op string, a, b any) any {
	i, whole1 := a.(int64)
	j, whole2 := b.(int64)
	if whole1 && whole2 {
		if k, ok := small(op, i, j); ok {
			return k
		}
	}
	r.numbers(a, b)
	_, f1 := a.(float64)
	_, f2 := b.(float64)
	if !f1 && !f2 && op != "/" {
		return r.integers(op, toBig(a), toBig(b))
	}
	x, y := toFloat(a), toFloat(b)
	if y == 0 && (op == "/" || op == "//" || op == "%") {
		r.fail("division by zero")
	}
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "/":
		return x / y
	case "//":
		return math.Floor(x / y)
	case "%":
		m := math.Mod(x, y)
		if m != 0 && (m < 0) != (y < 0) {
			m += y
		}
		return m
	}
	return math.Pow(x, y)
}

// small is the result where neither the numbers nor the result need more than
// half of an int64, as nearly always.
func small(op string, x, y int64) (int64, bool) {
	const half = 1 << 31
	if x >= half || x <= -half || y >= half || y <= -half {
		return 0, false
	}
	switch op {
	case "+":
		return x + y, true
	case "-":
		return x - y, true
	case "*":
		return x * y, true
	case "//", "%":
		if y == 0 {
			return 0, false
		}
		q, m := x/y, x%y // to zero; Python's goes down
		if m != 0 && (m < 0) != (y < 0) {
			q, m = q-1, m+y
		}
		if op == "//" {
			return q, true
		}
		return m, true
	}
	return 0, false
}

// digitsWork is the steps that the hundreds of digits of a float take.
const digitsWork = 300

// digits counts work on an integer of any size.
func (r *run) digits(i *big.Int) { r.spend(i.BitLen() / 16) }

// numbers counts work on two numbers, of which most take none worth counting.
func (r *run) numbers(a, b any) {
	if i, ok := a.(*big.Int); ok {
		r.digits(i)
	}
	if i, ok := b.(*big.Int); ok {
		r.digits(i)
	}
}

func (r *run) integers(op string, x, y *big.Int) any {
	z := new(big.Int)
	switch op {
	case "+":
		z.Add(x, y)
	case "-":
		z.Sub(x, y)
	case "*":
		z.Mul(x, y)
	case "//", "%":
		if y.Sign() == 0 {
			r.fail("integer division or modulo by zero")
		}
		m := new(big.Int)
		z.QuoRem(x, y, m) // to zero; Python's goes down
		if m.Sign() != 0 && m.Sign() != y.Sign() {
			z.Sub(z, big.NewInt(1))
			m.Add(m, y)
		}
		if op == "%" {
			z = m
		}
	case "**":
		if y.Sign() < 0 {
			if x.Sign() == 0 {
				r.fail("0.0 cannot be raised to a negative power")
			}
			return math.Pow(toFloat(x), toFloat(y))
		}
		if x.BitLen() > 1 && (!y.IsInt64() || y.Int64() > 63 || int64(x.BitLen()-1)*y.Int64() > 63) {
			r.fail("a number is too large")
		}
		if !y.IsInt64() {
			y = new(big.Int).And(y, big.NewInt(1))
		}
		z.Exp(x, y, nil)
	}
	if !z.IsInt64() {
		r.fail("a number is too large")
	}
	return z.Int64()
}

// formatFloat prints a float as Python does: the shortest digits that read back
// the same, always with a point or an exponent.
func formatFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	exp, _ := strconv.Atoi(s[strings.IndexByte(s, 'e')+1:])
	if exp < -4 || exp >= 16 {
		return s
	}
	s = strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
