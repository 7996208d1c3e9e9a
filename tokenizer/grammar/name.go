package grammar

import (
	"fmt"
	"slices"
)

// nameAt is a place in the name of a property: the known names that begin with what
// is written so far, and what is left of the patterns.
type nameAt struct {
	*objectPlace
	room     bool // for more properties than those that must come
	depth    int  // bytes written
	from, to int  // of the properties
	rest     expr // of names
	patterns []expr
}

func (k *nameAt) cell(g *Grammar) int32 {
	if k.from == k.to { // no name is near: all places are alike
		k.depth, k.from, k.to = 0, 0, 0
	}
	name := fmt.Sprintf("name %d %d %d %d %d %v", k.objectPlace.cell(g), k.depth, k.from, k.to, k.rest, k.patterns)
	return g.cell(name, func() expander { return k })
}

// body is what a further name may go on with.
func (k *nameAt) body() expr { return k.rest }

// alive tells whether a name can be completed.
func (k *nameAt) alive() bool {
	if k.rest != exprNone {
		return true
	}
	for i := k.from; i < k.to; i++ {
		if k.open(i, k.room) {
			return true
		}
	}
	return false
}

// narrow keeps the texts of from to to that go on with a byte.
func narrow(from, to, depth int, b byte, text func(int) string) (int, int) {
	for from < to && (len(text(from)) == depth || text(from)[depth] < b) {
		from++
	}
	end := from
	for end < to && text(end)[depth] == b {
		end++
	}
	return from, end
}

func (k *nameAt) property(i int) string { return k.properties[i].text }

func (k *nameAt) expand(g *Grammar) (e expansion) {
	x := g.x
	if k.from == k.to && len(k.patterns) == 0 { // as a pattern: what is known of its tokens serves every object
		if next, ok := k.further(g); ok {
			return steps(match(x.concat(k.rest, g.std.quote), next))
		}
		return e
	}
	bounds := x.all[k.rest].bounds
	for _, p := range k.patterns {
		bounds = bounds.or(x.all[p].bounds)
	}
	single := func(text string) {
		if len(text) > k.depth {
			b := text[k.depth]
			bounds.add(b)
			bounds.add(b + 1) // no name has the byte 255
		}
	}
	for i := k.from; i < k.to; i++ {
		single(k.property(i))
	}
	bounds.add('"')
	bounds.add('"' + 1)
	for lo := 0; lo < 256; {
		end := bounds.next(lo + 1)
		if to, ok := k.ends(g, byte(lo)); ok {
			e.arcs = append(e.arcs, arc{'"', '"', to})
		} else if to := k.behind(x, byte(lo)); to.alive() {
			e.arcs = append(e.arcs, arc{byte(lo), byte(end - 1), to.cell(g)})
		}
		lo = end
	}
	return e
}

// behind is the place behind a byte.
func (k *nameAt) behind(x *exprs, b byte) *nameAt {
	to := &nameAt{objectPlace: k.objectPlace, room: k.room, depth: k.depth + 1}
	to.from, to.to = narrow(k.from, k.to, k.depth, b, k.property)
	if to.rest = x.derive(k.rest, b); !x.live(to.rest) {
		to.rest = exprNone
	}
	if to.rest != exprNone {
		for _, p := range k.patterns {
			to.patterns = append(to.patterns, x.derive(p, b))
		}
	}
	return to
}

// ends is the cell behind a byte that closes the name; a quote behind a backslash
// does not.
func (k *nameAt) ends(g *Grammar, b byte) (int32, bool) {
	if b != '"' {
		return 0, false
	}
	return k.close(g)
}

// close is the cell behind the closing quote of the name, if the name may end here.
func (k *nameAt) close(g *Grammar) (int32, bool) {
	if k.from < k.to && len(k.property(k.from)) == k.depth {
		if !k.open(k.from, k.room) {
			return 0, false
		}
		next := k.after()
		next.seen[k.from] = true
		return k.colon(g, k.properties[k.from].value, next), true
	}
	if !g.x.nullable(k.rest) {
		return 0, false
	}
	return k.further(g)
}

// further is the cell behind a name that is not known, if it may have a value.
func (k *nameAt) further(g *Grammar) (int32, bool) {
	matched := make([]bool, len(k.object.patterns))
	for i, p := range k.patterns {
		matched[i] = g.x.nullable(p)
	}
	value := k.other(matched)
	next := k.after()
	next.further++
	return k.colon(g, value, next), value.possible
}

func (k *nameAt) after() *objectPlace {
	return &objectPlace{object: k.object, seen: slices.Clone(k.seen), further: k.objectPlace.further}
}

// colon is the cell of what stands between a name and the next.
func (k *nameAt) colon(g *Grammar, value *valueNode, next *objectPlace) int32 {
	colon := g.x.concat(g.std.space, g.x.text(":"), g.std.space)
	return g.single(match(colon, g.single(call(value.cell, next.cell(g)))))
}
