package tokenizer

import (
	"cmp"
	"fmt"
	"slices"
)

// Bounds of what a vocabulary may ask for. Added tokens cost some 40 bytes of
// memory for each of theirs; those of real vocabularies have a few thousand bytes
// in all.
const (
	mostTokenBytes = 1 << 16 // of one token
	mostAddedBytes = 4 << 20 // of all added tokens
)

// added finds added tokens in text in time linear in the text, whatever the
// tokens: an automaton of Aho and Corasick (CACM 18(6), 1975) over the tokens read
// backwards. A text read backwards through it gives, for each place, the longest
// token that begins there. State 0 is the empty one.
type added struct {
	last    [256]bool        // bytes that tokens end with
	next    map[uint64]int32 // by state and byte
	states  []state
	longest int // bytes of the longest token
	bytes   int // of all tokens
}

type state struct {
	token  int32 // the longest token that begins here, -1 for none
	length int32 // its bytes
	fail   int32 // the state of the longest end of what was read that is a state too
	parent int32
	depth  int32
	byte   byte
}

func edge(s int32, b byte) uint64 { return uint64(s)<<8 | uint64(b) }

// add puts in a token, whose text is not empty. Of two with the same text the
// first counts. It fails where the tokens are longer than any vocabulary's.
func (a *added) add(s string, id int32) error {
	if a.next == nil {
		a.next, a.states = map[uint64]int32{}, []state{{token: -1}}
	}
	if a.bytes += len(s); a.bytes > mostAddedBytes {
		return fmt.Errorf("the control and user-defined tokens have more than %d bytes together", mostAddedBytes)
	}
	a.longest = max(a.longest, len(s))
	a.last[s[len(s)-1]] = true
	at := int32(0)
	for i := len(s) - 1; i >= 0; i-- {
		to, ok := a.next[edge(at, s[i])]
		if !ok {
			to = int32(len(a.states))
			a.next[edge(at, s[i])] = to
			a.states = append(a.states, state{token: -1, parent: at, depth: a.states[at].depth + 1, byte: s[i]})
		}
		at = to
	}
	if a.states[at].token < 0 {
		a.states[at].token, a.states[at].length = id, int32(len(s))
	}
	return nil
}

// finish links the states after the last token was added: shorter ones first,
// since a state's link leads to a shorter one.
func (a *added) finish() {
	order := make([]int32, len(a.states))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(x, y int32) int { return cmp.Compare(a.states[x].depth, a.states[y].depth) })
	for _, i := range order {
		s := &a.states[i]
		if s.depth > 1 {
			s.fail = a.step(a.states[s.parent].fail, s.byte)
		}
		if s.token < 0 && s.depth > 0 {
			s.token, s.length = a.states[s.fail].token, a.states[s.fail].length
		}
	}
}

// step is the state after one more byte.
func (a *added) step(s int32, b byte) int32 {
	for {
		if to, ok := a.next[edge(s, b)]; ok {
			return to
		}
		if s == 0 {
			return 0
		}
		s = a.states[s].fail
	}
}

// place is where a token begins in a text.
type place struct {
	at, length int
	id         int32
}

// split calls f for the added tokens of a text, from left to right: of tokens that
// overlap the first, and of those that begin at one place the longest.
func (a *added) split(text string, f func(p place)) {
	if len(a.states) == 0 {
		return
	}
	// In blocks, so that memory does not grow with the text. A token that begins
	// in a block may end behind it.
	block := max(1<<16, a.longest)
	var found []place
	for from := 0; from < len(text); {
		to := min(from+block, len(text))
		found = a.places(found[:0], text, from, to)
		next := from
		for i := len(found) - 1; i >= 0; i-- {
			if p := found[i]; p.at >= next {
				f(p)
				next = p.at + p.length
			}
		}
		from = max(to, next)
	}
}

// places lists the longest token at every place of text from from to to, the last
// place first.
func (a *added) places(found []place, text string, from, to int) []place {
	at := int32(0)
	for i := min(to+a.longest-1, len(text)) - 1; i >= from; i-- {
		if at == 0 && !a.last[text[i]] {
			continue
		}
		at = a.step(at, text[i])
		if s := &a.states[at]; s.token >= 0 && i < to {
			found = append(found, place{i, int(s.length), s.token})
		}
	}
	return found
}
