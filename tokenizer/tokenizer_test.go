package tokenizer_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"moeflow/gguf"
	"moeflow/tokenizer"
)

// TestShippedModel holds the shipped model's own vocabulary against the ids its
// golden logits were made from.
func TestShippedModel(t *testing.T) {
	f, err := gguf.Open("../models/tiny-go-q4_k_m.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := tokenizer.Config{BOS: -1, EOS: -1, EOT: -1}
	types, err := f.Ints("tokenizer.ggml.token_type")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range types {
		c.Types = append(c.Types, int32(k))
	}
	c.Model, _ = f.String("tokenizer.ggml.model")
	c.Pre, _ = f.String("tokenizer.ggml.pre")
	c.Tokens, _ = f.Strings("tokenizer.ggml.tokens")
	c.Merges, _ = f.Strings("tokenizer.ggml.merges")
	tok, err := tokenizer.New(c)
	if err != nil {
		t.Fatal(err)
	}
	var prompts map[string]string
	var want map[string][]int32
	readJSON(t, "../models/golden/prompts.json", &prompts)
	readJSON(t, "testdata/tiny-go.json", &want)
	for _, name := range []string{"go", "chat", "long"} {
		if got := tok.Encode(prompts[name], true); !slices.Equal(got, want[name]) || len(got) == 0 {
			t.Errorf("%s gives %v, want %v", name, got, want[name])
		}
		if got := tok.Decode(want[name], true); got != prompts[name] {
			t.Errorf("%s decodes to %q", name, got)
		}
	}
}

func TestSpecial(t *testing.T) {
	tok := loadQwen3(t)
	const start, end, think = 151644, 151645, 151667
	for _, c := range []struct {
		text        string
		special     bool
		want        int // of the special ones
		wantControl int
	}{
		{"<|im_start|>user<think><|im_end|>", true, 3, 2},
		{"<|im_start|>user<think><|im_end|>", false, 1, 0}, // <think> is user-defined
		{"<|im_start |><|im_", true, 0, 0},
	} {
		ids := tok.Encode(c.text, c.special)
		n, control := 0, 0
		for _, id := range ids {
			if id >= 151643 {
				n++
			}
			if id == start || id == end {
				control++
			}
		}
		if n != c.want || control != c.wantControl {
			t.Errorf("%q, special %v, gives %v: %d added tokens, %d of control, want %d and %d", c.text, c.special, ids, n, control, c.want, c.wantControl)
		}
		if got := tok.Decode(ids, true); got != c.text {
			t.Errorf("%q comes back as %q", c.text, got)
		}
	}
	ids := []int32{start, 872, think, end, -1, 1 << 30}
	if got := tok.Decode(ids, false); got != "user<think>" {
		t.Errorf("without control tokens: %q", got)
	}
	if got, want := tok.EOGs(), []int32{151643, 151645, 151662, 151663, 151664}; !slices.Equal(got, want) {
		t.Errorf("end of generation %v, want %v", got, want)
	}
	if tok.IsEOG(start) || !tok.IsEOG(end) || tok.VocabSize() != 151669 || tok.TokenText(think) != "<think>" || tok.TokenText(-1) != "" {
		t.Error("tokens are taken for others")
	}
}

// TestDecoder streams text token by token: each piece is whole characters, and
// together they are the text.
func TestDecoder(t *testing.T) {
	tok := loadQwen3(t)
	var texts []string
	readJSON(t, "testdata/texts.json", &texts)
	for _, text := range texts {
		text = norm.NFC.String(text)
		var b strings.Builder
		d := tok.NewSpecialDecoder()
		ids := tok.Encode(text, false)
		for _, id := range ids {
			piece := d.Add(id)
			if !utf8.ValidString(piece) {
				t.Fatalf("%q: piece %q is not UTF-8", text, piece)
			}
			b.WriteString(piece)
		}
		b.WriteString(d.Flush())
		if b.String() != text || d.Flush() != "" {
			t.Errorf("%q comes back as %q", text, b.String())
		}
	}
	// Half a character is held, then given up.
	d := tok.NewDecoder()
	half := tok.Encode("\xf0\x9f\x98", false)
	out := ""
	for _, id := range half {
		out += d.Add(id)
	}
	if out != "" || d.Flush() != "\ufffd" {
		t.Errorf("half a character gives %q, want nothing and then U+FFFD", out)
	}
	if got := d.Add(tok.Encode("\xff", false)[0]) + d.Add(151645) + d.Add(64); got != "\ufffda" {
		t.Errorf("a stray byte, a control token and a give %q", got)
	}
}

// TestBytes: what is not UTF-8 comes back as it was.
func TestBytes(t *testing.T) {
	tok := loadQwen3(t)
	for _, s := range []string{"\xff", "a\x80b", "\xe6\x97", "\xed\xa0\x80", "\xc3 é", " \xfe\xff\n", "\xf0\x9f\x98x", "it'\xc5"} {
		if got := tok.Decode(tok.Encode(s, true), true); got != s {
			t.Errorf("%q comes back as %q", s, got)
		}
	}
}

func TestPrompt(t *testing.T) {
	c := smallConfig()
	c.Tokens, c.Types = append(c.Tokens, "<s>", "</s>"), append(c.Types, 3, 3)
	c.BOS, c.EOS, c.AddBOS, c.AddEOS = len(c.Tokens)-2, len(c.Tokens)-1, true, true
	c.MoreEOG = []int{5}
	tok, err := tokenizer.New(c)
	if err != nil {
		t.Fatal(err)
	}
	bos, eos := int32(c.BOS), int32(c.EOS)
	for text, want := range map[string][]int32{"!": {bos, 0, eos}, "<s>!": {bos, 0, eos}, "": {bos, eos}} {
		if got := tok.EncodePrompt(text, true); !slices.Equal(got, want) {
			t.Errorf("%q gives %v, want %v", text, got, want)
		}
	}
	if got := tok.EOGs(); !slices.Equal(got, []int32{5, eos}) {
		t.Errorf("end of generation %v", got)
	}
}

// TestEnds: a token whose text ends a turn, a document or a fill in the middle
// ends a text, whatever type the file gives it, and is neither printed nor
// parsed from the text of others.
func TestEnds(t *testing.T) {
	for _, kind := range []int32{0, 1, 2, 3, 4, 5, 6, -1} {
		for _, text := range []string{"<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<|end_of_text|>", "<end_of_turn>"} {
			c := smallConfig()
			id := int32(len(c.Tokens))
			c.Tokens, c.Types = append(c.Tokens, text), append(c.Types, kind)
			if kind < 0 {
				c.Types = nil
			}
			tok, err := tokenizer.New(c)
			if err != nil {
				t.Fatal(err)
			}
			if !tok.IsEOG(id) {
				t.Errorf("%s of type %d ends nothing", text, kind)
			}
			if got := tok.Encode(text, true); !slices.Equal(got, []int32{id}) || tok.Decode(got, false) != "" {
				t.Errorf("%s of type %d is %v and prints %q", text, kind, got, tok.Decode(got, false))
			}
			if slices.Contains(tok.Encode(text, false), id) {
				t.Errorf("%s of type %d is forged by text", text, kind)
			}
		}
	}
	// What is a piece of HTML in one vocabulary ends a text in another.
	for kind, want := range map[int32]bool{1: false, 3: true, 4: false} {
		c := smallConfig()
		c.Tokens, c.Types = append(c.Tokens, "</s>"), append(c.Types, kind)
		tok, err := tokenizer.New(c)
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.IsEOG(int32(len(c.Tokens) - 1)); got != want {
			t.Errorf("</s> of type %d ends a text: %v, want %v", kind, got, want)
		}
	}
}

// smallConfig has the tokens of single bytes and two merges.
func smallConfig() tokenizer.Config {
	c := tokenizer.Config{Model: "gpt2", Pre: "qwen2", BOS: -1, EOS: -1, EOT: -1, Merges: []string{"a b", "ab c"}}
	c.Tokens = append(byteTokens(), "ab", "abc")
	for range c.Tokens {
		c.Types = append(c.Types, 1)
	}
	return c
}

func TestBadConfig(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*tokenizer.Config)
		want   string
	}{
		"model":      {func(c *tokenizer.Config) { c.Model = "llama" }, `tokenizer.ggml.model is "llama", wanted gpt2`},
		"pre":        {func(c *tokenizer.Config) { c.Pre = "llama-bpe" }, `tokenizer.ggml.pre is "llama-bpe", wanted qwen2`},
		"no tokens":  {func(c *tokenizer.Config) { c.Tokens, c.Types = nil, nil }, "tokenizer.ggml.tokens is empty"},
		"types":      {func(c *tokenizer.Config) { c.Types = c.Types[:3] }, "tokenizer.ggml.token_type has 3 entries for 258 tokens"},
		"type":       {func(c *tokenizer.Config) { c.Types[7] = 9 }, "tokenizer.ggml.token_type: token 7 has type 9, wanted 0 to 6"},
		"bos":        {func(c *tokenizer.Config) { c.BOS = 258 }, "tokenizer.ggml.bos_token_id is 258, wanted one of the 258 tokens"},
		"eos":        {func(c *tokenizer.Config) { c.EOS = -2 }, "tokenizer.ggml.eos_token_id is -2"},
		"eot":        {func(c *tokenizer.Config) { c.EOT = 1 << 40 }, "tokenizer.ggml.eot_token_id is 1099511627776"},
		"more":       {func(c *tokenizer.Config) { c.MoreEOG = []int{300} }, "is 300, wanted one of"},
		"add bos":    {func(c *tokenizer.Config) { c.AddBOS = true }, "tokenizer.ggml.add_bos_token is true, but tokenizer.ggml.bos_token_id is missing"},
		"twice":      {func(c *tokenizer.Config) { c.Tokens[257] = "a" }, `tokenizer.ggml.tokens: tokens 64 and 257 are both "a"`},
		"no byte":    {func(c *tokenizer.Config) { c.Tokens[0] = "xyz" }, `tokenizer.ggml.tokens has no token for byte 0x21 ("!")`},
		"one part":   {func(c *tokenizer.Config) { c.Merges[1] = "abc" }, `tokenizer.ggml.merges: entry 1 is "abc", wanted two parts`},
		"three":      {func(c *tokenizer.Config) { c.Merges[1] = "a b c" }, `tokenizer.ggml.merges: entry 1 is "a b c"`},
		"empty part": {func(c *tokenizer.Config) { c.Merges[0] = " b" }, `tokenizer.ggml.merges: entry 0 is " b"`},
	} {
		config := smallConfig()
		c.change(&config)
		if _, err := tokenizer.New(config); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %s", name, err, c.want)
		}
	}
	// A vocabulary that was cut has merges of tokens that are not there.
	config := smallConfig()
	config.Merges = append(config.Merges, "abc d", "x y")
	tok, err := tokenizer.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Encode("abcdxy", false); len(got) != 4 || got[0] != 257 {
		t.Errorf("abcdxy gives %v", got)
	}
}

// TestLong: words of any length are quick, and the same as in pieces.
func TestLong(t *testing.T) {
	tok := loadQwen3(t)
	const n = 1 << 20
	for _, unit := range []string{"a", " ", "\n", "\t", "=", "ab", "é", "日", " \n", "\u0301", "\xff", "<|im_", "xyz"} {
		text := strings.Repeat(unit, n/len(unit))
		start := time.Now()
		ids := tok.Encode(text, true)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%d times %q took %v", n/len(unit), unit, took)
		}
		if got := tok.Decode(ids, true); got != text {
			t.Errorf("%d times %q does not come back", n/len(unit), unit)
		}
	}
}

// TestMergeOrder merges long words as short ones, which go another way.
func TestMergeOrder(t *testing.T) {
	tok := loadQwen3(t)
	for _, unit := range []string{"a", "ab", "the", "aaab", "return", "Übung", "日本語"} {
		for n := 40; n < 60; n++ {
			long := strings.Repeat(unit, n)
			// The same word by the definition: the lowest rank first, then from
			// the left.
			if got, want := tok.Encode(long, false), naive(t, long); !slices.Equal(got, want) {
				t.Fatalf("%d times %q gives %v, want %v", n, unit, got, want)
			}
		}
	}
}

// naive merges by looking at all pairs again each time.
func naive(t *testing.T, word string) []int32 {
	c, err := qwen3Config()
	if err != nil {
		t.Fatal(err)
	}
	ranks := naiveRanks(c)
	var parts []string
	letters := map[byte]string{}
	for id, s := range byteTokens() {
		letters[loadQwen3(t).TokenText(int32(id))[0]] = s
	}
	for i := range len(word) {
		parts = append(parts, letters[word[i]])
	}
	for {
		best, at := len(ranks), -1
		for i := range len(parts) - 1 {
			if r, ok := ranks[parts[i]+" "+parts[i+1]]; ok && r < best {
				best, at = r, i
			}
		}
		if at < 0 {
			break
		}
		parts = slices.Replace(parts, at, at+2, parts[at]+parts[at+1])
	}
	var ids []int32
	for _, p := range parts {
		ids = append(ids, int32(slices.Index(c.Tokens, p)))
	}
	return ids
}

var naiveTable map[string]int

func naiveRanks(c tokenizer.Config) map[string]int {
	if naiveTable == nil {
		naiveTable = make(map[string]int, len(c.Merges))
		for i, m := range c.Merges {
			naiveTable[m] = i
		}
	}
	return naiveTable
}
