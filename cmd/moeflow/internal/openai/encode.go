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
	if !raw {
		text, err := t.Render(ctx, c)
		if err != nil {
			return nil, err
		}
		return tok.Encode(text, true), nil
	}
	text, spans, err := t.RenderPlain(ctx, c, tok.Controls())
	if err != nil {
		return nil, err
	}
	var plain []int
	for _, s := range spans {
		plain = append(plain, s.From)
	}
	return tok.EncodeAround(text, plain), nil
}
