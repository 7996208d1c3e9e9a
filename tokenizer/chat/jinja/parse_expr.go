package jinja

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// expression reads with the operators of lowest precedence: a if b else c.
func (p *parser) expression() expr {
	defer p.deeper()()
	e := p.or()
	for p.word("if") {
		c := &conditional{line: p.next().line, then: e}
		c.test = p.or()
		if p.skip(tokenName, "else") {
			c.other = p.expression()
		}
		e = c
	}
	return e
}

// tuple reads an expression, or several with commas between, which make a tuple.
// Without conditionals, "if" ends it; so does a word of end.
func (p *parser) tuple(conditionals bool, end ...string) expr {
	if conditionals {
		return p.sequence(p.expression, false, end)
	}
	return p.sequence(p.or, false, end)
}

func (p *parser) sequence(read func() expr, empty bool, end []string) expr {
	line := p.peek().line
	var items []expr
	isTuple := false
	for {
		if len(items) > 0 {
			p.expect(tokenOperator, ",")
		}
		if p.is(tokenPrintEnd) || p.is(tokenBlockEnd) || p.op(")") || len(end) > 0 && p.word(end...) {
			break
		}
		items = append(items, read())
		if !p.op(",") {
			break
		}
		isTuple = true
	}
	if !isTuple {
		if len(items) == 1 {
			return items[0]
		}
		if !empty {
			p.fail("unexpected %v, wanted an expression", p.peek())
		}
	}
	return &tupleOf{line, items}
}

func (p *parser) or() expr {
	e := p.and()
	for p.word("or") {
		e = &logic{p.next().line, true, e, p.and()}
	}
	return e
}

func (p *parser) and() expr {
	e := p.not()
	for p.word("and") {
		e = &logic{p.next().line, false, e, p.not()}
	}
	return e
}

func (p *parser) not() expr {
	if p.word("not") {
		defer p.deeper()()
		return &not{p.next().line, p.not()}
	}
	return p.compare()
}

func (p *parser) compare() expr {
	line := p.peek().line
	c := &comparison{line: line, first: p.sum()}
	for {
		switch {
		case p.op("==", "!=", "<", "<=", ">", ">="), p.word("in"):
			c.ops = append(c.ops, p.next().text)
		case p.word("not") && p.tokens[p.at+1].kind == tokenName && p.tokens[p.at+1].text == "in":
			p.at += 2
			c.ops = append(c.ops, "not in")
		default:
			if len(c.ops) == 0 {
				return c.first
			}
			return c
		}
		c.rest = append(c.rest, p.sum())
	}
}

func (p *parser) sum() expr {
	e := p.concat()
	for p.op("+", "-") {
		t := p.next()
		e = &binary{t.line, t.text, e, p.concat()}
	}
	return e
}

func (p *parser) concat() expr {
	e := p.product()
	if !p.op("~") {
		return e
	}
	c := &concat{p.peek().line, []expr{e}}
	for p.skip(tokenOperator, "~") {
		c.items = append(c.items, p.product())
	}
	return c
}

func (p *parser) product() expr {
	e := p.power()
	for p.op("*", "/", "//", "%") {
		t := p.next()
		e = &binary{t.line, t.text, e, p.power()}
	}
	return e
}

func (p *parser) power() expr {
	e := p.unary(true)
	for p.op("**") {
		t := p.next()
		e = &binary{t.line, t.text, e, p.unary(true)}
	}
	return e
}

func (p *parser) unary(filters bool) expr {
	var e expr
	if p.op("-", "+") {
		defer p.deeper()()
		t := p.next()
		e = &sign{t.line, t.text == "-", p.unary(false)}
	} else {
		e = p.primary()
	}
	e = p.postfix(e)
	if filters {
		e = p.filters(e)
	}
	return e
}

func (p *parser) primary() expr {
	t := p.next()
	switch t.kind {
	case tokenName:
		switch t.text {
		case "true", "True":
			return &literal{true}
		case "false", "False":
			return &literal{false}
		case "none", "None":
			return &literal{nil}
		}
		return &variable{t.line, t.text}
	case tokenString:
		parts := []string{t.text}
		for p.is(tokenString) {
			parts = append(parts, p.next().text)
		}
		return &literal{strings.Join(parts, "")}
	case tokenInteger:
		return &literal{integer(t)}
	case tokenFloat:
		f, _ := strconv.ParseFloat(t.text, 64) // out of range is infinite, as in Python
		return &literal{f}
	case tokenOperator:
		defer p.deeper()()
		switch t.text {
		case "(":
			e := p.sequence(p.expression, true, nil)
			p.expect(tokenOperator, ")")
			return e
		case "[":
			return &listOf{t.line, p.list("]")}
		case "{":
			return p.dict(t.line)
		}
	}
	panic(&Error{t.line, fmt.Sprintf("unexpected %v, wanted an expression", t)})
}

// integer reads an integer of any size.
func integer(t token) any {
	if len(t.text) > maxDigits {
		panic(&Error{t.line, fmt.Sprintf("a number has %d digits, wanted at most %d", len(t.text), maxDigits)})
	}
	if i, err := strconv.ParseInt(t.text, 0, 64); err == nil {
		return i
	}
	if i, err := strconv.ParseInt(strings.TrimLeft(t.text, "0"), 10, 64); err == nil {
		return i
	}
	if strings.Trim(t.text, "0") == "" {
		return int64(0)
	}
	if i, ok := new(big.Int).SetString(t.text, 0); ok {
		return i
	}
	panic(&Error{t.line, fmt.Sprintf("bad number %.40q", t.text)})
}

// list reads expressions up to the closing bracket.
func (p *parser) list(end string) []expr {
	var items []expr
	for !p.op(end) {
		if len(items) > 0 {
			p.expect(tokenOperator, ",")
			if p.op(end) {
				break
			}
		}
		items = append(items, p.expression())
	}
	p.next()
	return items
}

func (p *parser) dict(line int) expr {
	d := &dictOf{line: line}
	for !p.op("}") {
		if len(d.keys) > 0 {
			p.expect(tokenOperator, ",")
			if p.op("}") {
				break
			}
		}
		d.keys = append(d.keys, p.expression())
		p.expect(tokenOperator, ":")
		d.values = append(d.values, p.expression())
	}
	p.next()
	return d
}

// postfix reads members, items, slices and calls.
func (p *parser) postfix(e expr) expr {
	for {
		switch {
		case p.op("."):
			line := p.next().line
			switch t := p.next(); t.kind {
			case tokenName:
				e = &attribute{line, e, t.text}
			case tokenInteger:
				e = &item{line, e, &literal{integer(t)}}
			default:
				panic(&Error{t.line, fmt.Sprintf("unexpected %v, wanted a name", t)})
			}
		case p.op("["):
			line := p.next().line
			e = &item{line, e, p.subscript()}
			p.expect(tokenOperator, "]")
		case p.op("("):
			e = p.call(e)
		default:
			return e
		}
	}
}

func (p *parser) subscript() expr {
	s := &slice{line: p.peek().line}
	if !p.op(":") {
		s.from = p.expression()
		if !p.op(":") {
			return s.from
		}
	}
	p.next()
	if !p.op(":", "]") {
		s.to = p.expression()
	}
	if p.skip(tokenOperator, ":") && !p.op("]") {
		s.step = p.expression()
	}
	return s
}

func (p *parser) call(e expr) expr { return &call{p.peek().line, e, p.arguments()} }

// arguments reads those of a call with its parentheses.
func (p *parser) arguments() arguments {
	p.expect(tokenOperator, "(")
	var a arguments
	for n := 0; !p.op(")"); n++ {
		if n > 0 {
			p.expect(tokenOperator, ",")
			if p.op(")") {
				break
			}
		}
		switch {
		case a.restNamed != nil:
			p.fail("an argument follows **")
		case p.word() && p.tokens[p.at+1].kind == tokenOperator && p.tokens[p.at+1].text == "=":
			a.names = append(a.names, p.next().text)
			p.next()
			a.named = append(a.named, p.expression())
		case a.rest == nil && p.skip(tokenOperator, "*"):
			a.rest = p.expression()
		case p.skip(tokenOperator, "**"):
			a.restNamed = p.expression()
		case len(a.names) > 0 || a.rest != nil:
			p.fail("a positional argument follows a named one")
		default:
			a.pos = append(a.pos, p.expression())
		}
	}
	p.next()
	return a
}

// filters reads the filters, tests and calls behind an expression. Each is a
// level deeper when evaluated.
func (p *parser) filters(e expr) expr {
	for n := 0; ; n++ {
		if n > maxDepth {
			p.fail("more than %d filters in a row", maxDepth)
		}
		switch {
		case p.skip(tokenOperator, "|"):
			e = p.filter(e)
		case e != nil && p.word("is"):
			e = p.test(e)
		case e != nil && p.op("("):
			e = p.call(e)
		default:
			return e
		}
	}
}

func (p *parser) filter(e expr) expr {
	t := p.expect(tokenName, "")
	fn := filters[t.text]
	if fn == nil {
		panic(&Error{t.line, fmt.Sprintf("unknown filter %q", t.text)})
	}
	f := &filtered{line: t.line, on: e, name: t.text}
	if p.op("(") {
		f.args = p.arguments()
	}
	return f
}

func (p *parser) test(e expr) expr {
	line := p.next().line
	negated := p.skip(tokenName, "not")
	t := p.expect(tokenName, "")
	if tests[t.text] == nil {
		panic(&Error{t.line, fmt.Sprintf("unknown test %q", t.text)})
	}
	x := &tested{line: line, on: e, name: t.text, negated: negated}
	switch {
	case p.op("("):
		x.args = p.arguments()
	case p.word("is"):
		p.fail("tests cannot be chained with is")
	case p.word() && !p.word("else", "or", "and"), p.is(tokenString), p.is(tokenInteger), p.is(tokenFloat), p.op("[", "{"):
		x.args.pos = []expr{p.postfix(p.primary())}
	}
	return x
}
