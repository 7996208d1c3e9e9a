package openai

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"moeflow/tokenizer"
)

// LogProb is a token and the natural logarithm of its probability.
type LogProb struct {
	ID      int32
	LogProb float32
}

// TokenLogProb is a token of an answer and the likeliest in its place, the
// likeliest first.
type TokenLogProb struct {
	LogProb
	Top []LogProb
}

// ChatToken is a token in the log probabilities of a chat completion.
type ChatToken struct {
	Token   string  `json:"token"`
	LogProb float32 `json:"logprob"`
	Bytes   []int   `json:"bytes"`
}

// ChatLogProb is a token of the answer and the likeliest in its place.
type ChatLogProb struct {
	ChatToken
	Top []ChatToken `json:"top_logprobs"`
}

// ChatLogProbs are the log probabilities of a chat completion.
type ChatLogProbs struct {
	Content []ChatLogProb `json:"content"`
}

func newChatLogProbs(t *tokenizer.Tokenizer, probs []TokenLogProb) ChatLogProbs {
	out := ChatLogProbs{[]ChatLogProb{}}
	for _, p := range probs {
		top := make([]ChatToken, 0, len(p.Top))
		for _, q := range p.Top {
			top = append(top, newChatToken(t, q))
		}
		out.Content = append(out.Content, ChatLogProb{newChatToken(t, p.LogProb), top})
	}
	return out
}

func newChatToken(t *tokenizer.Tokenizer, p LogProb) ChatToken {
	text := t.TokenText(p.ID)
	b := make([]int, len(text))
	for i := range b {
		b[i] = int(text[i])
	}
	return ChatToken{Token: tokenName(t, p.ID), LogProb: finite(p.LogProb), Bytes: b}
}

// tokenName is the text of a token or, of one that is a part of a character, its
// bytes in the form that OpenAI has for them: bytes:\xe6\x97. So different
// tokens have different names, as a vocabulary has no text twice.
func tokenName(t *tokenizer.Tokenizer, id int32) string {
	text := t.TokenText(id)
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	b.WriteString("bytes:")
	for i := range len(text) {
		fmt.Fprintf(&b, `\x%02x`, text[i])
	}
	return b.String()
}

// finite is the logarithm of a probability as JSON can hold it: OpenAI writes
// -9999 for what cannot happen.
func finite(v float32) float32 {
	if f := float64(v); math.IsInf(f, 0) || math.IsNaN(f) {
		return -9999
	}
	return v
}

// TextLogProbs are the log probabilities of a text completion.
type TextLogProbs struct {
	Tokens  []string             `json:"tokens"`
	Probs   []float32            `json:"token_logprobs"`
	Top     []map[string]float32 `json:"top_logprobs"`
	Offsets []int                `json:"text_offset"` // in characters of the answer
}

// newTextLogProbs is of tokens of an answer, the first of which has a number.
func newTextLogProbs(t *tokenizer.Tokenizer, probs []TokenLogProb, a *Answer, first int) TextLogProbs {
	out := TextLogProbs{[]string{}, []float32{}, []map[string]float32{}, []int{}}
	runes, at := 0, 0
	for i, p := range probs {
		start := a.starts[first+i]
		runes, at = runes+utf8.RuneCountInString(a.visible(at, start)), start
		out.Tokens = append(out.Tokens, tokenName(t, p.ID))
		out.Probs = append(out.Probs, finite(p.LogProb.LogProb))
		out.Top = append(out.Top, topLogProbs(t, p))
		out.Offsets = append(out.Offsets, runes)
	}
	return out
}

// topLogProbs are the likeliest tokens by their names, and the one that was taken.
func topLogProbs(t *tokenizer.Tokenizer, p TokenLogProb) map[string]float32 {
	top := map[string]float32{}
	for _, q := range append(p.Top[:len(p.Top):len(p.Top)], p.LogProb) {
		top[tokenName(t, q.ID)] = finite(q.LogProb)
	}
	return top
}
