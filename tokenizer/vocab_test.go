package tokenizer_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"moeflow/tokenizer"
)

// qwen3Config is the vocabulary of Qwen3 as its GGUF files have it, made anew
// from the merges in testdata/qwen3.vocab; tools/golden/tokens.mjs says how the
// file is laid out.
var qwen3Config = sync.OnceValues(func() (tokenizer.Config, error) {
	c := tokenizer.Config{Model: "gpt2", Pre: "qwen2", BOS: -1, EOS: 151645, EOT: -1}
	data, err := os.ReadFile("testdata/qwen3.vocab")
	if err != nil {
		return c, err
	}
	raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(data)))
	if err != nil {
		return c, err
	}
	number := func() int {
		n := int(binary.LittleEndian.Uint32(raw))
		raw = raw[4:]
		return n
	}
	n := number()
	var head struct{ Added [][2]any }
	if err := json.Unmarshal(raw[:n], &head); err != nil {
		return c, err
	}
	raw = raw[n:]
	n = number()
	if len(raw) != 8*n {
		return c, fmt.Errorf("%d bytes for %d merges", len(raw), n)
	}
	id := func(side, k int) int {
		p := raw[4*n*side:]
		return int(p[k]) | int(p[n+k])<<8 | int(p[2*n+k])<<16 | int(p[3*n+k])<<24
	}
	c.Tokens = byteTokens()
	for k := range n {
		l, r := c.Tokens[id(0, k)], c.Tokens[id(1, k)]
		c.Merges = append(c.Merges, l+" "+r)
		c.Tokens = append(c.Tokens, l+r)
	}
	for range c.Tokens {
		c.Types = append(c.Types, 1)
	}
	for _, a := range head.Added {
		kind := int32(4)
		if a[1].(bool) {
			kind = 3
		}
		c.Tokens, c.Types = append(c.Tokens, a[0].(string)), append(c.Types, kind)
	}
	return c, nil
})

// byteTokens are the 256 tokens of single bytes in GPT-2's order.
func byteTokens() []string {
	var printable, others []string
	next := rune(256)
	for b := range rune(256) {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			printable = append(printable, string(b))
			continue
		}
		others = append(others, string(next))
		next++
	}
	return append(printable, others...)
}

var qwen3 = sync.OnceValues(func() (*tokenizer.Tokenizer, error) {
	c, err := qwen3Config()
	if err != nil {
		return nil, err
	}
	return tokenizer.New(c)
})

func loadQwen3(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := qwen3()
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func readJSON(t testing.TB, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(name, err)
	}
}

// TestQwen3 compares with the ids of Hugging Face's tokenizer on the real
// vocabulary.
func TestQwen3(t *testing.T) {
	tok := loadQwen3(t)
	var texts []string
	var want [][]int32
	readJSON(t, "testdata/texts.json", &texts)
	readJSON(t, "testdata/ids.json", &want)
	if len(texts) < 350 || len(want) != len(texts) {
		t.Fatalf("%d texts and %d lists of ids, want the same, 350 and more", len(texts), len(want))
	}
	for i, text := range texts {
		if got := tok.Encode(text, true); fmt.Sprint(got) != fmt.Sprint(want[i]) {
			t.Errorf("%q\n gives %v\n want  %v\n gives %s\n want  %s", text, got, want[i], pieces(tok, got), pieces(tok, want[i]))
		}
	}
}

func pieces(tok *tokenizer.Tokenizer, ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&b, "%q ", tok.TokenText(id))
	}
	return b.String()
}
