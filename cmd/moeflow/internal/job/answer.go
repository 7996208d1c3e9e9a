package job

import (
	"bytes"

	"moeflow/tokenizer"
)

// answer is the text of tokens as they come, up to the first stop string.
type answer struct {
	dec    *tokenizer.Decoder
	text   []byte
	stops  []string
	most   int   // bytes of the longest of stops
	starts []int // of each token: how much text there was before it
	cut    int   // where a stop string begins, -1 if there was none
}

func newAnswer(t *tokenizer.Tokenizer, stops []string) *answer {
	a := &answer{dec: t.NewDecoder(), stops: stops, cut: -1}
	for _, s := range stops {
		a.most = max(a.most, len(s))
	}
	return a
}

// add takes a token, and tells whether the answer ends before or in it.
func (a *answer) add(id int32) bool {
	if a.cut < 0 {
		a.starts = append(a.starts, len(a.text))
		a.grow(a.dec.Add(id))
	}
	return a.cut >= 0
}

// grow adds text. Of several stop strings that of the earliest end counts, and of
// these the longest: so it does not matter how the text is cut into tokens.
func (a *answer) grow(piece string) {
	from := max(0, len(a.text)-a.most+1)
	a.text = append(a.text, piece...)
	end := len(a.text) + 1
	for _, s := range a.stops {
		i := bytes.Index(a.text[from:], []byte(s))
		if i < 0 {
			continue
		}
		begin := from + i
		if e := begin + len(s); e < end || e == end && begin < a.cut {
			end, a.cut = e, begin
		}
	}
}

// finish gives the whole text and how many of the tokens have a part in it.
func (a *answer) finish(ids []int32) (text string, tokens int) {
	for _, id := range ids[min(len(ids), len(a.starts)):] {
		if a.add(id) {
			break
		}
	}
	if a.cut < 0 {
		a.grow(a.dec.Flush())
	}
	if a.cut < 0 {
		return string(a.text), len(a.starts)
	}
	n := len(a.starts)
	for n > 0 && a.starts[n-1] >= a.cut {
		n--
	}
	return string(a.text[:a.cut]), n
}
