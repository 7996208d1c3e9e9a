package toolcall

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind is what an event tells.
type Kind uint8

// The kinds of events.
const (
	Content   Kind = iota // Text is a piece of what the model says
	Reasoning             // Text is a piece of what it thinks
	Start                 // a call: Index, ID and Name
	Arguments             // Text is a piece of the JSON of the call's arguments
	End                   // of the call
)

// Event is a piece of what the model does. Its text is valid UTF-8 and not empty.
type Event struct {
	Kind     Kind
	Text     string
	Index    int // of the call, from 0
	ID, Name string
}

// Options are how a text is read.
type Options struct {
	Format Format
	// Tools are those that the model was told of. Without any, text that looks
	// like a call is content.
	Tools []Tool
	// InThinking says that the prompt opened a block of thinking: see ThinkingIn.
	InThinking bool
	// ID names the call of an index; nil is "call_0", "call_1" ....
	ID func(index int) string
}

const (
	callTag      = "<tool_call>"
	callEnd      = "</tool_call>"
	functionTag  = "<function="
	functionEnd  = "</function>"
	parameterTag = "<parameter="
	parameterEnd = "</parameter>"
	thinkTag     = "<think>"
	thinkEnd     = "</think>"

	space   = " \t\r\n"
	maxGap  = 64  // bytes of white space between two tags that belong together
	maxName = 256 // bytes
	maxHeld = 256 // bytes of white space that are held back, since a call may follow
)

// Parser reads the text of one answer. The zero value is not ready: use New.
type Parser struct {
	o     Options
	tools map[string]*Tool

	in     string // read, not understood yet
	part   []byte // of a character
	final  bool   // the text has ended
	state  func(*Parser) bool
	events []Event
	piece  []byte // of the event under way, of kind as
	as     Kind

	block  block
	gap    []byte // white space held back
	thinks bool   // within a block of thinking
	silent bool   // white space is left out up to the next text
	said   bool   // there was content
	fill   bool   // white space behind a call stands for that before it
	calls  int

	call *call
}

// New makes a parser for one answer.
func New(o Options) *Parser {
	p := &Parser{o: o, tools: make(map[string]*Tool, len(o.Tools)), state: (*Parser).content}
	if o.ID == nil {
		p.o.ID = func(index int) string { return "call_" + strconv.Itoa(index) }
	}
	for i := range o.Tools {
		p.tools[o.Tools[i].Name] = &o.Tools[i]
	}
	switch {
	case o.InThinking:
		p.think()
	case o.Format.Thinking:
		p.state = (*Parser).begin
	}
	return p
}

// Feed reads the next piece of text and returns what happened. A piece may end
// anywhere, also within a character.
func (p *Parser) Feed(text string) []Event {
	p.read(text)
	p.run()
	return p.taken()
}

// Finish ends the text, and what is open: a call gets its end, its arguments are
// closed. Nothing may follow.
func (p *Parser) Finish() []Event {
	if p.final {
		return nil
	}
	if n := len(p.part); n > 0 {
		p.in += strings.Repeat("\uFFFD", n)
	}
	p.part, p.final = nil, true
	p.run()
	p.close()
	return p.taken()
}

// Calls is the number of calls that have started.
func (p *Parser) Calls() int { return p.calls }

// Held is how many bytes of text are held back. More than a tag's are only values
// that are no strings, and a call in JSON before its name.
func (p *Parser) Held() int {
	n := len(p.in) + len(p.part) + len(p.gap)
	if p.call != nil {
		n += p.call.held()
	}
	return n
}

// read adds the whole characters of text to what is read. Bytes that are no UTF-8
// become U+FFFD.
func (p *Parser) read(text string) {
	var b strings.Builder
	b.Grow(len(p.in) + len(text) + utf8.UTFMax)
	b.WriteString(p.in)
	for len(p.part) > 0 && text != "" {
		p.part = append(p.part, text[0])
		text = text[1:]
		for len(p.part) > 0 && utf8.FullRune(p.part) {
			r, n := utf8.DecodeRune(p.part)
			b.WriteRune(r)
			p.part = p.part[n:]
		}
	}
	whole := len(text)
	for i := 1; i <= min(utf8.UTFMax-1, len(text)); i++ {
		if tail := text[len(text)-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRuneInString(tail) {
				whole -= i
			}
			break
		}
	}
	p.part = append(p.part[:len(p.part):len(p.part)], text[whole:]...)
	if text = text[:whole]; utf8.ValidString(text) {
		b.WriteString(text)
	} else {
		for _, r := range text { // each bad byte is one U+FFFD
			b.WriteRune(r)
		}
	}
	p.in = b.String()
}

// run takes what it can. A state returns false when it needs more text.
func (p *Parser) run() {
	for p.state(p) {
	}
}

// emit adds a piece to the event under way.
func (p *Parser) emit(k Kind, text string) {
	if text == "" {
		return
	}
	if p.as != k {
		p.flush()
	}
	p.as = k
	p.piece = append(p.piece, text...)
}

func (p *Parser) flush() {
	if len(p.piece) > 0 {
		e := Event{Kind: p.as, Text: string(p.piece)}
		if p.as == Arguments {
			e.Index = p.calls - 1
		}
		p.events = append(p.events, e)
		p.piece = p.piece[:0]
	}
}

func (p *Parser) taken() []Event {
	p.flush()
	events := p.events
	p.events = nil
	return events
}

// say emits text of content or thinking and holds back white space at its end,
// which is left out if the thinking ends or only calls follow.
func (p *Parser) say(k Kind, text string) {
	if p.silent {
		text = strings.TrimLeft(text, space)
	}
	if text == "" {
		return
	}
	p.silent = false
	p.said = p.said || k == Content
	word := strings.TrimRight(text, space)
	if word != "" {
		p.emit(k, string(p.gap))
		p.emit(k, word)
		p.gap = p.gap[:0]
	}
	p.gap = append(p.gap, text[len(word):]...)
	if over := len(p.gap) - maxHeld; over > 0 {
		p.emit(k, string(p.gap[:over]))
		p.gap = append(p.gap[:0], p.gap[over:]...)
	}
}

// skip moves on by n bytes.
func (p *Parser) skip(n int) { p.in = p.in[n:] }

// begin looks for a block of thinking at the beginning of the text.
func (p *Parser) begin() bool {
	rest, near := gapped(p.in)
	switch v := p.match(rest, thinkTag); {
	case near && v == yes:
		p.skip(len(p.in) - len(rest) + len(thinkTag))
		p.think()
	case near && v == undecided:
		return false
	default:
		p.state = (*Parser).content
	}
	return true
}

func (p *Parser) think() { p.silent, p.thinks, p.state = true, true, (*Parser).thinking }

func (p *Parser) thinking() bool {
	i := strings.IndexByte(p.in, '<')
	if i < 0 {
		i = len(p.in)
	}
	p.say(Reasoning, p.in[:i])
	switch p.skip(i); {
	case p.in == "":
		return false
	case strings.HasPrefix(p.in, thinkEnd):
		p.skip(len(thinkEnd))
		p.gap = p.gap[:0]
		p.silent, p.thinks, p.state = true, false, (*Parser).content
	case !p.final && strings.HasPrefix(thinkEnd, p.in):
		return false
	default:
		p.say(Reasoning, "<")
		p.skip(1)
	}
	return true
}

// content reads text up to a call.
func (p *Parser) content() bool {
	i := -1
	if len(p.tools) > 0 && p.o.Format.Calls != NoCalls {
		i = strings.IndexByte(p.in, '<')
	}
	if i < 0 {
		p.say(Content, p.in)
		p.in = ""
		return false
	}
	p.say(Content, p.in[:i])
	p.skip(i)
	switch n, v := p.opening(p.in); v {
	case undecided:
		return false
	case yes:
		p.skip(n)
		if !p.said {
			p.gap, p.silent = p.gap[:0], true
		}
		p.fill = p.said && len(p.gap) == 0
		p.block, p.state = blockOpen, (*Parser).between
	default:
		p.say(Content, "<")
		p.skip(1)
	}
	return true
}

// block is what <tool_call> holds.
type block uint8

const (
	blockNone block = iota // its end was seen
	blockOpen              // nothing yet
	blockXML
	blockJSON
)

// between is inside of <tool_call>, or right behind it: calls, ends that are one
// too many, white space. Anything else is content again.
func (p *Parser) between() bool {
	rest := strings.TrimLeft(p.in, space)
	if p.block == blockNone && p.fill {
		p.gap = append(p.gap, p.in[:min(len(p.in)-len(rest), maxHeld-len(p.gap))]...)
	}
	if p.skip(len(p.in) - len(rest)); rest == "" {
		return false
	}
	for _, tag := range []string{callEnd, functionEnd, parameterEnd} {
		switch p.match(rest, tag) {
		case yes:
			p.skip(len(tag))
			if tag == callEnd {
				p.block = blockNone
			}
			return true
		case undecided:
			return false
		}
		if p.final && strings.HasPrefix(tag, rest) { // broke off
			p.in = ""
			return false
		}
	}
	if p.block == blockOpen || p.block == blockJSON {
		switch rest[0] {
		case '[', ']', ',', '}': // around and between calls in JSON
			p.skip(1)
			return true
		case '{':
			p.call = &call{}
			p.block, p.state = blockJSON, (*Parser).object
			return true
		}
	}
	if p.block == blockOpen {
		switch p.match(rest, callTag) {
		case yes: // twice
			p.skip(len(callTag))
			return true
		case undecided:
			return false
		}
	}
	if p.block != blockNone {
		name, n, v := p.functionName(rest)
		switch {
		case v == undecided:
			return false
		case v == yes:
			p.skip(n)
			p.start(name)
			p.block, p.state = blockXML, (*Parser).inCall
			return true
		case p.brokenName(rest):
			p.in = ""
			return false
		}
	}
	p.state = (*Parser).content
	return true
}
