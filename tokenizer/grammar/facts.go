package grammar

import (
	"maps"
	"slices"
)

// kinds is a set of JSON's types.
type kinds uint8

const (
	isNull kinds = 1 << iota
	isBool
	isInteger
	isFraction // a number that need not be whole
	isString
	isArray
	isObject
	isAny kinds = 1<<iota - 1
)

var kindNames = map[string]kinds{"null": isNull, "boolean": isBool, "integer": isInteger, "number": isInteger | isFraction,
	"string": isString, "array": isArray, "object": isObject}

// facts is what a value must be, with every choice between schemas made.
type facts struct {
	kinds    kinds
	values   []any // of enum and const; nil for any
	chosen   bool  // values is set
	patterns []expr
	size     [3]span // of strings, arrays and objects
	limits   limits
	multiple []expr
	arrays   []arrayPart
	objects  []objectPart
	required []string
	names    []expr // what property names must match
	depends  map[string][]string
}

// span is a range of sizes.
type span struct{ lo, hi int }

const (
	ofString = iota
	ofArray
	ofObject
)

func (s *span) narrow(t span) {
	s.lo = max(s.lo, t.lo)
	if t.hi != forever && (s.hi == forever || t.hi < s.hi) {
		s.hi = t.hi
	}
}

// arrayPart is what one schema says of items.
type arrayPart struct {
	prefix []source
	rest   source
}

// at is the schema of an item.
func (a *arrayPart) at(i int) source {
	if i < len(a.prefix) {
		return a.prefix[i]
	}
	return a.rest
}

// objectPart is what one schema says of properties.
type objectPart struct {
	at         string // the path of its schema
	properties map[string]source
	patterns   []patternSource
	others     source
}

type patternSource struct {
	pattern expr
	source
}

func newFacts() facts {
	f := facts{kinds: isAny}
	for i := range f.size {
		f.size[i].hi = forever
	}
	return f
}

// clone is a copy that may be added to.
func (f *facts) clone() facts {
	c := *f
	c.patterns, c.multiple, c.names = slices.Clone(f.patterns), slices.Clone(f.multiple), slices.Clone(f.names)
	c.arrays, c.objects, c.required = slices.Clone(f.arrays), slices.Clone(f.objects), slices.Clone(f.required)
	c.depends = maps.Clone(f.depends)
	return c
}

// choose leaves only values that are among those given.
func (f *facts) choose(values []any) {
	if !f.chosen {
		f.values, f.chosen = values, true
		return
	}
	among := map[string]bool{}
	for _, v := range values {
		among[canonical(v)] = true
	}
	f.values = slices.DeleteFunc(slices.Clone(f.values), func(v any) bool { return !among[canonical(v)] })
}
