package toolcall

import "strings"

// call is the call that is read.
type call struct {
	tool    *Tool // nil if the model was told of none of that name
	used    map[string]bool
	whole   bool // the arguments are complete
	stray   bool // text was left out, so a bracket is part of it
	reading bool // a value
	value   value
	body    *rewriter // of arguments written as JSON
	object  object
}

// value is the value of a parameter that is read.
type value struct {
	param
	drop      bool   // the parameter was given already
	leading   bool   // the line end behind the tag is still to come
	inline    bool   // there was no line end yet
	lineStart bool   // only white space since the last one
	depth     int    // calls that the value holds and that are open
	open      bool   // the string is passed on as it comes
	text      []byte // otherwise, what there is
	end       string // a line end that may be the last
}

func (c *call) held() int { return len(c.value.text) + len(c.value.end) + c.object.held() }

// start begins a call.
func (p *Parser) start(name string) {
	if p.call == nil {
		p.call = &call{}
	}
	p.call.tool, p.call.used = p.tools[name], map[string]bool{}
	p.flush()
	p.events = append(p.events, Event{Kind: Start, Index: p.calls, ID: p.o.ID(p.calls), Name: name})
	p.calls++
}

// stop ends the call.
func (p *Parser) stop() {
	switch c := p.call; {
	case c.whole:
	case len(c.used) > 0:
		p.emit(Arguments, "}")
	default:
		p.emit(Arguments, "{}")
	}
	p.flush()
	p.events = append(p.events, Event{Kind: End, Index: p.calls - 1})
	p.call = nil
}

// close ends what the end of the text leaves open.
func (p *Parser) close() {
	switch c := p.call; {
	case c == nil:
		if !p.thinks && p.calls == 0 {
			p.emit(Content, string(p.gap))
		}
	case c.object.begun:
		p.endObject()
	default:
		if c.body != nil {
			p.endBody()
		} else if c.reading {
			p.endValue()
		}
		p.stop()
	}
	p.gap = nil
}

// inCall is between the tags of a function, outside of values. What is no tag
// there is left out.
func (p *Parser) inCall() bool {
	rest := strings.TrimLeft(p.in, space)
	if p.skip(len(p.in) - len(rest)); rest == "" {
		return false
	}
	c := p.call
	if rest[0] == '{' && len(c.used) == 0 && !c.whole && !c.stray {
		c.body, c.whole = &rewriter{}, true
		p.state = (*Parser).inBody
		return true
	}
	name, n, parameter := p.parameterName(c.tool, rest)
	_, _, function := p.functionName(rest)
	switch {
	case parameter == yes:
		p.skip(n)
		p.parameter(name)
	case function == yes || p.match(rest, callTag) == yes || p.match(rest, callEnd) == yes:
		if p.match(rest, callTag) == yes {
			p.block = blockNone
		}
		p.stop()
		p.state = (*Parser).between
	case p.match(rest, functionEnd) == yes:
		p.skip(len(functionEnd))
		p.stop()
		p.state = (*Parser).between
	case anyOf(parameter, function, p.match(rest, callTag), p.match(rest, callEnd), p.match(rest, functionEnd)) == undecided:
		return false
	default:
		c.stray = true
		next := strings.IndexByte(rest[1:], '<')
		if next < 0 {
			next = len(rest) - 1
		}
		p.skip(1 + next)
	}
	return true
}

// parameter begins a value.
func (p *Parser) parameter(name string) {
	c := p.call
	c.reading = true
	c.value = value{leading: true, drop: c.used[name] || c.whole}
	if c.tool != nil {
		c.value.param = c.tool.param(name)
	}
	p.state = (*Parser).inValue
	if c.value.drop {
		return
	}
	before := ","
	if len(c.used) == 0 {
		before = "{"
	}
	c.used[name] = true
	p.emit(Arguments, before+quoted(name)+":")
	if c.value.kind == kindString && !c.value.nullable {
		c.value.open = true
		p.emit(Arguments, `"`)
	}
}

func (p *Parser) inValue() bool {
	v := &p.call.value
	if v.leading {
		if p.in == "" || p.in == "\r" && !p.final {
			return false
		}
		text := withoutLineEnd(p.in)
		v.leading, v.inline, v.lineStart = false, len(text) == len(p.in), len(text) < len(p.in)
		p.in = text
	}
	i := strings.IndexByte(p.in, '<')
	if i < 0 {
		i = len(p.in)
	}
	p.valueText(p.in[:i])
	if p.skip(i); p.in == "" {
		return false
	}
	n, verdict := p.closing(p.in)
	switch verdict {
	case undecided:
		return false
	case no:
		p.valueText(p.in[:n])
		p.skip(n)
	default:
		p.skip(n)
		p.endValue()
		p.state = (*Parser).inCall
	}
	return true
}

// withoutLineEnd takes a line end off the beginning.
func withoutLineEnd(s string) string {
	if rest, ok := strings.CutPrefix(s, "\r\n"); ok {
		return rest
	}
	return strings.TrimPrefix(s, "\n")
}

// valueText adds text to the value, and holds a line end at its end back.
func (p *Parser) valueText(s string) {
	if s == "" {
		return
	}
	v := &p.call.value
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		v.inline, v.lineStart = false, strings.Trim(s[i:], space) == ""
	} else if v.lineStart {
		v.lineStart = strings.Trim(s, space) == ""
	}
	text := v.end + s
	for _, end := range []string{"\r\n", "\n", "\r", ""} {
		if strings.HasSuffix(text, end) {
			v.end = end
			break
		}
	}
	p.valuePiece(text[:len(text)-len(v.end)])
}

func (p *Parser) valuePiece(s string) {
	v := &p.call.value
	switch {
	case v.drop:
	case v.open:
		p.emit(Arguments, string(appendEscaped(nil, s)))
	default:
		v.text = append(v.text, s...)
		// A string that may be null is one as soon as the text is not "null".
		if v.kind == kindString && !strings.HasPrefix("null", string(v.text)) {
			v.open = true
			p.emit(Arguments, `"`+string(appendEscaped(nil, string(v.text))))
			v.text = nil
		}
	}
}

// endValue takes a line end off the end of the value and closes it.
func (p *Parser) endValue() {
	v := &p.call.value
	if v.end == "\r" {
		p.valuePiece(v.end)
	}
	switch {
	case v.drop:
	case v.open:
		p.emit(Arguments, `"`)
	default:
		p.emit(Arguments, v.converted(string(v.text)))
	}
	*v, p.call.reading = value{}, false
}

// inBody is where a function has JSON in place of parameters.
func (p *Parser) inBody() bool {
	r := p.call.body
	i := 0
	for i < len(p.in) && r.take(p.in[i]) {
		i++
	}
	p.skip(i)
	p.emit(Arguments, r.taken())
	if p.in == "" {
		return false
	}
	p.endBody()
	p.state = (*Parser).inCall
	return true
}

func (p *Parser) endBody() {
	p.call.body.finish()
	p.emit(Arguments, p.call.body.taken())
	p.call.body = nil
}
