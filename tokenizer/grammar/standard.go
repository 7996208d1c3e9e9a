package grammar

import "sync"

// standard are the expressions that every grammar begins with, made in the same
// order, so that they have the same indices in all: what is worked out about their
// tokens is shared by all grammars of a vocabulary.
type standard struct {
	char    expr // a character of a JSON string, however it is spelled
	key     expr // the same, spelled in the shortest way
	quote   expr
	body    expr // the rest of a JSON string, with its closing quote
	name    expr // the same of a property's name
	space   expr // white space between the parts of a value
	number  expr
	integer expr
	rune    expr // a character in UTF-8
	count   expr // how many expressions are standard
}

// Numbers have at most this many digits before and behind the point, so that a
// model cannot write digits without end.
const (
	maxDigits   = 64
	maxExponent = 3
)

// maxIndent is the most blanks behind a line end. White space between the parts of
// a value is nothing, one blank, or a line end with its indentation: a model cannot
// stay in it.
const maxIndent = 64

func (x *exprs) standard() (s standard) {
	hex := x.or(x.bytes('0', '9'), x.bytes('a', 'f'), x.bytes('A', 'F'))
	other := x.or(x.bytes('0', '9'), x.oneOf("abcefABCEF"))
	unicode := x.or(
		x.concat(other, hex, hex, hex),
		x.concat(x.oneOf("dD"), x.bytes('0', '7'), hex, hex),
		x.concat(x.oneOf("dD"), x.oneOf("89abAB"), hex, hex, x.text(`\u`), x.oneOf("dD"), x.oneOf("cdefCDEF"), hex, hex))
	plain := x.utf8Set(intersect([]runeRange{{' ', '!'}, {'#', '['}, {']', 0x10ffff}}, anyRune))
	s.char = x.or(plain, x.concat(x.text(`\`), x.or(x.oneOf(`"\/bfnrt`), x.concat(x.text("u"), unicode))))
	s.key = x.runes(anyRune, jsonString)
	s.quote = x.text(`"`)
	s.body = x.concat(x.repeat(s.char, 0, forever), s.quote)
	indent := x.repeat(x.oneOf(" \t"), 0, maxIndent)
	s.space = x.or(exprEmpty, x.text(" "), x.concat(x.repeat(x.text("\r"), 0, 1), x.text("\n"), indent))
	digits := x.repeat(x.bytes('0', '9'), 0, maxDigits-1)
	s.integer = x.concat(x.repeat(x.text("-"), 0, 1), x.or(x.text("0"), x.concat(x.bytes('1', '9'), digits)))
	fraction := x.concat(x.text("."), x.repeat(x.bytes('0', '9'), 1, maxDigits))
	exponent := x.concat(x.oneOf("eE"), x.repeat(x.oneOf("+-"), 0, 1), x.repeat(x.bytes('0', '9'), 1, maxExponent))
	s.number = x.concat(s.integer, x.repeat(fraction, 0, 1), x.repeat(exponent, 0, 1))
	s.rune = x.utf8Set(anyRune)
	s.name = x.concat(x.repeat(s.key, 0, forever), s.quote)
	x.reach(s.body)
	x.reach(s.name)
	s.count = expr(len(x.all))
	return s
}

// reach makes all states of e.
func (x *exprs) reach(e expr) {
	seen := map[expr]bool{e: true}
	for queue := []expr{e}; len(queue) > 0; queue = queue[1:] {
		for _, a := range x.arcs(queue[0]) {
			if to := expr(a.to); !seen[to] {
				seen[to] = true
				queue = append(queue, to)
			}
		}
	}
}

// shared keeps what was worked out about standard expressions.
type shared struct {
	mu     sync.Mutex
	locals map[expr]*reading
}
