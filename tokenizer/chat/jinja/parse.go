package jinja

import (
	"fmt"
	"slices"
)

// parser reads tokens into nodes. It fails by panic with an *Error.
type parser struct {
	tokens []token
	at     int
	depth  int
	loops  int // for statements around the position, within the same macro
}

// Template is a parsed template. It may be used by several goroutines.
type Template struct {
	body  []stmt
	texts map[string]bool // the strings of its expressions
}

// Names is whether a string of the template's expressions is text: a template
// that treats a role in its own way compares with the role's name.
func (t *Template) Names(text string) bool { return t.texts[text] }

// Parse reads a template. The error is an *Error and names the line.
func Parse(source string) (t *Template, err error) {
	defer rescue(&err)
	p := &parser{tokens: lex(source)}
	body := p.statements()
	if p.peek().kind != tokenEnd {
		p.fail("unexpected %v", p.peek())
	}
	t = &Template{body, map[string]bool{}}
	for _, token := range p.tokens {
		if token.kind == tokenString {
			t.texts[token.text] = true
		}
	}
	return t, nil
}

// rescue turns a panic with an *Error into an error, and one of a context into its cause. Other panics are faults of
// this package: a template must not bring the program down by one.
func rescue(err *error) {
	switch e := recover().(type) {
	case nil:
	case *Error:
		*err = e
	case stopped:
		*err = e.cause
	default:
		*err = fmt.Errorf("the template engine failed: %v", e)
	}
}

func (p *parser) fail(format string, args ...any) {
	panic(&Error{p.peek().line, fmt.Sprintf(format, args...)})
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != tokenEnd {
		p.at++
	}
	return t
}

func (p *parser) is(k kind, texts ...string) bool {
	t := p.peek()
	return t.kind == k && (len(texts) == 0 || slices.Contains(texts, t.text))
}

func (p *parser) skip(k kind, texts ...string) bool {
	if p.is(k, texts...) {
		p.at++
		return true
	}
	return false
}

func (p *parser) op(texts ...string) bool   { return p.is(tokenOperator, texts...) }
func (p *parser) word(texts ...string) bool { return p.is(tokenName, texts...) }

func (p *parser) expect(k kind, text string) token {
	t := p.peek()
	if t.kind != k || text != "" && t.text != text {
		if text == "" {
			text = map[kind]string{tokenName: "a name", tokenBlockEnd: "%}", tokenPrintEnd: "}}"}[k]
		}
		p.fail("unexpected %v, wanted %s", t, text)
	}
	return p.next()
}

func (p *parser) deeper() func() {
	if p.depth++; p.depth > maxDepth {
		p.fail("the template is nested more than %d deep", maxDepth)
	}
	return func() { p.depth-- }
}

// statements reads up to a tag that begins with one of the words, which is left
// at the word, or to the end.
func (p *parser) statements(until ...string) []stmt {
	defer p.deeper()()
	var out []stmt
	for {
		switch t := p.next(); t.kind {
		case tokenEnd:
			if len(until) > 0 {
				p.fail("the template ends, wanted {%% %s %%}", until[0])
			}
			return out
		case tokenText:
			out = append(out, text(t.text))
		case tokenPrint:
			out = append(out, &printed{t.line, p.tuple(true)})
			p.expect(tokenPrintEnd, "")
		case tokenBlock:
			if len(until) > 0 && p.word(until...) {
				return out
			}
			out = append(out, p.statement())
		}
	}
}

// body reads the end of a tag, and what follows up to {% end %}, whose end is
// read as well.
func (p *parser) body(end string) []stmt {
	p.expect(tokenBlockEnd, "")
	out := p.statements(end)
	p.next()
	p.expect(tokenBlockEnd, "")
	return out
}

func (p *parser) statement() stmt {
	t := p.expect(tokenName, "")
	switch t.text {
	case "set":
		return p.set(t.line)
	case "if":
		return p.branch(t.line)
	case "for":
		return p.loop(t.line)
	case "macro":
		m := &macro{line: t.line, name: p.expect(tokenName, "").text}
		p.signature(m)
		p.expect(tokenBlockEnd, "")
		p.at--
		m.body = p.callable("endmacro")
		return m
	case "call":
		m := &macro{line: t.line, name: "caller"}
		if p.op("(") {
			p.signature(m)
		}
		line := p.peek().line
		c, ok := p.expression().(*call)
		if !ok {
			panic(&Error{line, "a call block wants a call"})
		}
		m.body = p.callable("endcall")
		return &callBlock{t.line, c, m}
	case "filter":
		f := p.filters(p.filter(nil))
		return &filterBlock{t.line, f, p.body("endfilter")}
	case "with":
		w := &with{line: t.line}
		for !p.is(tokenBlockEnd) {
			if len(w.names) > 0 {
				p.expect(tokenOperator, ",")
			}
			w.names = append(w.names, p.target(false))
			p.expect(tokenOperator, "=")
			w.values = append(w.values, p.expression())
		}
		w.body = p.body("endwith")
		return w
	case "generation": // marks for training what a model writes: nothing here
		return &with{line: t.line, body: p.body("endgeneration")}
	case "break", "continue":
		if p.loops == 0 {
			p.fail("%s is outside of a for loop", t.text)
		}
		p.expect(tokenBlockEnd, "")
		if t.text == "break" {
			return jump(breaks)
		}
		return jump(continues)
	}
	panic(&Error{t.line, fmt.Sprintf("unknown tag %q", t.text)})
}

// callable reads the body of a macro, in which loops outside do not count.
func (p *parser) callable(end string) []stmt {
	loops := p.loops
	p.loops = 0
	defer func() { p.loops = loops }()
	return p.body(end)
}

func (p *parser) set(line int) stmt {
	if p.word() && p.tokens[p.at+1].kind == tokenOperator && p.tokens[p.at+1].text == "." {
		name := p.next().text
		p.next()
		s := &set{line: line, to: &attribute{line, &variable{line, name}, p.expect(tokenName, "").text}}
		p.setValue(s)
		return s
	}
	s := &set{line: line, to: p.target(true)}
	p.setValue(s)
	return s
}

func (p *parser) setValue(s *set) {
	if p.skip(tokenOperator, "=") {
		s.value = p.tuple(true)
		p.expect(tokenBlockEnd, "")
		return
	}
	s.filter = p.filters(nil)
	s.body = p.body("endset")
}

func (p *parser) branch(line int) stmt {
	b := &branch{line: line, test: p.tuple(false)}
	p.expect(tokenBlockEnd, "")
	b.then = p.statements("elif", "else", "endif")
	switch p.next().text {
	case "elif":
		defer p.deeper()()
		b.other = []stmt{p.branch(p.peek().line)}
	case "else":
		b.other = p.body("endif")
	default:
		p.expect(tokenBlockEnd, "")
	}
	return b
}

func (p *parser) loop(line int) stmt {
	l := &loop{line: line, to: p.target(true, "in")}
	p.expect(tokenName, "in")
	l.items = p.tuple(false, "recursive")
	if p.skip(tokenName, "if") {
		l.test = p.expression()
	}
	l.recursive = p.skip(tokenName, "recursive")
	p.expect(tokenBlockEnd, "")
	p.loops++
	l.body = p.statements("endfor", "else")
	p.loops--
	if p.next().text == "else" {
		l.empty = p.body("endfor")
		return l
	}
	p.expect(tokenBlockEnd, "")
	return l
}

// target reads what can be assigned to: a name or, if tuples are allowed, names
// with commas between. A word of end ends it.
func (p *parser) target(tuples bool, end ...string) expr {
	line := p.peek().line
	var e expr
	if tuples {
		e = p.sequence(p.primary, false, end)
	} else {
		e = p.primary()
	}
	if !assignable(e) {
		panic(&Error{line, "wanted a name to assign to"})
	}
	return e
}

func assignable(e expr) bool {
	switch e := e.(type) {
	case *variable:
		return true
	case *tupleOf:
		for _, item := range e.items {
			if !assignable(item) {
				return false
			}
		}
		return true
	}
	return false
}

// signature reads the parameters of a macro.
func (p *parser) signature(m *macro) {
	p.expect(tokenOperator, "(")
	for !p.op(")") {
		if len(m.params) > 0 {
			p.expect(tokenOperator, ",")
		}
		m.params = append(m.params, p.expect(tokenName, "").text)
		if p.skip(tokenOperator, "=") {
			m.defaults = append(m.defaults, p.expression())
		} else if len(m.defaults) > 0 {
			p.fail("a parameter without default follows one with default")
		}
	}
	p.next()
}
