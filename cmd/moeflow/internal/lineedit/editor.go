package lineedit

import (
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// ErrInterrupt ends a message at Ctrl-C.
var ErrInterrupt = errors.New("interrupted")

// Editor reads messages. The methods are for one goroutine.
type Editor struct {
	// Next waits for more bytes of the terminal; an error ends the message.
	Next func() ([]byte, error)
	Out  io.Writer
	// Size gives the terminal's columns and rows, asked anew before each message.
	Size    func() (columns, rows int)
	History *History
	// Begin and End are written around what is being typed, as to colour it.
	Begin, End string

	rest    []byte // bytes not looked at yet
	pasting bool
	cr      bool // the last character pasted was a carriage return

	text []rune
	at   int // the cursor's place in text

	prompt string
	old    int    // how far back in the history text is from, 0: not at all
	typed  []rune // what was typed before the history was asked
	screen screen
	failed error // of Out
}

// most is how many characters a message may have.
const most = 16 << 20

// Read reads one message. At Ctrl-C it gives what was typed so far with
// ErrInterrupt, and at Ctrl-D, if nothing was typed, or at the end of the input,
// io.EOF.
func (e *Editor) Read(prompt string) (string, error) {
	e.prompt, e.text, e.at, e.old, e.typed = prompt, nil, 0, 0, nil
	e.screen.columns, e.screen.rows = e.Size()
	e.screen.begin()
	for {
		done, err := e.keys()
		e.show(done || err != nil)
		switch text := string(e.text); {
		case err != nil:
			return text, err
		case e.failed != nil:
			return text, e.failed
		case done:
			e.History.Add(text)
			return text, nil
		}
		more, err := e.Next()
		if err != nil {
			return string(e.text), err
		}
		e.rest = append(e.rest, more...)
	}
}

// Typed takes bytes that came while no message was read, for the next one.
func (e *Editor) Typed(b []byte) { e.rest = append(e.rest, b...) }

// Forget drops what was typed for the next message.
func (e *Editor) Forget() { e.rest, e.pasting = nil, false }

// keys handles the keys that are there. done says that the message has ended.
func (e *Editor) keys() (done bool, err error) {
	for {
		k, n := decode(e.rest, e.pasting)
		if n == 0 {
			return false, nil
		}
		e.rest = e.rest[n:]
		switch {
		case k.name == keyPaste:
			e.pasting, e.cr = true, false
		case k.name == keyPasted:
			e.pasting = false
		case e.pasting:
			e.paste(k.r)
		case k.name == keyEnter:
			e.at = len(e.text)
			return true, nil
		case k.name == keyInterrupt:
			return false, ErrInterrupt
		case k.name == keyDelete && k.r == ctrlD && len(e.text) == 0:
			return false, io.EOF
		case k.name == keyNone:
			e.insert(k.r)
		default:
			e.edit(k.name)
		}
	}
}

// paste takes a character of a pasted text: line ends of any kind, and nothing that
// would do something to a terminal.
func (e *Editor) paste(r rune) {
	switch behind := e.cr; {
	case r == '\n' && behind:
	case r == '\r', r == '\n':
		e.insert('\n')
	case r == '\t', printable(r):
		e.insert(r)
	}
	e.cr = r == '\r'
}

func (e *Editor) insert(r rune) {
	if len(e.text) < most {
		e.text = slices.Insert(e.text, e.at, r)
		e.at++
	}
}

// printable tells whether a character stands for itself on a terminal.
func printable(r rune) bool {
	return r == ' ' || r == '\u200c' || r == '\u200d' || unicode.IsGraphic(r) && !unicode.In(r, unicode.Zl, unicode.Zp)
}

// edit handles a key that is no text.
func (e *Editor) edit(k name) {
	switch k {
	case keyLeft:
		e.at = e.before(e.at)
	case keyRight:
		e.at = e.behind(e.at)
	case keyWordLeft:
		e.at = e.wordBefore()
	case keyWordRight:
		e.at = e.wordBehind()
	case keyHome:
		e.at = e.lineStart(e.at)
	case keyEnd:
		e.at = e.lineEnd(e.at)
	case keyBackspace:
		e.cut(e.before(e.at), e.at)
	case keyDelete:
		e.cut(e.at, e.behind(e.at))
	case keyCutWord:
		e.cut(e.wordBefore(), e.at)
	case keyCutStart:
		e.cut(e.lineStart(e.at), e.at)
	case keyCutEnd:
		e.cut(e.at, e.lineEnd(e.at))
	case keyNewline:
		e.insert('\n')
	case keyClear:
		io.WriteString(e.Out, "\x1b[2J\x1b[H")
		e.screen.begin()
	case keyUp:
		if from := e.lineStart(e.at); from > 0 {
			e.at = e.column(e.lineStart(from-1), e.at-from)
		} else {
			e.recall(e.old + 1)
		}
	case keyDown:
		if to := e.lineEnd(e.at); to < len(e.text) {
			e.at = e.column(to+1, e.at-e.lineStart(e.at))
		} else {
			e.recall(e.old - 1)
		}
	}
}

func (e *Editor) cut(from, to int) {
	e.text = slices.Delete(e.text, from, to)
	e.at = from
}

// before and behind are the places of a whole character, which may be several code
// points, next to a place.
func (e *Editor) before(at int) int {
	from := e.lineStart(at)
	if from == at {
		return max(0, at-1)
	}
	last, g := from, uniseg.NewGraphemes(string(e.text[from:at]))
	for g.Next() {
		last = at - len(g.Runes())
		from += len(g.Runes())
	}
	return last
}

func (e *Editor) behind(at int) int {
	if at == len(e.text) {
		return at
	}
	c, _, _, _ := uniseg.FirstGraphemeClusterInString(string(e.text[at:min(len(e.text), at+64)]), -1)
	return at + max(1, utf8.RuneCountInString(c))
}

func (e *Editor) wordBefore() int {
	at := e.at
	for at > 0 && unicode.IsSpace(e.text[at-1]) {
		at--
	}
	for at > 0 && !unicode.IsSpace(e.text[at-1]) {
		at--
	}
	return at
}

func (e *Editor) wordBehind() int {
	at := e.at
	for at < len(e.text) && unicode.IsSpace(e.text[at]) {
		at++
	}
	for at < len(e.text) && !unicode.IsSpace(e.text[at]) {
		at++
	}
	return at
}

// lineStart and lineEnd are the ends of the line that a place is in.
func (e *Editor) lineStart(at int) int {
	for at > 0 && e.text[at-1] != '\n' {
		at--
	}
	return at
}

func (e *Editor) lineEnd(at int) int {
	for at < len(e.text) && e.text[at] != '\n' {
		at++
	}
	return at
}

// column is the place so many characters behind the start of a line, or its end.
func (e *Editor) column(from, n int) int { return min(from+n, e.lineEnd(from)) }

// recall shows the n-th message of the history, counted from the last; 0 is what
// was typed.
func (e *Editor) recall(n int) {
	if n < 0 || n > e.History.Len() || n == e.old {
		return
	}
	if e.old == 0 {
		e.typed = slices.Clone(e.text)
	}
	if e.old = n; n == 0 {
		e.text = e.typed
	} else {
		e.text = []rune(e.History.at(n))
	}
	e.at = len(e.text)
}

// show brings the terminal up to date.
func (e *Editor) show(last bool) {
	var b strings.Builder
	e.screen.draw(&b, e.prompt, e.Begin, e.End, e.text, e.at, last)
	if _, err := io.WriteString(e.Out, b.String()); err != nil && e.failed == nil {
		e.failed = err
	}
}
