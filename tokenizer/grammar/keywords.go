package grammar

import (
	"encoding/json"
	"math"
	"math/big"
	"slices"
)

// annotations are keywords that ask nothing of a value.
var annotations = map[string]bool{"$schema": true, "$id": true, "$comment": true, "$defs": true, "definitions": true,
	"$anchor": true, "$vocabulary": true, "title": true, "description": true, "default": true, "examples": true, "example": true,
	"deprecated": true, "readOnly": true, "writeOnly": true, "contentEncoding": true, "contentMediaType": true,
	"contentSchema": true, "then": true, "else": true, "minContains": true, "maxContains": true, "strict": true, "$dynamicAnchor": true}

// keyword adds what a keyword says; what it returns says why it cannot.
type keyword func(s *schemas, at source, m map[string]any, v any, f *facts) string

// keywords are those that a value must hold by itself.
var keywords = map[string]keyword{
	"type":  keywordType,
	"enum":  keywordEnum,
	"const": func(_ *schemas, _ source, _ map[string]any, v any, f *facts) string { f.choose([]any{v}); return "" },

	"minLength":     least(ofString),
	"maxLength":     most(ofString),
	"minItems":      least(ofArray),
	"maxItems":      most(ofArray),
	"minProperties": least(ofObject),
	"maxProperties": most(ofObject),

	"minimum":          bound(func(l *limits, r *big.Rat) { l.raise(r, false) }),
	"exclusiveMinimum": bound(func(l *limits, r *big.Rat) { l.raise(r, true) }),
	"maximum":          bound(func(l *limits, r *big.Rat) { l.lower(r, false) }),
	"exclusiveMaximum": bound(func(l *limits, r *big.Rat) { l.lower(r, true) }),

	"multipleOf":            keywordMultiple,
	"pattern":               keywordPattern,
	"format":                keywordFormat,
	"items":                 keywordItems,
	"prefixItems":           keywordItems,
	"additionalItems":       func(*schemas, source, map[string]any, any, *facts) string { return "" }, // read with items
	"properties":            keywordProperties,
	"patternProperties":     keywordProperties,
	"additionalProperties":  keywordProperties,
	"unevaluatedProperties": keywordUnevaluated,
	"required":              keywordRequired,
	"dependentRequired":     keywordDepends,
	"uniqueItems": func(_ *schemas, _ source, _ map[string]any, v any, f *facts) string {
		if v == false || f.size[ofArray].hi == 1 {
			return ""
		}
		return "items are not compared"
	},
}

func keywordType(_ *schemas, _ source, _ map[string]any, v any, f *facts) string {
	names := texts(v)
	if name, ok := v.(string); ok {
		names = []string{name}
	}
	var k kinds
	for _, n := range names {
		if kindNames[n] == 0 {
			return "a type of that name is not known"
		}
		k |= kindNames[n]
	}
	if k == 0 {
		return "want the name of a type, or several"
	}
	f.kinds &= k
	return ""
}

func keywordEnum(_ *schemas, _ source, _ map[string]any, v any, f *facts) string {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return "want a list of values"
	}
	f.choose(list)
	var k kinds // so that other keywords know what can come
	for _, v := range list {
		k |= kindOf(v)
	}
	f.kinds &= k
	return ""
}

func kindOf(v any) kinds {
	switch v.(type) {
	case nil:
		return isNull
	case bool:
		return isBool
	case json.Number:
		return isInteger | isFraction
	case string:
		return isString
	case []any:
		return isArray
	}
	return isObject
}

// count reads a size.
func count(v any) (int, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	r, ok := rational(n)
	if !ok || !r.IsInt() || r.Sign() < 0 {
		return 0, false
	}
	if !r.Num().IsInt64() || r.Num().Int64() > math.MaxInt32/2 {
		return math.MaxInt32 / 2, true
	}
	return int(r.Num().Int64()), true
}

func least(of int) keyword {
	return func(_ *schemas, _ source, _ map[string]any, v any, f *facts) string {
		n, ok := count(v)
		if !ok {
			return "want a whole number from 0 on"
		}
		f.size[of].narrow(span{n, forever})
		return ""
	}
}

func most(of int) keyword {
	return func(_ *schemas, _ source, _ map[string]any, v any, f *facts) string {
		n, ok := count(v)
		if !ok {
			return "want a whole number from 0 on"
		}
		f.size[of].narrow(span{0, n})
		return ""
	}
}

// reach is the largest magnitude of a bound, and of the denominator, that is held.
var reach = new(big.Int).Exp(big.NewInt(10), big.NewInt(maxDigits-4), nil)

func bound(take func(*limits, *big.Rat)) keyword {
	return func(_ *schemas, _ source, _ map[string]any, v any, f *facts) string {
		n, ok := v.(json.Number)
		if !ok {
			return "want a number"
		}
		r, ok := rational(n)
		if !ok || r.Num().CmpAbs(reach) > 0 || r.Denom().CmpAbs(reach) > 0 {
			return "the bound has too many digits"
		}
		take(&f.limits, r)
		return ""
	}
}

func keywordMultiple(s *schemas, _ source, _ map[string]any, v any, f *facts) string {
	n, ok := v.(json.Number)
	r, okR := rational(n)
	if !ok || !okR || r.Sign() <= 0 {
		return "want a number above 0"
	}
	if r.IsInt() && f.kinds&isInteger != 0 {
		f.kinds &^= isFraction
	}
	if r.Cmp(big.NewRat(1, 1)) == 0 {
		return ""
	}
	e, ok := s.g.multiples(r)
	if !ok {
		return "a divisor of that kind is not served"
	}
	f.multiple = append(f.multiple, e)
	return ""
}

func keywordPattern(s *schemas, _ source, _ map[string]any, v any, f *facts) string {
	p, ok := v.(string)
	if !ok {
		return "want a string"
	}
	e, err := s.g.x.regexp(p, jsonString, false)
	if err != nil {
		return err.Error()
	}
	if !s.g.x.live(e) {
		return "no text matches it"
	}
	f.patterns = append(f.patterns, e)
	return ""
}

func keywordFormat(s *schemas, _ source, _ map[string]any, v any, f *facts) string {
	name, _ := v.(string)
	if f.kinds&isString == 0 {
		return ""
	}
	p, ok := formats[name]
	if !ok {
		return "the format is not served"
	}
	e, err := s.g.x.regexp(p, jsonString, true)
	if err != nil {
		return err.Error()
	}
	f.patterns = append(f.patterns, e)
	return ""
}

// keywordItems reads all that one schema says of items, the first time that one of
// its keywords comes by.
func keywordItems(_ *schemas, at source, m map[string]any, v any, f *facts) string {
	part := arrayPart{}
	prefix, hasPrefix := m["prefixItems"].([]any)
	rest, hasRest := m["items"]
	name := "prefixItems"
	if list, ok := rest.([]any); ok && !hasPrefix { // drafts before 2020-12
		prefix, name = list, "items"
		rest, hasRest = m["additionalItems"]
		hasPrefix = false
	}
	if _, isItems := v.([]any); hasPrefix && hasRest && isItems {
		return "" // read with items
	}
	part.prefix = at.list(name, prefix)
	if hasRest {
		part.rest = at.below(rest, "items")
	}
	f.arrays = append(f.arrays, part)
	return ""
}

// keywordProperties reads all that one schema says of properties, with the first of
// its keywords that comes by.
func keywordProperties(s *schemas, at source, m map[string]any, v any, f *facts) string {
	for _, p := range f.objects {
		if p.at == at.path {
			return ""
		}
	}
	part := objectPart{at: at.path, properties: map[string]source{}}
	properties, _ := m["properties"].(map[string]any)
	for name, v := range properties {
		part.properties[name] = at.below(v, "properties", name)
	}
	patterns, _ := m["patternProperties"].(map[string]any)
	unread := ""
	for _, p := range sortedKeys(patterns) {
		e, err := s.g.x.regexp(p, jsonString, false)
		if err != nil {
			unread = err.Error()
			continue
		}
		part.patterns = append(part.patterns, patternSource{e, at.below(patterns[p], "patternProperties", p)})
	}
	if others, ok := m["additionalProperties"]; ok && unread == "" {
		part.others = at.below(others, "additionalProperties")
	}
	f.objects = append(f.objects, part)
	return unread
}

func keywordUnevaluated(s *schemas, at source, m map[string]any, v any, f *facts) string {
	for _, k := range []string{"$ref", "allOf", "anyOf", "oneOf", "if", "dependentSchemas", "not", "additionalProperties"} {
		if _, ok := m[k]; ok {
			return "it stands beside " + k
		}
	}
	if v == true {
		return ""
	}
	f.objects = slices.DeleteFunc(f.objects, func(p objectPart) bool { return p.at == at.path })
	own := map[string]any{"properties": m["properties"], "patternProperties": m["patternProperties"], "additionalProperties": v}
	return keywordProperties(s, at, own, v, f)
}

func keywordRequired(_ *schemas, _ source, _ map[string]any, v any, f *facts) string {
	if _, ok := v.([]any); !ok {
		return "want a list of names"
	}
	f.required = append(f.required, texts(v)...)
	return ""
}

func keywordDepends(_ *schemas, _ source, _ map[string]any, v any, f *facts) string {
	m, ok := v.(map[string]any)
	if !ok {
		return "want an object"
	}
	if f.depends == nil {
		f.depends = map[string][]string{}
	}
	for name, list := range m {
		f.depends[name] = append(slices.Clone(f.depends[name]), texts(list)...)
	}
	return ""
}

// keywordNames serves conditions on property names that are those of strings. It
// makes choices itself, so it is not among keywords.
func keywordNames(s *schemas, at source, v any, f *facts) {
	all := s.ways([]source{at.below(v, "propertyNames")})
	var parts []expr
	for i := range all {
		n := &all[i]
		switch size := n.size[ofString]; {
		case n.kinds&isString == 0:
		case n.chosen:
			for _, v := range n.values {
				if name, ok := v.(string); ok {
					text := quoted(name)
					parts = append(parts, s.g.x.text(text[1:len(text)-1]))
				}
			}
		default:
			parts = append(parts, s.g.x.and(append(slices.Clone(n.patterns), s.g.x.repeat(s.g.std.key, size.lo, size.hi))...))
		}
	}
	f.names = append(f.names, s.g.x.or(parts...))
}
