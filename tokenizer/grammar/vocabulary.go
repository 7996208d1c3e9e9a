package grammar

import (
	"fmt"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// Vocabulary is a tokenizer's tokens, prepared for masks. It serves any number of
// grammars at once.
type Vocabulary struct {
	texts []string // by id; "" never matches
	ends  []int32
	words int
	all   *trie
	// Most tokens are plain: whole characters that stand for themselves in a JSON
	// string. A state that takes any of them needs no walk over these: plain[n] has
	// the plain tokens of at most n characters, special the others.
	plain   [][]uint32
	special *trie
	long    []longToken // plain ones of more characters than plain has masks for
	// The most characters of a special token that can lie in a string.
	specialChars int
	standard     shared
}

// Marker stands before the text of a token that is not text, so that a grammar
// can ask for the token and text cannot forge it: no text has this byte.
const Marker = "\xff"

// NewVocabulary prepares tokens, given by their bytes in order of their ids. An
// empty one never matches. Tokens that are not text, but that a grammar may ask
// for by name, start with Marker. ends are the ids that end a text. An error tells
// of an id that is out of range.
func NewVocabulary(texts []string, ends []int32) (*Vocabulary, error) {
	v := &Vocabulary{texts: texts, ends: ends, words: (len(texts) + 31) / 32}
	over := make([]bool, len(texts))
	for _, id := range ends {
		if id < 0 || int(id) >= len(texts) {
			return nil, fmt.Errorf("token %d, which ends a text, is outside the vocabulary of %d", id, len(texts))
		}
		over[id] = true
	}
	var all, special []spelled
	plain := make([][]int32, plainMasks+1)
	for id, text := range texts {
		if text == "" || over[id] {
			continue
		}
		all = append(all, spelled{text, int32(id)})
		n, whole := plainChars(text)
		switch {
		case !whole:
			special = append(special, spelled{text, int32(id)})
			v.specialChars = max(v.specialChars, n)
		case n <= plainMasks:
			plain[n] = append(plain[n], int32(id))
		default:
			v.long = append(v.long, longToken{n, int32(id)})
		}
	}
	mask := make([]uint32, v.words)
	for _, ids := range plain {
		for _, id := range ids {
			mask[id>>5] |= 1 << (id & 31)
		}
		v.plain = append(v.plain, slices.Clone(mask))
	}
	v.all, v.special = newTrie(all), newTrie(special)
	return v, nil
}

// longToken is a plain token of many characters.
type longToken struct {
	chars int
	id    int32
}

// plainMasks is the most characters of a token that counts as plain.
const plainMasks = 24

// plainChars counts the characters of a text up to the first that cannot lie in a
// JSON string, and tells whether all stand for themselves there.
func plainChars(text string) (n int, whole bool) {
	whole = utf8.ValidString(text)
	for _, r := range text {
		if r < ' ' {
			return n, false
		}
		whole = whole && r != '"' && r != '\\'
		n++
	}
	return n, whole
}

// Words is the length of a mask: one bit per token, bit id%32 of word id/32.
func (v *Vocabulary) Words() int { return v.words }

// Count is how many tokens a mask allows, and the last of them.
func Count(mask []uint32) (n int, last int32) {
	for i, w := range mask {
		if w != 0 {
			n += bits.OnesCount32(w)
			last = int32(32*i + 31 - bits.LeadingZeros32(w))
		}
	}
	return n, last
}
