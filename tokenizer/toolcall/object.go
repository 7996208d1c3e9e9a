package toolcall

import (
	"encoding/json"
	"strings"
)

// object is a call in JSON.
type object struct {
	begun bool
	raw   []byte // what was read, until the call starts
	args  []byte // before the name, nil until there are some
	key   string
	part  part
	r     *rewriter // of a key or a value
	given bool      // there were arguments
	live  bool      // the value is the arguments, passed on as they come
}

// part is what of an object comes next.
type part uint8

const (
	partKey part = iota
	partColon
	partValue
)

func (o *object) held() int {
	n := len(o.raw) + len(o.args)
	if o.r != nil {
		n += len(o.r.out) + len(o.r.key) + len(o.r.word) + len(o.r.stack)
	}
	return n
}

// object reads a call in JSON, from its bracket on.
func (p *Parser) object() bool {
	o := &p.call.object
	if !o.begun {
		o.begun = true
		o.raw = append(o.raw, p.in[0])
		p.skip(1)
	}
	i, ended := 0, false
	for i < len(p.in) && !ended {
		took := true
		took, ended = p.objectByte(o, p.in[i])
		if took {
			if p.call.used == nil { // not started
				o.raw = append(o.raw, p.in[i])
			}
			i++
		}
	}
	p.skip(i)
	p.objectOut(o)
	if ended {
		p.endObject()
	}
	return ended
}

// objectByte reads a byte: whether it is used, and whether the object ended.
func (p *Parser) objectByte(o *object, c byte) (took, ended bool) {
	if o.r != nil {
		took = o.r.take(c)
		if o.r.done || !took {
			p.endPart(o)
		}
		return took, false
	}
	switch {
	case strings.IndexByte(space, c) >= 0:
		return true, false
	case c == '<':
		return false, true
	case c == '}':
		return true, true
	case c == ',':
		o.part = partKey
		return true, false
	case o.part == partColon:
		o.part = partValue
		return c == ':', false
	}
	o.r = &rewriter{}
	o.live = o.part == partValue && c == '{' && !o.given && (o.key == "arguments" || o.key == "parameters")
	return false, false
}

// objectOut passes on what there is of the arguments.
func (p *Parser) objectOut(o *object) {
	if o.r == nil || !o.live {
		return
	}
	if text := o.r.taken(); p.call.used != nil {
		p.emit(Arguments, text)
	} else {
		o.args = append(o.args, text...)
	}
}

// endPart ends a key or a value.
func (p *Parser) endPart(o *object) {
	r := o.r
	r.finish()
	p.objectOut(o)
	o.given = o.given || o.live
	o.r = nil
	if o.live {
		o.live, o.part = false, partKey
		return
	}
	var text string
	isText := json.Unmarshal(r.out, &text) == nil
	if o.part == partKey {
		o.key, o.part = text, partColon
		return
	}
	o.part = partKey
	switch {
	case o.key == "name" && text != "" && p.call.used == nil:
		p.start(text)
		p.emit(Arguments, string(o.args))
		o.raw, o.args = nil, nil
	case isText && !o.given && (o.key == "arguments" || o.key == "parameters"): // JSON in a string
		if text = strings.Trim(text, space); strings.HasPrefix(text, "{") {
			inner := &rewriter{}
			for i := 0; i < len(text) && inner.take(text[i]); i++ {
			}
			inner.finish()
			o.live, o.r = true, inner
			p.objectOut(o)
			o.live, o.r, o.given = false, nil, true
		}
	}
}

// endObject ends the call, or makes content of an object without a name.
func (p *Parser) endObject() {
	o := &p.call.object
	if o.r != nil {
		p.endPart(o)
	}
	if p.call.used == nil {
		raw := string(o.raw)
		p.call, p.state = nil, (*Parser).content
		p.say(Content, callTag+"\n"+raw)
		if p.final {
			p.emit(Content, string(p.gap))
		}
		return
	}
	p.call.whole = o.given
	p.stop()
	p.state = (*Parser).between
}
