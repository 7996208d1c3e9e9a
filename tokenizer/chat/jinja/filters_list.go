package jinja

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// member finds what attribute= asks for: items by name or number, dots between.
func (f *frame) member(v any, path any) any {
	if n, ok := path.(int64); ok {
		return f.item(v, n)
	}
	rest := f.str(path)
	f.scan(len(rest))
	for more := true; more; {
		var part string
		part, rest, more = strings.Cut(rest, ".")
		f.spend(1)
		if n, ok := index(part); ok {
			v = f.item(v, n)
		} else {
			v = f.item(v, part)
		}
	}
	return v
}

// index reads the number of an item.
func index(s string) (int64, bool) {
	if len(s) > 20 || strings.Trim(s, "+-0123456789") != "" {
		return 0, false // an error of ParseInt takes memory
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

func filterMap(f *frame, v any, a args) any {
	f.down() // a map may map
	defer f.up()
	if !f.truth(v) { // whatever it is
		return iterator{"generator", nil}
	}
	var each func(any) any
	if path, ok := a.named["attribute"]; ok && len(a.pos) == 0 {
		absent, has := a.named["default"]
		each = func(item any) any {
			m := f.member(item, path)
			if _, none := m.(undefined); none && has {
				return absent
			}
			return m
		}
	} else {
		name := a.text(f, 0, "", "")
		f.skim(len(name))
		fn := f.filters[name]
		if fn == nil {
			f.fail("map wants a filter or attribute=, not %s", quote(name))
		}
		rest := args{pos: a.pos[1:], named: a.named}
		each = func(item any) any { return fn(f, item, rest) }
	}
	items := f.iterate(v)
	f.slots(len(items))
	out := make([]any, 0, len(items))
	for _, item := range items {
		f.spend(1)
		out = append(out, each(item))
	}
	return iterator{"generator", out}
}

// choose is select, reject, selectattr and rejectattr.
func (f *frame) choose(v any, a args, byAttr, want bool) any {
	if !f.truth(v) { // whatever it is
		return iterator{"generator", nil}
	}
	of, pos := func(item any) any { return item }, a.pos
	if byAttr {
		if len(pos) == 0 {
			f.fail("wanted the name of an attribute")
		}
		path := pos[0]
		of, pos = func(item any) any { return f.member(item, path) }, pos[1:]
	}
	check := func(item any) bool { return f.truth(item) }
	if len(pos) > 0 {
		name := f.str(pos[0])
		f.skim(len(name))
		fn := f.tests[name]
		if fn == nil {
			f.fail("no test named %s", quote(name))
		}
		rest := args{pos: pos[1:], named: a.named}
		check = func(item any) bool { return fn(f, item, rest) }
	}
	items := f.iterate(v)
	f.slots(len(items))
	out := make([]any, 0, len(items))
	for _, item := range items {
		f.spend(1)
		if check(of(item)) == want {
			out = append(out, item)
		}
	}
	return iterator{"generator", out}
}

// sorted orders items by key; equal ones stay in their order.
func (r *run) sorted(items []any, key func(any) any, reverse bool) []any {
	type pair struct{ item, key any }
	r.slots(times(len(items), 2))
	pairs := make([]pair, len(items))
	for i, item := range items {
		pairs[i] = pair{item, key(item)}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int {
		r.spend(1)
		n := r.compare(a.key, b.key, "<")
		if reverse {
			return -n
		}
		return n
	})
	out := make([]any, len(items))
	for i, p := range pairs {
		out[i] = p.item
	}
	return out
}

// sortKey is what sort, min, max, unique and groupby compare.
func (f *frame) sortKey(path any, caseSensitive bool) func(any) any {
	return func(v any) any {
		if path != nil {
			v = f.member(v, path)
		}
		if s, ok := asText(v); ok && !caseSensitive {
			f.cased(s)
			return strings.ToLower(s)
		}
		return v
	}
}

func filterSort(f *frame, v any, a args) any {
	items := f.iterate(v)
	paths := []any{a.get(2, "attribute")}
	if s, ok := asText(paths[0]); ok && strings.Contains(s, ",") {
		f.scan(len(s))
		f.slots(strings.Count(s, ","))
		paths = nil
		for _, p := range strings.Split(s, ",") {
			paths = append(paths, p)
		}
	}
	sensitive := a.bool(f, 1, "case_sensitive", false)
	key := f.sortKey(paths[0], sensitive)
	if len(paths) > 1 {
		key = func(v any) any {
			f.slots(len(paths))
			var k tuple
			for _, p := range paths {
				k = append(k, f.sortKey(p, sensitive)(v))
			}
			return k
		}
	}
	return list(f.sorted(items, key, a.bool(f, 0, "reverse", false)))
}

func filterDictsort(f *frame, v any, a args) any {
	d, ok := v.(*Dict)
	if !ok {
		f.fail("dictsort wants a mapping, not %s", typeName(v))
	}
	pos := int64(0)
	if a.text(f, 1, "by", "key") == "value" {
		pos = 1
	}
	key := f.sortKey(pos, a.bool(f, 0, "case_sensitive", false))
	return list(f.sorted(f.pairs(d), key, a.bool(f, 2, "reverse", false)))
}

func (f *frame) pairs(d *Dict) []any {
	f.slots(times(d.Len(), 3))
	out := make([]any, d.Len())
	for i, k := range d.keys {
		out[i] = tuple{k, d.values[i]}
	}
	return out
}

func filterItems(f *frame, v any, _ args) any {
	switch v := v.(type) {
	case undefined:
		return iterator{"generator", nil}
	case *Dict:
		return iterator{"generator", f.pairs(v)}
	}
	f.fail("Can only get item pairs from a mapping.")
	return nil
}

func filterGroupby(f *frame, v any, a args) any {
	path := a.get(0, "attribute")
	sensitive := a.bool(f, 2, "case_sensitive", false)
	raw := func(item any) any {
		m := f.member(item, path)
		if _, none := m.(undefined); none && a.has(1, "default") {
			return a.get(1, "default")
		}
		return m
	}
	key := func(item any) any {
		k := raw(item)
		if s, ok := asText(k); ok && !sensitive {
			f.cased(s)
			return strings.ToLower(s)
		}
		return k
	}
	var out list
	var last any
	for i, item := range f.sorted(f.iterate(v), key, false) {
		k := key(item)
		if i == 0 || !f.equal(k, last) {
			f.slots(5)
			out, last = append(out, tuple{raw(item), list{}}), k
		}
		f.slots(2)
		group := out[len(out)-1].(tuple)
		group[1] = append(group[1].(list), item)
	}
	return out
}

func filterUnique(f *frame, v any, a args) any {
	key := f.sortKey(a.get(1, "attribute"), a.bool(f, 0, "case_sensitive", false))
	seen := &Dict{}
	var out []any
	for _, item := range f.iterate(v) {
		f.spend(1)
		k := f.key(key(item))
		if _, ok := f.get(seen, k); !ok {
			f.put(seen, k, true)
			f.slots(2)
			out = append(out, item)
		}
	}
	return iterator{"generator", out}
}

func filterJoin(f *frame, v any, a args) any {
	with, path := a.text(f, 0, "d", ""), a.get(1, "attribute")
	b := f.buffer()
	for i, item := range f.iterate(v) {
		f.spend(1)
		if i > 0 {
			b.write(with)
		}
		if path != nil {
			item = f.member(item, path)
		}
		b.write(f.str(item))
	}
	return b.String()
}

func filterFirst(f *frame, v any, _ args) any {
	if s, ok := asText(v); ok && s != "" {
		first, _ := f.at(s, 0)
		return first
	}
	if items := f.iterate(v); len(items) > 0 {
		return items[0]
	}
	return undefined{why: "No first item, sequence was empty."}
}

func filterLast(f *frame, v any, _ args) any {
	if it, ok := v.(iterator); ok && it.kind == "generator" {
		f.fail("'generator' object is not reversible")
	}
	if s, ok := asText(v); ok && s != "" {
		last, _ := f.at(s, -1)
		return last
	}
	if items := f.iterate(v); len(items) > 0 {
		return items[len(items)-1]
	}
	return undefined{why: "No last item, sequence was empty."}
}

func filterReverse(f *frame, v any, _ args) any {
	if s, ok := asText(v); ok {
		f.text(times(len(s), 6)) // what is no UTF-8 grows
		b := make([]byte, 0, len(s))
		for end := len(s); end > 0; {
			r, n := utf8.DecodeLastRuneInString(s[:end])
			b = utf8.AppendRune(b, r)
			end -= n
		}
		return string(b)
	}
	items := f.appended(f.iterate(v), nil)
	slices.Reverse(items)
	return iterator{"generator", items}
}

func filterBatch(f *frame, v any, a args) any {
	n := int(a.int(f, 0, "linecount", 0))
	if n < 1 {
		f.fail("batch wants a count of at least 1")
	}
	fill := a.get(1, "fill_with")
	var out []any
	for group := range slices.Chunk(f.iterate(v), n) {
		size := len(group)
		if fill != nil {
			size = n
		}
		f.slots(2) // of out
		f.slots(size)
		group = append(make([]any, 0, size), group...)
		if fill != nil {
			for len(group) < n {
				group = append(group, fill)
			}
		}
		out = append(out, list(group))
	}
	return iterator{"generator", out}
}

func filterSum(f *frame, v any, a args) any {
	path := a.get(0, "attribute")
	total := a.get(1, "start")
	if total == nil {
		total = int64(0)
	}
	for _, item := range f.iterate(v) {
		f.spend(1)
		if path != nil {
			item = f.member(item, path)
		}
		x, ok1 := numeric(total)
		y, ok2 := numeric(f.need(item))
		if ok1 && ok2 {
			total = f.arithmetic("+", x, y)
			continue
		}
		joined, ok := f.joined(total, item)
		if _, text := asText(item); !ok || text {
			f.fail("unsupported operand type(s) for +: '%s' and '%s'", typeName(total), typeName(item))
		}
		total = joined
	}
	return total
}

// extreme is min (way -1) and max (way 1).
func (f *frame) extreme(v any, a args, way int) any {
	key := f.sortKey(a.get(1, "attribute"), a.bool(f, 0, "case_sensitive", false))
	var best any = undefined{why: "No aggregated item, sequence was empty."}
	for i, item := range f.iterate(v) {
		f.spend(1)
		if i == 0 || f.compare(key(item), key(best), "<")*way > 0 {
			best = item
		}
	}
	return best
}
