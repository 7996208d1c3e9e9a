package toolcall

import "strings"

// verdict is whether a text is something, which its end may leave undecided.
type verdict uint8

const (
	no verdict = iota
	undecided
	yes
)

// match is whether s begins with a tag.
func (p *Parser) match(s, tag string) verdict {
	switch {
	case strings.HasPrefix(s, tag):
		return yes
	case !p.final && strings.HasPrefix(tag, s):
		return undecided
	}
	return no
}

// anyOf is the best of some verdicts.
func anyOf(all ...verdict) verdict {
	best := no
	for _, v := range all {
		best = max(best, v)
	}
	return best
}

// gapped is s without white space before it, and whether there is so little that
// a tag behind it belongs to what stands before.
func gapped(s string) (string, bool) {
	rest := strings.TrimLeft(s, space)
	return rest, len(s)-len(rest) <= maxGap
}

// opening is whether a call begins at the start of s, a "<" of content, and how
// many bytes are its tag.
func (p *Parser) opening(s string) (int, verdict) {
	if v := p.match(s, callTag); v != no {
		if v == undecided {
			return 0, undecided
		}
		return len(callTag), p.insideCall(s[len(callTag):])
	}
	if p.o.Format.Calls != XML {
		return 0, no
	}
	// <tool_call> is missing. A text may speak of functions, so this has to be a
	// tool's name with a call's tags behind.
	name, n, v := p.functionName(s)
	switch {
	case v == undecided && !p.begins(name):
		return 0, no
	case v != yes:
		return 0, v
	case p.tools[name] == nil:
		return 0, no
	}
	rest, near := gapped(s[n:])
	switch {
	case !near:
		return 0, no
	case rest == "" && p.final:
		return 0, yes
	}
	return 0, anyOf(p.match(rest, parameterTag[:len(parameterTag)-1]), p.match(rest, functionEnd), p.match(rest, "{"))
}

// insideCall is whether s, behind <tool_call>, is the inside of one.
func (p *Parser) insideCall(s string) verdict {
	rest, near := gapped(s)
	switch {
	case !near:
		return no
	case rest == "" && p.final: // the text broke off
		return yes
	}
	if p.match(rest, "[") == yes {
		rest, near = gapped(rest[1:])
		if !near {
			return no
		}
		return p.match(rest, "{")
	}
	_, _, name := p.functionName(rest)
	if p.brokenName(rest) {
		name = yes
	}
	return anyOf(name, p.match(rest, "{"), p.match(rest, callTag))
}

// brokenName is whether the text broke off within <function=NAME>.
func (p *Parser) brokenName(s string) bool {
	if !p.final || s == "" || len(s) > maxName {
		return false
	}
	return strings.HasPrefix(functionTag, s) || strings.HasPrefix(s, functionTag) && strings.IndexAny(s[1:], "<>\n") < 0
}

// begins is whether a tool's name begins so.
func (p *Parser) begins(name string) bool {
	for _, t := range p.o.Tools {
		if strings.HasPrefix(t.Name, name) {
			return true
		}
	}
	return false
}

// functionName reads <function=NAME>. Behind a line end in place of the bracket
// only tools' names count. Undecided, the name is what there is of it.
func (p *Parser) functionName(s string) (name string, n int, v verdict) {
	if v := p.match(s, functionTag); v != yes {
		return "", 0, v
	}
	rest := s[len(functionTag):]
	end := strings.IndexAny(rest[:min(len(rest), maxName)], ">\n<")
	if end < 0 {
		if len(rest) >= maxName || p.final {
			return "", 0, no
		}
		return unquoted(rest), 0, undecided
	}
	name = unquoted(rest[:end])
	switch {
	case name == "" || rest[end] == '<' || rest[end] == '\n' && p.tools[name] == nil:
		return "", 0, no
	case rest[end] == '>':
		end++
	}
	return name, len(functionTag) + end, yes
}

// unquoted is a name without quotes and space around it.
func unquoted(s string) string { return strings.Trim(s, " \t\r\"'") }

// parameterName reads <parameter=NAME>, n bytes, and whether it is well formed.
// What is not has to be the name of a parameter: <parameter=NAME=, a line end or a
// space in place of the bracket, <parameter name="NAME">.
func (p *Parser) parameterName(t *Tool, s string) (name string, n int, v verdict) {
	const tag = "<parameter"
	if v := p.match(s, tag); v != yes {
		return "", 0, v
	}
	rest := s[len(tag):]
	if v := anyOf(p.match(rest, "="), p.match(rest, " name=")); v != yes {
		return "", 0, v
	}
	rest = rest[strings.IndexByte(rest, '=')+1:]
	before := len(s) - len(rest)
	// The names of a schema may hold anything but the bracket.
	if i := strings.IndexByte(rest[:min(len(rest), maxName)], '>'); t != nil && i > 0 && t.known(rest[:i]) {
		return rest[:i], before + i + 1, yes
	}
	if !p.final && t != nil && t.begins(rest) {
		return "", 0, undecided
	}
	end := strings.IndexAny(rest[:min(len(rest), maxName)], ">=<\r\n ")
	if quote := rest != "" && (rest[0] == '"' || rest[0] == '\''); end == 0 || quote && end == 1 {
		return "", 0, no
	}
	if end < 0 {
		if len(rest) >= maxName || p.final {
			return "", 0, no
		}
		return "", 0, undecided
	}
	name = unquoted(rest[:end])
	if rest[end] == '>' && name != "" {
		return name, before + end + 1, yes
	}
	if t == nil || !t.known(name) || rest[end] == '<' {
		return "", 0, no
	}
	if rest[end] == '=' || rest[end] == ' ' {
		switch end++; {
		case end == len(rest) && !p.final:
			return "", 0, undecided
		case end < len(rest) && rest[end] == '>':
			end++
		}
	}
	return name, before + end, yes
}

// begins is whether the name of a parameter and its bracket begin so.
func (t *Tool) begins(s string) bool {
	for name := range t.params {
		if strings.HasPrefix(name+">", s) {
			return true
		}
	}
	return false
}
