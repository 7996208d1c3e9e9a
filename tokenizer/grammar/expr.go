package grammar

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// expr is a regular expression over bytes, an index into exprs. Equal
// expressions have equal indices, so an expression serves as a state of a
// deterministic automaton: its derivatives are the states behind it.
type expr int32

const (
	exprNone  expr = iota // matches nothing
	exprEmpty             // matches the empty text
)

// forever stands for a repetition without an upper bound.
const forever = -1

type exprKind uint8

const (
	kindNone exprKind = iota
	kindEmpty
	kindSet    // one byte of a set
	kindConcat // a, then b
	kindOr     // any of a list
	kindAnd    // all of a list
	kindNot    // whatever a does not match
	kindRepeat // a, lo to hi times
	kindMod    // digits whose number, behind the remainder hi, is divisible by lo
)

// byteSet is a set of bytes; as bounds, the bytes at which a class of bytes
// begins that an expression does not tell apart.
type byteSet [4]uint64

func (s *byteSet) has(b byte) bool { return s[b>>6]>>(b&63)&1 != 0 }
func (s *byteSet) add(b byte)      { s[b>>6] |= 1 << (b & 63) }

func (s *byteSet) addRange(lo, hi byte) {
	for b := int(lo); b <= int(hi); b++ {
		s.add(byte(b))
	}
}

func (s byteSet) or(t byteSet) byteSet {
	for i := range s {
		s[i] |= t[i]
	}
	return s
}

func (s byteSet) and(t byteSet) byteSet {
	for i := range s {
		s[i] &= t[i]
	}
	return s
}

// bounds is where membership in s changes.
func (s byteSet) bounds() (out byteSet) {
	var carry uint64
	for i, w := range s {
		out[i] = w ^ (w<<1 | carry)
		carry = w >> 63
	}
	return out
}

// next is the first member from b on, or 256.
func (s *byteSet) next(b int) int {
	for b < 256 {
		if w := s[b>>6] >> (b & 63); w != 0 {
			return b + bits.TrailingZeros64(w)
		}
		b = b&^63 + 64
	}
	return 256
}

// exprKey is what makes an expression: two with the same key are one.
type exprKey struct {
	kind   exprKind
	a, b   expr
	lo, hi int32
	set    byteSet
}

// arc leads from a state to another for the bytes lo to hi.
type arc struct {
	lo, hi byte
	to     int32
}

type exprData struct {
	exprKey
	list     []expr
	nullable bool    // matches the empty text
	hard     bool    // may match nothing although it is not exprNone
	life     int8    // of hard ones: 1 matches something, 2 nothing, 0 not known yet
	bounds   byteSet // which first bytes are told apart
	arcs     []arc
	arcsDone bool
}

// exprs holds expressions.
type exprs struct {
	all   []exprData
	index map[exprKey]expr
	lists map[string]expr
	limit int
	err   error
}

func newExprs(limit int) *exprs {
	x := &exprs{index: map[exprKey]expr{}, lists: map[string]expr{}, limit: limit}
	x.all = append(x.all, exprData{}, exprData{exprKey: exprKey{kind: kindEmpty}, nullable: true})
	return x
}

// add stores a new expression, or refuses once there are too many.
func (x *exprs) add(d exprData) (expr, bool) {
	if len(x.all) >= x.limit || len(d.list) > maxAlternatives {
		if x.err == nil {
			x.err = fmt.Errorf("the pattern is too complex: it needs more than %d states", x.limit)
		}
		return exprNone, false
	}
	x.all = append(x.all, d)
	return expr(len(x.all) - 1), true
}

func (x *exprs) intern(d exprData) expr {
	if e, ok := x.index[d.exprKey]; ok {
		return e
	}
	e, ok := x.add(d)
	if ok {
		x.index[d.exprKey] = e
	}
	return e
}

func (x *exprs) internList(d exprData) expr {
	key := make([]byte, 1, 1+4*len(d.list))
	key[0] = byte(d.kind)
	for _, e := range d.list {
		key = binary.LittleEndian.AppendUint32(key, uint32(e))
	}
	if e, ok := x.lists[string(key)]; ok {
		return e
	}
	e, ok := x.add(d)
	if ok {
		x.lists[string(key)] = e
	}
	return e
}

// nullable tells whether e matches the empty text.
func (x *exprs) nullable(e expr) bool { return x.all[e].nullable }

// set matches one byte of a set.
func (x *exprs) set(s byteSet) expr {
	if s == (byteSet{}) {
		return exprNone
	}
	return x.intern(exprData{exprKey: exprKey{kind: kindSet, set: s}, bounds: s.bounds()})
}

// bytes matches one byte from lo to hi.
func (x *exprs) bytes(lo, hi byte) expr {
	var s byteSet
	s.addRange(lo, hi)
	return x.set(s)
}

// oneOf matches one of the bytes of a text.
func (x *exprs) oneOf(text string) expr {
	var s byteSet
	for i := range len(text) {
		s.add(text[i])
	}
	return x.set(s)
}

// text matches a text.
func (x *exprs) text(s string) expr {
	e := exprEmpty
	for i := len(s) - 1; i >= 0; i-- {
		e = x.concat(x.bytes(s[i], s[i]), e)
	}
	return e
}

// concat matches its parts one after the other.
func (x *exprs) concat(parts ...expr) expr {
	e := exprEmpty
	for _, p := range slices.Backward(parts) {
		e = x.pair(p, e)
	}
	return e
}

func (x *exprs) pair(a, b expr) expr {
	switch {
	case a == exprNone || b == exprNone:
		return exprNone
	case a == exprEmpty:
		return b
	case b == exprEmpty:
		return a
	}
	if d := &x.all[a]; d.kind == kindConcat { // lean to the right, so that equal texts are one
		first, second := d.a, d.b
		return x.pair(first, x.pair(second, b))
	}
	da, db := &x.all[a], &x.all[b]
	d := exprData{exprKey: exprKey{kind: kindConcat, a: a, b: b}, nullable: da.nullable && db.nullable,
		hard: da.hard || db.hard, bounds: da.bounds}
	if da.nullable {
		d.bounds = d.bounds.or(db.bounds)
	}
	return x.intern(d)
}

// flatten lists the parts of a list of the same kind, in rising order, each once.
func (x *exprs) flatten(kind exprKind, parts []expr) []expr {
	var list []expr
	for _, p := range parts {
		if d := &x.all[p]; d.kind == kind {
			list = append(list, d.list...)
		} else {
			list = append(list, p)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// list makes an expression of several others.
func (x *exprs) list(kind exprKind, list []expr) expr {
	d := exprData{exprKey: exprKey{kind: kind}, list: list, nullable: kind == kindAnd, hard: kind == kindAnd}
	for _, p := range list {
		pd := &x.all[p]
		if kind == kindOr {
			d.nullable = d.nullable || pd.nullable
		} else {
			d.nullable = d.nullable && pd.nullable
		}
		d.hard = d.hard || pd.hard
		d.bounds = d.bounds.or(pd.bounds)
	}
	return x.internList(d)
}

// or matches what any part matches.
func (x *exprs) or(parts ...expr) expr {
	list := x.flatten(kindOr, parts)
	var all byteSet
	sets, nullable := 0, 0
	kept := list[:0]
	for _, p := range list {
		switch d := &x.all[p]; {
		case d.kind == kindNone:
		case d.kind == kindNot && d.a == exprNone:
			return p
		case d.kind == kindSet:
			all = all.or(d.set)
			sets++
		default:
			if d.nullable {
				nullable++
			}
			kept = append(kept, p)
		}
	}
	if sets > 0 {
		kept = append(kept, x.set(all))
		slices.Sort(kept)
	}
	if nullable > 1 && kept[0] == exprEmpty {
		kept = kept[1:] // another matches the empty text too
	}
	switch len(kept) {
	case 0:
		return exprNone
	case 1:
		return kept[0]
	}
	return x.list(kindOr, kept)
}

// and matches what all parts match.
func (x *exprs) and(parts ...expr) expr {
	list := x.flatten(kindAnd, parts)
	kept := list[:0]
	nullable, empty := true, false
	for _, p := range list {
		d := &x.all[p]
		nullable = nullable && d.nullable
		switch {
		case p == exprNone:
			return exprNone
		case p == exprEmpty:
			empty = true
		case d.kind == kindNot && d.a == exprNone:
			continue
		}
		kept = append(kept, p)
	}
	switch {
	case empty && nullable:
		return exprEmpty
	case empty:
		return exprNone
	case len(kept) == 0:
		return x.not(exprNone)
	case len(kept) == 1:
		return kept[0]
	}
	return x.list(kindAnd, kept)
}

// not matches every text of bytes that e does not match.
func (x *exprs) not(e expr) expr {
	d := &x.all[e]
	if d.kind == kindNot {
		return d.a
	}
	return x.intern(exprData{exprKey: exprKey{kind: kindNot, a: e}, nullable: !d.nullable, hard: e != exprNone, bounds: d.bounds})
}

// repeat matches e from lo to hi times, without end if hi is forever.
func (x *exprs) repeat(e expr, lo, hi int) expr {
	d := &x.all[e]
	if d.nullable {
		lo = 0
	}
	switch {
	case hi != forever && hi < lo:
		return exprNone
	case hi == 0 || e == exprEmpty:
		return exprEmpty
	case e == exprNone && lo == 0:
		return exprEmpty
	case e == exprNone:
		return exprNone
	case lo == 1 && hi == 1:
		return e
	case d.kind == kindRepeat && d.lo == 0 && d.hi == forever:
		return e
	}
	return x.intern(exprData{exprKey: exprKey{kind: kindRepeat, a: e, lo: int32(lo), hi: int32(hi)},
		nullable: lo == 0, hard: d.hard, bounds: d.bounds})
}

// mod matches digits: the number that they make behind the remainder r is
// divisible by m.
func (x *exprs) mod(m, r int) expr {
	var digits byteSet
	digits.addRange('0', '9')
	d := exprData{exprKey: exprKey{kind: kindMod, lo: int32(m), hi: int32(r)}, nullable: r == 0, hard: true}
	for b := byte('0'); b <= '9'+1; b++ {
		d.bounds.add(b)
	}
	return x.intern(d)
}

// texts matches any of the texts; common beginnings are shared.
func (x *exprs) texts(all []string) expr {
	sorted := slices.Clone(all)
	slices.Sort(sorted)
	return x.sortedTexts(slices.Compact(sorted), 0)
}

// sortedTexts matches what stands behind the first n bytes of texts that have them
// in common.
func (x *exprs) sortedTexts(sorted []string, n int) expr {
	if len(sorted) == 1 {
		return x.text(sorted[0][n:])
	}
	var parts []expr
	for len(sorted) > 0 {
		if len(sorted[0]) == n {
			parts, sorted = append(parts, exprEmpty), sorted[1:]
			continue
		}
		b, end := sorted[0][n], 1
		for end < len(sorted) && sorted[end][n] == b {
			end++
		}
		same := n + 1 // as far as the first and the last agree, all do
		for first, last := sorted[0], sorted[end-1]; same < len(first) && same < len(last) && first[same] == last[same]; {
			same++
		}
		parts = append(parts, x.concat(x.text(sorted[0][n:same]), x.sortedTexts(sorted[:end], same)))
		sorted = sorted[end:]
	}
	return x.or(parts...)
}
