package tokenizer

import "slices"

// Encode turns text into tokens. Added tokens of the user-defined kind in the
// text always become themselves; control tokens such as <|im_start|> do so only
// if special is true, and are plain text otherwise: text of others must not
// forge them. Of tokens that overlap the first counts, of those the longest.
func (t *Tokenizer) Encode(text string, special bool) []int32 {
	if special {
		return t.encode(text, &t.added, nil)
	}
	return t.encode(text, &t.user, nil)
}

// encode finds added tokens everywhere but at the places that are plain.
func (t *Tokenizer) encode(text string, added *added, plain []int) []int32 {
	e := t.work.Get().(*encoder)
	defer t.work.Put(e)
	defer e.trim()
	out, start := make([]int32, 0, len(text)/3+8), 0
	added.split(text, func(p place) {
		if _, found := slices.BinarySearch(plain, p.at); found {
			return
		}
		out = append(e.text(out, text[start:p.at]), p.id)
		start = p.at + p.length
	})
	return e.text(out, text[start:])
}

// Controls are the texts of the control tokens.
func (t *Tokenizer) Controls() []string {
	var all []string
	for id, s := range t.texts {
		if s != "" && t.kind(int32(id)) == typeControl {
			all = append(all, s)
		}
	}
	return all
}

// EncodeAround is Encode with special tokens, but for those that begin at one of the
// places, which are in rising order: there they are plain text.
func (t *Tokenizer) EncodeAround(text string, places []int) []int32 {
	return t.encode(text, &t.added, places)
}

// EncodePrompt is Encode with the BOS and EOS tokens that the file asks for.
func (t *Tokenizer) EncodePrompt(text string, special bool) []int32 {
	ids := t.Encode(text, special)
	if t.addBOS && (len(ids) == 0 || ids[0] != int32(t.bos)) {
		ids = append([]int32{int32(t.bos)}, ids...)
	}
	if t.addEOS {
		ids = append(ids, int32(t.eos))
	}
	return ids
}

// encoder is the scratch memory of one Encode.
type encoder struct {
	t     *Tokenizer
	cache map[string][]int32 // words seen before
	parts []part
	heap  []candidate
}

const (
	cacheWords = 1 << 15 // then the cache is begun anew
	cacheBytes = 32      // longer words are not kept
	shortWord  = 48      // up to here a scan beats a heap
	keptWord   = 1 << 16 // what was needed for a longer one is given back
)

// trim gives back what an extraordinary word needed.
func (e *encoder) trim() {
	if cap(e.parts) > keptWord {
		e.parts, e.heap = nil, nil
	}
}

// text appends the tokens of text without added tokens.
func (e *encoder) text(out []int32, text string) []int32 {
	text = nfc(text)
	for text != "" {
		n := next(text)
		out = e.word(out, text[:n])
		text = text[n:]
	}
	return out
}

// word appends the tokens of one word.
func (e *encoder) word(out []int32, w string) []int32 {
	if len(w) == 1 {
		return append(out, e.t.bytes[w[0]])
	}
	if len(w) > cacheBytes {
		return e.merge(out, w)
	}
	if ids, ok := e.cache[w]; ok {
		return append(out, ids...)
	}
	start := len(out)
	out = e.merge(out, w)
	if len(e.cache) >= cacheWords {
		clear(e.cache)
	}
	// A copy of the word, so that the cache does not hold on to the text.
	e.cache[string([]byte(w))] = append([]int32(nil), out[start:]...)
	return out
}
