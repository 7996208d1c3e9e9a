package chat_test

import (
	"context"
	"fmt"

	"moeflow/tokenizer/chat"
)

func Example() {
	t, err := chat.New(`{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}
{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}`, chat.Options{BOS: "<s>"})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := t.Render(context.Background(), chat.Conversation{
		Messages:            []chat.Message{{"role": "user", "content": "Reverse a string. "}},
		AddGenerationPrompt: true,
	})
	fmt.Println(text, err)
	// Output:
	// <s><|user|>Reverse a string.
	// <|assistant|> <nil>
}
