package model

import (
	"cmp"
	"fmt"

	"moeflow/gguf"
	"moeflow/tokenizer"
	"moeflow/tokenizer/chat"
)

// newTokenizer makes the tokenizer that a file's metadata describes.
func newTokenizer(f *gguf.File) (*tokenizer.Tokenizer, error) {
	c := tokenizer.Config{}
	var err error
	if c.Model, err = f.String("tokenizer.ggml.model"); err != nil {
		return nil, err
	}
	if f.Has("tokenizer.ggml.pre") {
		if c.Pre, err = f.String("tokenizer.ggml.pre"); err != nil {
			return nil, err
		}
	}
	if c.Tokens, err = f.Strings("tokenizer.ggml.tokens"); err != nil {
		return nil, err
	}
	if c.Merges, err = f.Strings("tokenizer.ggml.merges"); err != nil {
		return nil, err
	}
	if f.Has("tokenizer.ggml.token_type") {
		types, err := f.Ints("tokenizer.ggml.token_type")
		if err != nil {
			return nil, err
		}
		for _, t := range types {
			c.Types = append(c.Types, int32(t))
		}
	}
	if c.BOS, err = tokenID(f, "bos", len(c.Tokens)); err != nil {
		return nil, err
	}
	if c.EOS, err = tokenID(f, "eos", len(c.Tokens)); err != nil {
		return nil, err
	}
	if c.EOT, err = tokenID(f, "eot", len(c.Tokens)); err != nil {
		return nil, err
	}
	for _, name := range []string{"eom", "fim_pad", "fim_rep", "fim_sep"} {
		id, err := tokenID(f, name, len(c.Tokens))
		if err != nil {
			return nil, err
		}
		if id >= 0 {
			c.MoreEOG = append(c.MoreEOG, id)
		}
	}
	for key, flag := range map[string]*bool{"add_bos_token": &c.AddBOS, "add_eos_token": &c.AddEOS} {
		if key = "tokenizer.ggml." + key; f.Has(key) {
			if *flag, err = f.Bool(key); err != nil {
				return nil, err
			}
		}
	}
	c.AddBOS = c.AddBOS && c.BOS >= 0
	if err := checkNormalizers(f); err != nil {
		return nil, err
	}
	t, err := tokenizer.New(c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path(), err)
	}
	return t, nil
}

// tokenID is the id that a key such as eos_token_id names, -1 where there is no
// such key. Files whose vocabulary was cut name tokens that are not there, which
// is as good as not naming any.
func tokenID(f *gguf.File, name string, tokens int) (int, error) {
	key := "tokenizer.ggml." + name + "_token_id"
	if !f.Has(key) {
		return -1, nil
	}
	n, err := f.Uint(key)
	if err != nil || n >= uint64(tokens) {
		return -1, err
	}
	return int(n), nil
}

// checkNormalizers refuses keys that change how text becomes tokens, or which
// tokens may come, and that are not served.
func checkNormalizers(f *gguf.File) error {
	for _, name := range []string{"add_sep_token", "normalizer.lowercase", "normalizer.strip_accents"} {
		key := "tokenizer.ggml." + name
		if !f.Has(key) {
			continue
		}
		if on, err := f.Bool(key); err != nil || on {
			return cmp.Or(err, fmt.Errorf("%s: %s is true, wanted false: text would become other tokens", f.Path(), key))
		}
	}
	const suppressed = "tokenizer.ggml.suppress_tokens"
	if !f.Has(suppressed) {
		return nil
	}
	if n, err := f.Len(suppressed); err != nil || n > 0 {
		return cmp.Or(err, fmt.Errorf("%s: %s names %d tokens, wanted none: tokens that may not come are not served", f.Path(), suppressed, n))
	}
	return nil
}

// HasChatTemplate tells whether the file has a template for conversations.
func (m *Model) HasChatTemplate() bool { return m.File.Has("tokenizer.chat_template") }

// ChatTemplate is the file's own template for conversations.
func (m *Model) ChatTemplate() (*chat.Template, error) {
	text, err := m.File.String("tokenizer.chat_template")
	if err != nil {
		return nil, fmt.Errorf("%w: this model has no chat template", err)
	}
	token := func(key string) string {
		id, err := m.File.Uint(key)
		if err != nil || id >= uint64(m.Tokenizer.VocabSize()) {
			return ""
		}
		return m.Tokenizer.TokenText(int32(id))
	}
	t, err := chat.New(text, chat.Options{BOS: token("tokenizer.ggml.bos_token_id"), EOS: token("tokenizer.ggml.eos_token_id")})
	if err != nil {
		return nil, fmt.Errorf("%s: tokenizer.chat_template: %w", m.File.Path(), err)
	}
	return t, nil
}
