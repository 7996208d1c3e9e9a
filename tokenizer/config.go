package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Token types of tokenizer.ggml.token_type. Of the others, 5 (unused) and 6
// (byte) are text like normal ones, and 0 is what writers put that know none.
const (
	typeNormal  = 1
	typeUnknown = 2
	typeControl = 3
	typeUser    = 4
	typeMost    = 6
)

// Config is what a file's metadata says.
type Config struct {
	Model  string   // tokenizer.ggml.model: "gpt2", which is byte-level BPE
	Pre    string   // tokenizer.ggml.pre: "qwen2"
	Tokens []string // tokenizer.ggml.tokens, in the byte alphabet
	Types  []int32  // tokenizer.ggml.token_type; nil takes all as normal
	Merges []string // tokenizer.ggml.merges, "left right", the first merged first
	// BOS, EOS and EOT are ids, -1 where the file names none: a missing BOS is
	// normal for models of this family.
	BOS, EOS, EOT  int
	AddBOS, AddEOS bool
	// MoreEOG are further ids that end a text: those that other keys of the file
	// name (eom, and the ends of a fill in the middle).
	MoreEOG []int
}

// Tokenizer encodes and decodes. It may be used by several goroutines.
type Tokenizer struct {
	texts  []string // by id: raw bytes
	types  []int32
	bytes  [256]int32 // the token of each byte
	ranks  map[uint64]merge
	added  added // those that are parsed when special ones are asked for
	user   added // those that are parsed always
	eog    map[int32]bool
	bos    int
	eos    int
	addBOS bool
	addEOS bool
	work   sync.Pool // *encoder
}

// merge is what a pair of tokens becomes.
type merge struct{ rank, id int32 }

func pair(a, b int32) uint64 { return uint64(uint32(a))<<32 | uint64(uint32(b)) }

// New builds a tokenizer. An error names the metadata key at fault. A merge
// whose parts or result are not tokens is left out: files whose vocabulary was
// cut have them, and what they would make is not there.
func New(c Config) (*Tokenizer, error) {
	if c.Model != "gpt2" {
		return nil, fmt.Errorf("tokenizer.ggml.model is %.80q, wanted gpt2 (byte-level BPE)", c.Model)
	}
	if c.Pre != "qwen2" {
		return nil, fmt.Errorf("tokenizer.ggml.pre is %.80q, wanted qwen2: other ways of splitting text are not supported", c.Pre)
	}
	if len(c.Tokens) == 0 {
		return nil, fmt.Errorf("tokenizer.ggml.tokens is empty")
	}
	if c.Types != nil && len(c.Types) != len(c.Tokens) {
		return nil, fmt.Errorf("tokenizer.ggml.token_type has %d entries for %d tokens", len(c.Types), len(c.Tokens))
	}
	for id, kind := range c.Types {
		if kind < 0 || kind > typeMost {
			return nil, fmt.Errorf("tokenizer.ggml.token_type: token %d has type %d, wanted 0 to %d", id, kind, typeMost)
		}
	}
	if err := c.checkIDs(); err != nil {
		return nil, err
	}
	if c.AddBOS && c.BOS < 0 {
		return nil, fmt.Errorf("tokenizer.ggml.add_bos_token is true, but tokenizer.ggml.bos_token_id is missing")
	}
	t := &Tokenizer{types: slices.Clone(c.Types), bos: c.BOS, eos: c.EOS, addBOS: c.AddBOS, addEOS: c.AddEOS && c.EOS >= 0,
		eog: map[int32]bool{}}
	t.work.New = func() any { return &encoder{t: t, cache: map[string][]int32{}} }
	t.markEnds(c.Tokens)
	ids, err := t.readTokens(c.Tokens)
	if err != nil {
		return nil, err
	}
	if err := t.readMerges(c.Merges, ids); err != nil {
		return nil, err
	}
	for _, id := range append([]int{c.EOS, c.EOT}, c.MoreEOG...) {
		if id >= 0 {
			t.eog[int32(id)] = true
		}
	}
	return t, nil
}

func (c *Config) checkIDs() error {
	check := func(key string, id int) error {
		if id < -1 || id >= len(c.Tokens) {
			return fmt.Errorf("tokenizer.ggml.%s is %d, wanted one of the %d tokens", key, id, len(c.Tokens))
		}
		return nil
	}
	errs := []error{check("bos_token_id", c.BOS), check("eos_token_id", c.EOS), check("eot_token_id", c.EOT)}
	for _, id := range c.MoreEOG {
		errs = append(errs, check("eog token", id))
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// readTokens fills texts, the byte table and the added tokens, and returns the
// ids of normal tokens by their text in the byte alphabet.
func (t *Tokenizer) readTokens(tokens []string) (map[string]int32, error) {
	ids := make(map[string]int32, len(tokens))
	t.texts = make([]string, len(tokens))
	for i := range t.bytes {
		t.bytes[i] = -1
	}
	var buf []byte
	for i, s := range tokens {
		id := int32(i)
		kind := t.kind(id)
		if len(s) > mostTokenBytes {
			return nil, fmt.Errorf("tokenizer.ggml.tokens: token %d has %d bytes, wanted at most %d", id, len(s), mostTokenBytes)
		}
		if kind == typeControl || kind == typeUser || kind == typeUnknown {
			t.texts[i] = s
			if s == "" {
				continue
			}
			err := t.added.add(s, id)
			if err == nil && kind == typeUser {
				err = t.user.add(s, id)
			}
			if err != nil {
				return nil, fmt.Errorf("tokenizer.ggml.tokens: %w", err)
			}
			continue
		}
		if first, ok := ids[s]; !ok {
			ids[s] = id
		} else if kind == typeNormal {
			return nil, fmt.Errorf("tokenizer.ggml.tokens: tokens %d and %d are both %.80q", first, id, s)
		}
		buf = buf[:0]
		for _, r := range s {
			b, ok := alphabet.bytes[r]
			if !ok { // not of the byte alphabet: padding, taken as it stands
				buf = append(buf[:0], s...)
				break
			}
			buf = append(buf, b)
		}
		t.texts[i] = string(buf)
	}
	t.added.finish()
	t.user.finish()
	for b, r := range alphabet.runes {
		id, ok := ids[string(r)]
		if !ok {
			return nil, fmt.Errorf("tokenizer.ggml.tokens has no token for byte 0x%02x (%q)", b, string(r))
		}
		t.bytes[b] = id
	}
	return ids, nil
}

func (t *Tokenizer) readMerges(merges []string, ids map[string]int32) error {
	t.ranks = make(map[uint64]merge, min(len(merges), len(ids)))
	for rank, m := range merges {
		i := strings.IndexByte(m, ' ')
		if i < 1 || i == len(m)-1 || strings.IndexByte(m[i+1:], ' ') >= 0 {
			return fmt.Errorf("tokenizer.ggml.merges: entry %d is %.80q, wanted two parts with a space between", rank, m)
		}
		left, okL := ids[m[:i]]
		right, okR := ids[m[i+1:]]
		if !okL || !okR {
			continue
		}
		whole, ok := ids[m[:i]+m[i+1:]]
		if !ok {
			continue
		}
		if _, dup := t.ranks[pair(left, right)]; !dup {
			t.ranks[pair(left, right)] = merge{int32(rank), whole}
		}
	}
	return nil
}

func (t *Tokenizer) kind(id int32) int32 {
	if t.types == nil {
		return typeNormal
	}
	return t.types[id]
}

// alphabet is GPT-2's: printable Latin-1 bytes stand for themselves, the others
// for the characters from U+0100 on.
var alphabet = func() (a struct {
	runes [256]rune
	bytes map[rune]byte
}) {
	a.bytes = make(map[rune]byte, 256)
	next := rune(256)
	for b := range 256 {
		r := rune(b)
		if !(b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae) {
			r, next = next, next+1
		}
		a.runes[b], a.bytes[r] = r, byte(b)
	}
	return a
}()

// VocabSize is the number of tokens.
func (t *Tokenizer) VocabSize() int { return len(t.texts) }

// TokenText is a token's bytes, or "" for an id out of range.
func (t *Tokenizer) TokenText(id int32) string {
	if id < 0 || int(id) >= len(t.texts) {
		return ""
	}
	return t.texts[id]
}
