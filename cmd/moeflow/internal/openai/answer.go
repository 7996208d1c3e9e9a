package openai

import (
	"bytes"
	"slices"
	"sort"
	"strings"

	"moeflow/tokenizer"
)

// Answer is the text of tokens as they come, up to what ends it: the first stop
// string, or a token that the request names.
type Answer struct {
	tok     *tokenizer.Tokenizer
	request *Request
	dec     *tokenizer.Decoder
	matches bool // control tokens are decoded too, since a stop string has one of them

	text    []byte // decoded so far
	hidden  []span // parts of text that are control tokens, and not of the answer
	starts  []int  // of each token: how much text there was before it
	longest int    // bytes of the longest stop string
	cut     int    // where the answer ends, -1 while nothing ended it
	by      string // the stop string that ended it, if one did
	whole   bool   // there are no more tokens
	given   int    // up to where Next has given the text
}

type span struct{ from, to int }

// NewAnswer begins the answer to a request.
func NewAnswer(t *tokenizer.Tokenizer, r *Request) *Answer {
	a := &Answer{tok: t, request: r, cut: -1}
	for _, s := range r.Stop {
		a.longest = max(a.longest, len(s))
		a.matches = a.matches || slices.ContainsFunc(t.Encode(s, true), a.isControl)
	}
	if a.dec = t.NewDecoder(); r.Special || a.matches {
		a.dec = t.NewSpecialDecoder()
	}
	return a
}

// isControl tells whether a token is one that is not printed.
func (a *Answer) isControl(id int32) bool {
	return a.tok.TokenText(id) != "" && a.tok.Decode([]int32{id}, false) == ""
}

// Ends tells whether the answer may end before the model ends it, so that Add has
// to see every token at once.
func (a *Answer) Ends() bool { return len(a.request.Stop)+len(a.request.StopIDs) > 0 }

// Add takes a token, and tells whether the answer ends before or in it.
func (a *Answer) Add(id int32) bool {
	if a.cut >= 0 {
		return true
	}
	stops := slices.Contains(a.request.StopIDs, id)
	if stops && !a.request.KeepStop {
		a.flush()
	}
	a.starts = append(a.starts, len(a.text))
	if !stops || a.request.KeepStop {
		a.grow(id)
	}
	if stops {
		a.end()
	}
	return a.cut >= 0
}

// end ends the answer here, unless a stop string did.
func (a *Answer) end() {
	if a.flush(); a.cut < 0 {
		a.cut = len(a.text)
	}
}

// grow adds a token's text, and looks for stop strings in it.
func (a *Answer) grow(id int32) {
	piece := a.dec.Add(id)
	from := len(a.text)
	a.text = append(a.text, piece...)
	if a.matches && !a.request.Special && a.isControl(id) {
		a.hidden = append(a.hidden, span{len(a.text) - len(a.tok.TokenText(id)), len(a.text)})
	}
	a.look(from)
}

// flush adds what the decoder holds of an unfinished character.
func (a *Answer) flush() {
	from := len(a.text)
	a.text = append(a.text, a.dec.Flush()...)
	a.look(from)
}

// look finds the stop string that ends the answer in the text from there on. Of
// several that of the earliest end counts, and of these the longest: so it does not
// matter how the text is cut into tokens.
func (a *Answer) look(from int) {
	from = max(0, from-a.longest+1)
	begin, end, by := -1, len(a.text)+1, ""
	for _, s := range a.request.Stop {
		b := a.index(s, from)
		if e := b + len(s); b >= 0 && (e < end || e == end && b < begin) {
			begin, end, by = b, e, s
		}
	}
	if begin < 0 || a.cut >= 0 {
		return
	}
	a.by = by
	if a.cut = begin; a.request.KeepStop {
		a.cut = end
	}
}

// index is where a stop string begins, -1 if it is not there. One that begins or
// ends within a control token is not there: nobody sees a part of those.
func (a *Answer) index(s string, from int) int {
	for {
		i := bytes.Index(a.text[from:], []byte(s))
		if i < 0 {
			return -1
		}
		begin := from + i
		if !a.within(begin) && !a.within(begin+len(s)) {
			return begin
		}
		from = begin + 1
	}
}

// within tells whether a place is inside of a hidden part.
func (a *Answer) within(at int) bool {
	h := a.hiddenFrom(at)
	return len(h) > 0 && h[0].from < at
}

// hiddenFrom are the hidden parts that end behind a place.
func (a *Answer) hiddenFrom(at int) []span {
	i := sort.Search(len(a.hidden), func(i int) bool { return a.hidden[i].to > at })
	return a.hidden[i:]
}

// visible is the answer's text between two places.
func (a *Answer) visible(from, to int) string {
	var b strings.Builder
	for _, h := range a.hiddenFrom(from) {
		if h.from >= to {
			break
		}
		b.Write(a.text[from:max(from, h.from)])
		from = min(to, h.to)
	}
	b.Write(a.text[from:to])
	return b.String()
}

// Next is the text that has become certain since Next was last called: what may be
// the beginning of a stop string is held back, as the bytes of an unfinished
// character are.
func (a *Answer) Next() string {
	to := a.cut
	if to < 0 && a.whole {
		to = len(a.text)
	} else if to < 0 {
		to = len(a.text) - a.beginning()
	}
	from := a.given
	a.given = max(from, to)
	return a.visible(from, a.given)
}

// beginning is the length of the longest end of the text that a stop string begins
// with.
func (a *Answer) beginning() int {
	for n := min(a.longest-1, len(a.text)-a.given); n > 0; n-- {
		end := a.text[len(a.text)-n:]
		for _, s := range a.request.Stop {
			if len(s) > n && s[:n] == string(end) {
				return n
			}
		}
	}
	return 0
}

// Finish takes all tokens of the answer, of which Add may have seen the first
// ones, and gives the whole text and how many of the tokens have a part in it. Next
// gives what is left of the text then.
func (a *Answer) Finish(ids []int32) (text string, tokens int) {
	for _, id := range ids[min(len(ids), len(a.starts)):] {
		if a.Add(id) {
			break
		}
	}
	if a.whole = true; a.cut < 0 {
		a.flush()
	}
	if a.cut < 0 {
		return a.visible(0, len(a.text)), len(a.starts)
	}
	n := len(a.starts)
	for n > 0 && a.starts[n-1] >= a.cut {
		n--
	}
	return a.visible(0, a.cut), n
}

// Stopped tells whether a stop string or a token that the request names ended the
// answer.
func (a *Answer) Stopped() bool { return a.cut >= 0 }

// StoppedBy is the stop string that ended the answer, "" if none did.
func (a *Answer) StoppedBy() string { return a.by }
