package jinja

import (
	"math/big"
	"strings"
)

type test = func(f *frame, v any, a args) bool

// tests is every test by name.
var tests = map[string]test{
	"boolean":     func(_ *frame, v any, _ args) bool { _, ok := v.(bool); return ok },
	"callable":    testCallable,
	"defined":     func(_ *frame, v any, _ args) bool { _, ok := v.(undefined); return !ok },
	"undefined":   func(_ *frame, v any, _ args) bool { _, ok := v.(undefined); return ok },
	"divisibleby": func(f *frame, v any, a args) bool { return f.modulo(v, a.get(0, "num")) == int64(0) },
	"even":        func(f *frame, v any, _ args) bool { return f.modulo(v, int64(2)) == int64(0) },
	"odd":         func(f *frame, v any, _ args) bool { return f.modulo(v, int64(2)) == int64(1) },
	"eq":          relation("=="),
	"equalto":     relation("=="),
	"ne":          relation("!="),
	"gt":          relation(">"),
	"greaterthan": relation(">"),
	"ge":          relation(">="),
	"lt":          relation("<"),
	"lessthan":    relation("<"),
	"le":          relation("<="),
	"in":          func(f *frame, v any, a args) bool { return f.contains(a.get(0, "seq"), v) },
	"true":        func(_ *frame, v any, _ args) bool { return v == true },
	"false":       func(_ *frame, v any, _ args) bool { return v == false },
	"none":        func(_ *frame, v any, _ args) bool { return v == nil },
	"float":       func(_ *frame, v any, _ args) bool { _, ok := v.(float64); return ok },
	"integer":     testInteger,
	"number":      func(_ *frame, v any, _ args) bool { _, ok := numeric(v); return ok },
	"string":      func(_ *frame, v any, _ args) bool { _, ok := asText(v); return ok },
	"mapping":     func(_ *frame, v any, _ args) bool { _, ok := v.(*Dict); return ok },
	"iterable":    testIterable,
	"sequence":    testSequence,
	"sameas":      testSame,
	"lower":       func(f *frame, v any, _ args) bool { return f.isCase(f.str(v), strings.ToLower) },
	"upper":       func(f *frame, v any, _ args) bool { return f.isCase(f.str(v), strings.ToUpper) },
	"escaped":     func(_ *frame, v any, _ args) bool { _, ok := v.(markup); return ok },
	"filter": func(f *frame, v any, _ args) bool {
		s, ok := asText(v)
		f.skim(len(s))
		return ok && f.filters[s] != nil
	},
	"test": func(f *frame, v any, _ args) bool { s, ok := asText(v); f.skim(len(s)); return ok && f.tests[s] != nil },
}

// isCase is whether a text has letters with a case and all are as to makes them.
func (r *run) isCase(s string, to func(string) string) bool {
	for range 3 {
		r.cased(s)
	}
	return s == to(s) && strings.ToLower(s) != strings.ToUpper(s)
}

func relation(op string) test {
	return func(f *frame, v any, a args) bool { return f.related(op, v, a.get(0, "other")) }
}

func (f *frame) modulo(v, n any) any {
	x, ok1 := numeric(f.need(v))
	y, ok2 := numeric(f.need(n))
	if !ok1 || !ok2 {
		f.fail("unsupported operand type(s) for %%: '%s' and '%s'", typeName(v), typeName(n))
	}
	m := f.arithmetic("%", x, y)
	if x, ok := m.(float64); ok && x == float64(int64(x)) {
		return int64(x)
	}
	return m
}

func testCallable(_ *frame, v any, _ args) bool {
	switch v.(type) {
	case function, method, *closure, *loopState:
		return true
	case undefined: // has __call__, which fails
		return true
	}
	return false
}

func testInteger(_ *frame, v any, _ args) bool {
	switch v.(type) {
	case int64, *big.Int:
		return true
	}
	return false
}

func testIterable(_ *frame, v any, _ args) bool {
	switch v.(type) {
	case string, markup, list, tuple, *Dict, iterator, undefined, *loopState:
		return true
	}
	return false
}

func testSequence(_ *frame, v any, _ args) bool {
	switch v.(type) {
	case string, markup, list, tuple, *Dict, undefined:
		return true
	}
	return false
}

// testSame is Python's "is": sure for None, bools and what has an identity;
// small integers are one object there.
func testSame(f *frame, v any, a args) bool {
	other := a.get(0, "other")
	switch v := v.(type) {
	case nil, bool, int64, *Dict, *namespace, *closure, *loopState:
		return v == other
	case string:
		f.skim(len(v))
		return v == other
	}
	return false
}
