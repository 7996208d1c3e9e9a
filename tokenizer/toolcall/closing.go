package toolcall

import "strings"

// A value closes only where a tag of its end is followed by what can follow it:
// the value may be code that holds the same tags.
//
//   - </parameter> closes before the tag of a parameter of the schema that is not
//     given yet, before </function> or </tool_call>, another function or the end.
//   - The tag of such a parameter, </function> and </tool_call> close without
//     </parameter> at the beginning of a line; anywhere, if the value stands on the
//     line of its own tag, or is a number or a bool. Behind </function> and
//     </tool_call> the call, or the text, has to end.
//   - A whole call within the value, <tool_call> with <function= behind it, is text
//     up to its </tool_call>. Only the end of the text closes before that.

// closing is whether the value ends at the start of s, a "<", and how many bytes
// belong to the value (no) or to the tag of its end (yes).
func (p *Parser) closing(s string) (int, verdict) {
	v := &p.call.value
	free := v.lineStart || v.inline || v.kind == kindInteger || v.kind == kindNumber || v.kind == kindBool
	for i, tag := range [...]string{parameterEnd, functionEnd, callEnd} {
		switch p.match(s, tag) {
		case undecided:
			return 0, undecided
		case no:
			if p.final && i == 0 && free && len(s) > len("</") && strings.HasPrefix(tag, s) {
				return len(s), yes // broke off within
			}
			continue
		}
		if v.depth > 0 {
			return p.nestedEnd(s, i)
		}
		rest, near := gapped(s[len(tag):])
		switch {
		case !near || i > 0 && !free:
			return len(tag), no
		case i == 0:
			return len(tag), p.follows(rest)
		}
		next := p.atEnd()
		if rest != "" {
			_, _, function := p.functionName(rest)
			next = p.match(rest, callTag)
			if i == 1 {
				next = anyOf(next, function, p.match(rest, callEnd))
			}
			next = p.partly(rest, next, callTag, callEnd)
		}
		if next == no {
			return len(tag), no
		}
		return 0, next // inCall reads the tag
	}
	switch p.match(s, callTag) {
	case undecided:
		return 0, undecided
	case yes:
		rest, near := gapped(s[len(callTag):])
		switch next := p.match(rest, functionTag); {
		case near && next == undecided:
			return 0, undecided
		case near && next == yes:
			v.depth++
		}
		return len(callTag), no
	}
	if v.depth > 0 || !free {
		return 1, no
	}
	name, _, next := p.parameterName(p.call.tool, s)
	if next == yes && (p.call.tool == nil || !p.call.tool.known(name) || p.call.used[name]) {
		next = no
	}
	if next != no {
		return 0, next
	}
	return 1, no
}

// atEnd is yes at the end of the text.
func (p *Parser) atEnd() verdict {
	if p.final {
		return yes
	}
	return undecided
}

// partly is v, or yes where the text broke off within a tag.
func (p *Parser) partly(s string, v verdict, tags ...string) verdict {
	for _, tag := range tags {
		if p.final && strings.HasPrefix(tag, s) {
			return yes
		}
	}
	return v
}

// follows is whether s can follow </parameter>.
func (p *Parser) follows(s string) verdict {
	if s == "" {
		return p.atEnd()
	}
	c := p.call
	name, _, parameter := p.parameterName(c.tool, s)
	if parameter == yes && (c.tool != nil && !c.tool.takes(name) || c.used[name] && c.value.kind == kindString) {
		parameter = no
	}
	name, _, function := p.functionName(s)
	if function == yes && p.tools[name] == nil {
		function = no
	}
	another := p.match(s, callTag)
	if another == yes {
		rest, near := gapped(s[len(callTag):])
		if another = p.match(rest, functionTag); !near {
			another = no
		}
	}
	return p.partly(s, anyOf(parameter, function, another, p.match(s, functionEnd), p.match(s, callEnd)),
		functionEnd, callEnd, parameterTag, functionTag)
}

// nestedEnd is an end, one of parameterEnd and so on, of a call that the value
// holds. It is that of the value if nothing follows but the ends behind it.
func (p *Parser) nestedEnd(s string, from int) (int, verdict) {
	ends := [...]string{parameterEnd, functionEnd, callEnd}
	rest, near := s, true
	for _, tag := range ends[from:] {
		if p.match(rest, tag) == undecided || p.final && rest != s && rest != "" && strings.HasPrefix(tag, rest) {
			return len(s), p.atEnd()
		}
		after, ok := strings.CutPrefix(rest, tag)
		if !ok {
			continue
		}
		if rest, near = gapped(after); !near {
			break
		}
	}
	if near && rest == "" {
		return len(s), p.atEnd()
	}
	if from == len(ends)-1 {
		p.call.value.depth--
	}
	return len(ends[from]), no
}
