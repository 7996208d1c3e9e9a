package model

import (
	"fmt"

	"moeflow/configs"
	"moeflow/gguf"
	"moeflow/tokenizer"
	"moeflow/tokenizer/chat"
)

// newTokenizer makes the tokenizer that a file's metadata describes.
func newTokenizer(f *gguf.File) (*tokenizer.Tokenizer, error) {
	c := tokenizer.Config{BOS: -1, EOS: -1, EOT: -1}
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
	for key, id := range map[string]*int{
		"bos_token_id": &c.BOS, "eos_token_id": &c.EOS, "eot_token_id": &c.EOT,
	} {
		if key = "tokenizer.ggml." + key; !f.Has(key) {
			continue
		}
		n, err := f.Uint(key)
		if err != nil {
			return nil, err
		}
		// Files whose vocabulary was cut name tokens that are not there: as
		// good as not naming any.
		if n < uint64(len(c.Tokens)) {
			*id = int(n)
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
	t, err := tokenizer.New(c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path(), err)
	}
	return t, nil
}

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

// Sampling is what the file itself advises (general.sampling.*), unset where it
// says nothing.
func (m *Model) Sampling() configs.Sampling {
	var s configs.Sampling
	number := func(key string) *float64 {
		if v, err := m.File.Float("general.sampling." + key); err == nil {
			return &v
		}
		return nil
	}
	s.Temperature, s.TopP, s.MinP, s.RepeatPenalty = number("temp"), number("top_p"), number("min_p"), number("penalty_repeat")
	if k := number("top_k"); k != nil {
		n := int(*k)
		s.TopK = &n
	}
	return s
}
