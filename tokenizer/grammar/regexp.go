package grammar

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// item is a part of a pattern: an expression, or a condition on the place between
// two characters.
type item struct {
	e      expr
	assert byte     // '^', '$', 'b' (edge of a word), 'B', '=' and '!' (what follows), 0 for none
	alts   [][]item // of '=' and '!'
}

// patternParser reads ECMA-262's regular expressions.
type patternParser struct {
	x     *exprs
	enc   encoding
	src   string
	at    int
	depth int
}

// regexp compiles a regular expression in the syntax of ECMA-262. whole asks that
// it matches all of a text, as choices on the command line do; otherwise it may
// match anywhere within, as "pattern" in a schema. Back references and what looks
// behind are errors, and so are conditions within something repeated.
func (x *exprs) regexp(src string, enc encoding, whole bool) (expr, error) {
	if len(src) > maxSource || !utf8.ValidString(src) {
		return exprNone, fmt.Errorf("a pattern of %d bytes, want UTF-8 of at most %d", len(src), maxSource)
	}
	p := &patternParser{x: x, enc: enc, src: src}
	alts, err := p.alternatives()
	if err == nil && p.at < len(src) {
		err = p.errorf("an unmatched )")
	}
	if err != nil {
		return exprNone, err
	}
	tail := exprEmpty
	if !whole {
		tail = p.any()
	}
	e, err := p.language(alts, whole, tail)
	if err == nil {
		err = x.err
	}
	return e, err
}

// any matches any text.
func (p *patternParser) any() expr { return p.x.repeat(p.x.runes(anyRune, p.enc), 0, forever) }

func (p *patternParser) errorf(format string, args ...any) error {
	return fmt.Errorf("pattern %s at byte %d: %s", strconv.Quote(p.src), p.at, fmt.Sprintf(format, args...))
}

// language is what the alternatives match, followed by tail; unless anchored,
// anything may stand before.
func (p *patternParser) language(alts [][]item, anchored bool, tail expr) (expr, error) {
	var parts []expr
	for _, items := range alts {
		e, err := p.sequence(items, anchored, tail)
		if err != nil {
			return exprNone, err
		}
		parts = append(parts, e)
	}
	return p.x.or(parts...), nil
}

func (p *patternParser) sequence(items []item, anchored bool, tail expr) (expr, error) {
	x := p.x
	for i := len(items) - 1; i >= 0; i-- { // what stands before the last ^ must be empty
		if items[i].assert != '^' {
			continue
		}
		for _, before := range items[:i] {
			if before.assert == 0 && !x.nullable(before.e) {
				return exprNone, nil
			}
			if before.assert != 0 && before.assert != '^' {
				return exprNone, p.errorf("a condition before ^ is not served")
			}
		}
		items, anchored = items[i+1:], true
		break
	}
	rest := tail
	for i := len(items) - 1; i >= 0; i-- {
		switch it := &items[i]; it.assert {
		case 0:
			rest = x.concat(it.e, rest)
		case '$':
			rest = x.and(rest, exprEmpty)
		case '=', '!':
			ahead, err := p.language(it.alts, true, p.any())
			if err != nil {
				return exprNone, err
			}
			if it.assert == '!' {
				ahead = x.not(ahead)
			}
			rest = x.and(rest, ahead)
		default:
			return p.edge(items[:i], it.assert, anchored, rest)
		}
	}
	if !anchored {
		rest = x.concat(p.any(), rest)
	}
	return rest, nil
}

// edge matches some items and then rest, where a word begins or ends between them,
// or does not.
func (p *patternParser) edge(items []item, kind byte, anchored bool, rest expr) (expr, error) {
	for _, it := range items {
		if it.assert == '=' || it.assert == '!' {
			return exprNone, p.errorf("a look ahead before an edge of a word is not served")
		}
	}
	before, err := p.sequence(items, anchored, exprEmpty)
	if err != nil {
		return exprNone, err
	}
	x, any, word := p.x, p.any(), p.x.runes(wordSet, p.enc)
	behindWord, atWord := x.concat(any, word), x.concat(word, any)
	behindNone, atNone := x.not(behindWord), x.not(atWord)
	if kind == 'B' {
		atWord, atNone = atNone, atWord
	}
	return x.or(x.concat(x.and(before, behindWord), x.and(rest, atNone)),
		x.concat(x.and(before, behindNone), x.and(rest, atWord))), nil
}

func (p *patternParser) more() bool { return p.at < len(p.src) }

// take skips a text if it comes next.
func (p *patternParser) take(s string) bool {
	if strings.HasPrefix(p.src[p.at:], s) {
		p.at += len(s)
		return true
	}
	return false
}

// alternatives reads up to the end or a closing bracket.
func (p *patternParser) alternatives() ([][]item, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf("groups lie more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	alts := [][]item{nil}
	for p.more() && p.src[p.at] != ')' {
		if p.take("|") {
			alts = append(alts, nil)
			continue
		}
		more, err := p.term()
		if err != nil {
			return nil, err
		}
		last := len(alts) - 1
		if len(more) == 1 {
			alts[last] = append(alts[last], more[0]...)
			continue
		}
		// A group with conditions: each of its alternatives goes on by itself.
		first := alts[last]
		alts = alts[:last]
		for _, m := range more {
			alts = append(alts, append(first[:len(first):len(first)], m...))
		}
		rest, err := p.alternatives()
		if err != nil {
			return nil, err
		}
		return p.spread(alts, last, rest)
	}
	return alts, nil
}

// spread lets each of alts from the one of index from on be followed by the first
// of rest; the others of rest are alternatives of their own.
func (p *patternParser) spread(alts [][]item, from int, rest [][]item) ([][]item, error) {
	for i := from; i < len(alts); i++ {
		alts[i] = append(alts[i][:len(alts[i]):len(alts[i])], rest[0]...)
	}
	if alts = append(alts, rest[1:]...); len(alts) > maxSpread {
		return nil, p.errorf("more than %d alternatives with conditions", maxSpread)
	}
	return alts, nil
}

const maxSpread = 256

// term reads one term with its quantifier. It is more than one alternative only for
// a group with conditions.
func (p *patternParser) term() ([][]item, error) {
	alts, err := p.atom()
	if err != nil {
		return nil, err
	}
	lo, hi, ok, err := p.quantifier()
	if err != nil || !ok {
		return alts, err
	}
	if len(alts) != 1 || len(alts[0]) != 1 || alts[0][0].assert != 0 {
		return nil, p.errorf("a repeated condition is not served")
	}
	return [][]item{{{e: p.x.repeat(alts[0][0].e, lo, hi)}}}, nil
}

// quantifier reads how often a term comes, if that is said.
func (p *patternParser) quantifier() (lo, hi int, ok bool, err error) {
	switch {
	case p.take("*"):
		lo, hi = 0, forever
	case p.take("+"):
		lo, hi = 1, forever
	case p.take("?"):
		lo, hi = 0, 1
	default:
		if lo, hi, ok, err = p.counts(); err != nil || !ok {
			return 0, 0, false, err
		}
	}
	p.take("?") // how much of it is taken first does not matter
	return lo, hi, true, nil
}

// counts reads {n}, {n,} or {n,m}.
func (p *patternParser) counts() (lo, hi int, ok bool, err error) {
	end := strings.IndexByte(p.src[p.at:], '}')
	if !p.more() || p.src[p.at] != '{' || end < 0 {
		return 0, 0, false, nil
	}
	from, to, two := strings.Cut(p.src[p.at+1:p.at+end], ",")
	lo, errLo := strconv.Atoi(from)
	hi = lo
	var errHi error
	if two && to == "" {
		hi = forever
	} else if two {
		hi, errHi = strconv.Atoi(to)
	}
	if errLo != nil || errHi != nil || lo < 0 {
		return 0, 0, false, nil // an ordinary brace
	}
	if lo > maxRepeat || hi > maxRepeat || hi != forever && hi < lo {
		return 0, 0, false, p.errorf("want counts in order of at most %d", maxRepeat)
	}
	p.at += end + 1
	return lo, hi, true, nil
}

func (p *patternParser) one(e expr) [][]item { return [][]item{{{e: e}}} }

func (p *patternParser) set(s []runeRange) ([][]item, error) {
	return p.one(p.x.runes(s, p.enc)), nil
}

// atom reads a character, a class, a group or a condition.
func (p *patternParser) atom() ([][]item, error) {
	c, size := utf8.DecodeRuneInString(p.src[p.at:])
	p.at += size
	switch c {
	case '^', '$':
		return [][]item{{{assert: byte(c)}}}, nil
	case '.':
		return p.set(complement(runeSet([]runeRange{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}})))
	case '[':
		return p.class()
	case '(':
		return p.group()
	case '*', '+', '?':
		return nil, p.errorf("%c repeats nothing", c)
	case '\\':
		if p.take("b") {
			return [][]item{{{assert: 'b'}}}, nil
		}
		if p.take("B") {
			return [][]item{{{assert: 'B'}}}, nil
		}
		s, err := p.escape(false)
		if err != nil {
			return nil, err
		}
		return p.set(s)
	}
	return p.set([]runeRange{{c, c}})
}

// group reads what follows an opening bracket.
func (p *patternParser) group() ([][]item, error) {
	assert := byte(0)
	switch {
	case p.take("?:"):
	case p.take("?="):
		assert = '='
	case p.take("?!"):
		assert = '!'
	case p.take("?<="), p.take("?<!"):
		return nil, p.errorf("looking behind is not served")
	case p.take("?P<"), p.take("?<"):
		end := strings.IndexByte(p.src[p.at:], '>')
		if end < 0 {
			return nil, p.errorf("a group's name has no end")
		}
		p.at += end + 1
	case p.take("?"):
		return nil, p.errorf("a group of this kind is not known")
	}
	alts, err := p.alternatives()
	if err != nil {
		return nil, err
	}
	if !p.take(")") {
		return nil, p.errorf("a group has no end")
	}
	if assert != 0 {
		return [][]item{{{assert: assert, alts: alts}}}, nil
	}
	var parts []expr
	for _, items := range alts {
		var seq []expr
		for _, it := range items {
			if it.assert != 0 {
				return alts, nil
			}
			seq = append(seq, it.e)
		}
		parts = append(parts, p.x.concat(seq...))
	}
	return p.one(p.x.or(parts...)), nil
}
