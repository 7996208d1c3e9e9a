package tokenizer_test

import (
	"fmt"
	"slices"

	"moeflow/tokenizer"
)

func Example() {
	// A file's vocabulary; here 256 bytes and two more tokens.
	c := tokenizer.Config{Model: "gpt2", Pre: "qwen2", BOS: -1, EOS: 258, EOT: -1}
	c.Tokens = append(byteTokens(), "ab", "abc", "<|im_end|>")
	c.Types = slices.Repeat([]int32{1}, len(c.Tokens))
	c.Types[258] = 3 // a control token
	c.Merges = []string{"a b", "ab c"}
	t, err := tokenizer.New(c)
	if err != nil {
		fmt.Println(err)
		return
	}
	ids := t.Encode("abc!<|im_end|>", true)
	fmt.Println(ids, t.IsEOG(ids[2]), t.Decode(ids, false))
	// Output: [257 0 258] true abc!
}
