package openai

import (
	"context"

	"moeflow/tokenizer"
	"moeflow/tokenizer/chat"
)

// EncodeChat turns a conversation into tokens. Where raw is true, control tokens
// come from the template alone: in messages their texts are plain text, so that no
// message can end its own turn.
func EncodeChat(ctx context.Context, tok *tokenizer.Tokenizer, t *chat.Template, c chat.Conversation, raw bool) ([]int32, error) {
	text, plain, err := renderChat(ctx, tok, t, c, raw)
	if err != nil {
		return nil, err
	}
	return tok.EncodeAround(text, plain), nil
}

// renderChat writes a conversation, and where texts of control tokens in messages
// are, if raw is true.
func renderChat(ctx context.Context, tok *tokenizer.Tokenizer, t *chat.Template, c chat.Conversation, raw bool) (text string, plain []int, err error) {
	if !raw {
		text, err = t.Render(ctx, c)
		return text, nil, err
	}
	text, spans, err := t.RenderPlain(ctx, c, tok.Controls())
	for _, s := range spans {
		plain = append(plain, s.From)
	}
	return text, plain, err
}
