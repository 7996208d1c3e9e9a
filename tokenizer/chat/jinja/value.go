package jinja

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
)

// The values of a template are nil (None), bool, int64, *big.Int, float64,
// string, markup, list, tuple, *Dict, iterator, undefined, *namespace,
// *loopState and what can be called: function, *closure, method.
type (
	list  []any
	tuple []any

	// iterator is what Python makes lazily: it can be gone through, and no
	// more. Views of dictionaries (kind "dict_keys" ...) have a length.
	iterator struct {
		kind  string
		items []any
	}

	// markup is a string that the safe filter has been over: added to another
	// string it escapes that one, as in Jinja2.
	markup string

	// undefined is a name, attribute or item that is not there, and the words
	// that say so when something is done with it that needs a value: a format
	// in which %[1]s stands for what was asked for, and %[2]s for the object.
	undefined struct {
		why       string
		about, of any
	}

	namespace struct{ vars *Dict }

	function func(*frame, args) any

	// method is a function of a value.
	method struct {
		of   any
		name string
		fn   func(*frame, any, args) any
	}
)

// Dict is a mapping that keeps the order of its keys, as Python's does: what
// tojson prints depends on it. The zero value is empty and ready for use. Keys
// are strings, integers, floats, bools or nil.
type Dict struct {
	keys   []any
	values []any
	index  map[any]int
}

// Set adds a key at the end or gives a key that is there another value.
func (d *Dict) Set(key, value any) {
	k := hashed(key)
	if i, ok := d.index[k]; ok {
		d.values[i] = value
		return
	}
	if d.index == nil {
		d.index = map[any]int{}
	}
	d.index[k] = len(d.keys)
	d.keys, d.values = append(d.keys, key), append(d.values, value)
}

// Get returns the value of a key and whether it is there.
func (d *Dict) Get(key any) (any, bool) {
	i, ok := d.index[hashed(key)]
	if !ok {
		return nil, false
	}
	return d.values[i], true
}

// Clone is a dictionary of the same keys and values.
func (d *Dict) Clone() *Dict {
	return &Dict{slices.Clone(d.keys), slices.Clone(d.values), maps.Clone(d.index)}
}

// Len is the number of keys.
func (d *Dict) Len() int { return len(d.keys) }

// hashed makes keys equal that are equal in Python: 1, 1.0 and True.
func hashed(key any) any {
	switch k := key.(type) {
	case bool:
		if k {
			return int64(1)
		}
		return int64(0)
	case float64:
		if k == math.Trunc(k) && math.Abs(k) < 1<<62 {
			return int64(k)
		}
	case markup:
		return string(k)
	case *big.Int:
		return "\x00int " + k.String()
	}
	return key
}

// key checks that a value can be a key.
func (r *run) key(v any) any {
	switch v.(type) {
	case nil, bool, int64, float64, string, markup, *big.Int:
		return v
	}
	r.fail("unhashable type: '%s'", typeName(v))
	return nil
}

// get is Dict.Get, and put Dict.Set, within the budget.
func (r *run) get(d *Dict, key any) (any, bool) {
	r.hashes(key)
	return d.Get(key)
}

func (r *run) put(d *Dict, key, value any) {
	r.hashes(key)
	r.alloc(entrySize)
	d.Set(key, value)
}

// hashes counts the work of looking a key up.
func (r *run) hashes(key any) {
	switch k := key.(type) {
	case string:
		r.skim(len(k))
	case markup:
		r.skim(len(k))
	case *big.Int:
		r.digits(k)
	}
}

// Items returns a copy of a list's items, and whether v is a list.
func Items(v any) ([]any, bool) {
	l, ok := v.(list)
	return slices.Clone([]any(l)), ok
}

// FromGo makes a template's value of a Go value: maps with string keys become
// dictionaries in the order of their keys, slices lists, and structs what
// encoding/json makes of them. Values of a template stay as they are.
func FromGo(v any) (value any, err error) {
	defer rescue(&err)
	return (&run{}).fromGo(v, 0), nil
}

func (r *run) fromGo(v any, depth int) any {
	if depth > maxDepth {
		r.fail("a value is nested more than %d deep", maxDepth)
	}
	switch v := v.(type) {
	case nil, bool, int64, float64, string, *big.Int, *Dict, list, tuple, function, undefined:
		return v
	case int:
		return int64(v)
	case json.Number:
		return number(string(v))
	case []any:
		out := make(list, len(v))
		for i, item := range v {
			out[i] = r.fromGo(item, depth+1)
		}
		return out
	case map[string]any:
		d := &Dict{}
		for _, k := range sortedKeys(v) {
			d.Set(k, r.fromGo(v[k], depth+1))
		}
		return d
	}
	rv := reflect.ValueOf(v)
	switch {
	case rv.Kind() == reflect.Slice && rv.Type().Elem().Kind() != reflect.Uint8:
		out := make(list, rv.Len())
		for i := range out {
			out[i] = r.fromGo(rv.Index(i).Interface(), depth+1)
		}
		return out
	case rv.Kind() == reflect.Map && rv.Type().Key().Kind() == reflect.String:
		m := make(map[string]any, rv.Len())
		for it := rv.MapRange(); it.Next(); {
			m[it.Key().String()] = it.Value().Interface()
		}
		return r.fromGo(m, depth)
	}
	data, err := json.Marshal(v)
	if err != nil {
		r.fail("a value of type %T has no meaning in a template: %v", v, err)
	}
	out, err := DecodeJSON(data)
	if err != nil {
		r.fail("a value of type %T has no meaning in a template: %v", v, err)
	}
	return out
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// typeName is Python's name of a value's type.
func typeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case markup:
		return "Markup"
	case list:
		return "list"
	case tuple:
		return "tuple"
	case *Dict:
		return "dict"
	case iterator:
		return v.kind
	case undefined:
		return "Undefined"
	case *namespace:
		return "Namespace"
	case *loopState:
		return "LoopContext"
	case *closure:
		return "Macro"
	}
	return "function"
}

// truth is whether a value counts as true.
func (r *run) truth(v any) bool {
	switch v := v.(type) {
	case nil, undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case markup:
		return v != ""
	case list:
		return len(v) > 0
	case tuple:
		return len(v) > 0
	case *Dict:
		return v.Len() > 0
	case iterator:
		return len(v.items) > 0 || v.kind == "generator"
	}
	return true
}

// iterate returns the items of a value that a for loop goes through.
func (r *run) iterate(v any) []any {
	switch v := v.(type) {
	case undefined:
		return nil
	case list:
		return v
	case tuple:
		return v
	case *Dict:
		return v.keys
	case iterator:
		return v.items
	case markup:
		return r.iterate(string(v))
	case string:
		n := r.count(v)
		r.slots(n)
		out := make([]any, 0, n)
		for _, c := range v {
			out = append(out, string(c))
		}
		return out
	case *loopState:
		var out []any
		for v.advance() {
			r.slots(1)
			out = append(out, v.current)
		}
		return out
	}
	r.fail("'%s' object is not iterable", typeName(v))
	return nil
}

// text returns the string that v is, if it is one.
func asText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case markup:
		return string(v), true
	}
	return "", false
}

// down guards what goes into values: a template can nest them without end.
func (r *run) down() {
	r.spend(1)
	if r.nested++; r.nested > maxNested {
		r.fail("a value is nested too deep")
	}
}

func (r *run) up() { r.nested-- }

// equal is Python's ==.
func (r *run) equal(a, b any) bool {
	r.down()
	defer r.up()
	if x, ok := numeric(a); ok {
		y, ok := numeric(b)
		r.numbers(x, y)
		return ok && compareNumbers(x, y) == 0
	}
	if s, ok := asText(a); ok {
		t, ok := asText(b)
		if !ok || len(s) != len(t) {
			return false
		}
		r.skim(len(s))
		return s == t
	}
	switch a := a.(type) {
	case nil:
		return b == nil
	case undefined:
		_, ok := b.(undefined)
		return ok
	case list:
		b, ok := b.(list)
		return ok && slices.EqualFunc(a, b, r.equal)
	case tuple:
		b, ok := b.(tuple)
		return ok && slices.EqualFunc(a, b, r.equal)
	case *Dict:
		b, ok := b.(*Dict)
		if !ok || a.Len() != b.Len() {
			return false
		}
		for i, k := range a.keys {
			if v, ok := r.get(b, k); !ok || !r.equal(a.values[i], v) {
				return false
			}
		}
		return true
	case *namespace:
		return any(a) == b
	case *loopState:
		return any(a) == b
	case *closure:
		return any(a) == b
	}
	return false
}

// compare is -1, 0 or 1, for numbers, strings and lists of them.
func (r *run) compare(a, b any, op string) int {
	r.down()
	defer r.up()
	if x, ok := numeric(a); ok {
		if y, ok := numeric(b); ok {
			r.numbers(x, y)
			return compareNumbers(x, y)
		}
	}
	if s, ok := asText(a); ok {
		if t, ok := asText(b); ok {
			r.skim(min(len(s), len(t)))
			return strings.Compare(s, t)
		}
	}
	x, ok1 := a.(list)
	y, ok2 := b.(list)
	if !ok1 || !ok2 {
		var s, t tuple
		s, ok1 = a.(tuple)
		t, ok2 = b.(tuple)
		x, y = list(s), list(t)
	}
	if !ok1 || !ok2 {
		r.need(a)
		r.need(b)
		r.fail("'%s' not supported between instances of '%s' and '%s'", op, typeName(a), typeName(b))
	}
	for i := range min(len(x), len(y)) {
		if !r.equal(x[i], y[i]) {
			return r.compare(x[i], y[i], op)
		}
	}
	return cmp.Compare(len(x), len(y))
}

// need fails for an undefined value.
func (r *run) need(v any) any {
	if u, ok := v.(undefined); ok {
		r.fail("%s", u.String())
	}
	return v
}

// String is what an error says of it.
func (u undefined) String() string {
	if !strings.Contains(u.why, "%[") {
		return u.why
	}
	about := typeName(u.about)
	switch v := u.about.(type) {
	case string:
		about = quote(shortened(v, 60))
	case nil, bool, int64, float64:
		about = (&run{budget: newBudget(context.Background(), 0)}).str(v)
	}
	return strings.NewReplacer("%[1]s", about, "%[2]s", objectName(u.of)).Replace(u.why)
}
