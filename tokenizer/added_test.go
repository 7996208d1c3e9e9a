package tokenizer_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"moeflow/tokenizer"
)

// withAdded is a tokenizer of single bytes and these control tokens, from id 258.
func withAdded(t testing.TB, tokens ...string) *tokenizer.Tokenizer {
	t.Helper()
	c := smallConfig()
	c.Merges = nil
	for _, s := range tokens {
		c.Tokens, c.Types = append(c.Tokens, s), append(c.Types, 3)
	}
	tok, err := tokenizer.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// byDefinition encodes ASCII text: at each place the longest token that stands
// there, or else the byte.
func byDefinition(tok *tokenizer.Tokenizer, tokens []string, text string) []int32 {
	var out []int32
	for text != "" {
		best, id := 0, int32(0)
		for i, s := range tokens {
			if len(s) > best && strings.HasPrefix(text, s) {
				best, id = len(s), int32(258+i)
			}
		}
		if best == 0 {
			best, id = 1, tok.Encode(text[:1], false)[0]
		}
		out, text = append(out, id), text[best:]
	}
	return out
}

// TestAddedTokens compares with the definition: many tokens that are beginnings,
// ends and middles of each other.
func TestAddedTokens(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	word := func(most int) string {
		b := make([]byte, 2+rng.IntN(most))
		for i := range b {
			b[i] = "abc"[rng.IntN(3)]
		}
		return string(b)
	}
	for range 300 {
		var tokens []string
		for range 1 + rng.IntN(8) {
			tokens = append(tokens, word(6))
		}
		tok, text := withAdded(t, tokens...), word(200)
		if got, want := tok.Encode(text, true), byDefinition(tok, tokens, text); !slices.Equal(got, want) {
			t.Fatalf("%q in %q\ngives %v\nwant  %v", tokens, text, got, want)
		}
	}
}

// TestLongAddedTokens: tokens as long as is allowed, in texts of many times that,
// at every place.
func TestLongAddedTokens(t *testing.T) {
	long := strings.Repeat("a", 1<<16-1) + "b"
	tokens := []string{long, "aab", "bb", "<|x|>"}
	tok := withAdded(t, tokens...)
	for _, before := range []int{0, 1, 5, 65535, 65536, 65537, 131071, 200000} {
		text := strings.Repeat("c", before) + "<|x|>" + long + "bb" + long[1:] + "<|x|>c" + long[:1<<16-1]
		if got, want := tok.Encode(text, true), byDefinition(tok, tokens, text); !slices.Equal(got, want) {
			t.Errorf("behind %d bytes: %d tokens, want %d", before, len(got), len(want))
		}
	}
}

// TestHostileVocabulary: neither long tokens nor a text of their beginnings and
// ends take more than linear time, and tokens beyond all bounds are refused.
func TestHostileVocabulary(t *testing.T) {
	long := strings.Repeat("a", 1<<15)
	var tokens []string
	for i := range 100 {
		tokens = append(tokens, long[i:]+"b"+long[:100+i], "<|"+strings.Repeat("|", i)+">")
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	tok := withAdded(t, tokens...)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<30 {
		t.Errorf("%d MB for 3 MB of tokens", got>>20)
	}
	for _, unit := range []string{"a", "b", "ab", long + "b", "<|", ">", "|>", "<|im_", strings.Repeat("a", 99) + "b"} {
		text := strings.Repeat(unit, (1<<20)/len(unit))
		if got := tok.Decode(tok.Encode(text, true), true); got != text {
			t.Errorf("repeated %.10q does not come back", unit)
		}
	}
	if took := time.Since(start); took > 2*time.Minute {
		t.Errorf("9 MB of text took %v", took)
	}
	c := smallConfig()
	c.Tokens, c.Types = append(c.Tokens, strings.Repeat("a", 1<<16+1)), append(c.Types, 1)
	if _, err := tokenizer.New(c); err == nil || err.Error() != "tokenizer.ggml.tokens: token 258 has 65537 bytes, wanted at most 65536" {
		t.Errorf("a token that is too long: %v", err)
	}
	c = smallConfig()
	for i := range 65 {
		c.Tokens, c.Types = append(c.Tokens, fmt.Sprint(i)+long+long[2:]), append(c.Types, 4)
	}
	if _, err := tokenizer.New(c); err == nil || !strings.Contains(err.Error(), "more than 4194304 bytes together") {
		t.Errorf("tokens that are too long together: %v", err)
	}
}

// TestHostileText: 2 MB of what composing, cutting and merging could take too long
// for.
func TestHostileText(t *testing.T) {
	tok := loadQwen3(t)
	const n = 2 << 20
	for name, unit := range map[string]string{
		"one letter": "a", "marks": "\u0301", "marks out of order": "\u0301\u0316", "marks of all classes": "\u0334\u0327\u0345\u0301\u0315",
		"a base and marks": "e\u0301\u0316\u0301", "Hangul parts": "\u1112\u1161\u11ab", "what decomposes": "\u1e69\u0323", "no UTF-8": "\xff\xc3",
		"line ends among spaces": " \n  ", "digits": "0", "apostrophes": "'", "added tokens begun": "<|im_start|", "added tokens ended": "m_end|>",
		"added tokens": "<|im_end|>", "long s": "'\u017f",
	} {
		text := strings.Repeat(unit, n/len(unit))
		start := time.Now()
		ids := tok.Encode(text, true)
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%s took %v", name, took)
		} else {
			t.Logf("%s: %d tokens in %v", name, len(ids), took)
		}
	}
}
