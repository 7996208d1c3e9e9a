package openai

import (
	"context"
	"slices"
	"strings"

	"moeflow/stages/sample"
	"moeflow/tokenizer"
	"moeflow/tokenizer/chat"
)

// Settings are the model, and what a request leaves out.
type Settings struct {
	Model      string // its name in the answers
	Tokenizer  *tokenizer.Tokenizer
	Template   *chat.Template // of conversations
	NoTemplate error          // why there is none, if there is none
	Sampling   sample.Params
	MaxTokens  int
	System     string // first message of conversations that have none
	Raw        bool   // special tokens in a text are plain text
	IgnoreEOS  bool
}

// Params are the parameters of a request. One that asks for temperature 0 asks for
// the likeliest token, which the settings' repeat penalty would change.
func (s *Settings) Params(r *Request) sample.Params {
	out, p := s.Sampling, &r.Sampling
	if p.Temperature != nil && *p.Temperature == 0 {
		out.RepeatPenalty = 1
	}
	set(&out.Temperature, p.Temperature)
	set(&out.TopK, p.TopK)
	set(&out.TopP, p.TopP)
	set(&out.MinP, p.MinP)
	set(&out.RepeatPenalty, p.RepeatPenalty)
	set(&out.RepeatLastN, p.RepeatLastN)
	set(&out.FrequencyPenalty, p.FrequencyPenalty)
	set(&out.PresencePenalty, p.PresencePenalty)
	set(&out.Seed, p.Seed)
	if p.Bias != nil {
		out.Bias = p.Bias
	}
	return out
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// Most is how many tokens the answer of a request may have.
func (s *Settings) Most(r *Request) int {
	if r.MaxTokens > 0 {
		return r.MaxTokens
	}
	return s.MaxTokens
}

// IgnoresEOS tells whether the answer goes on past tokens that end a text.
func (s *Settings) IgnoresEOS(r *Request) bool {
	if r.IgnoreEOS != nil {
		return *r.IgnoreEOS
	}
	return s.IgnoreEOS
}

// Check tells what is wrong with a request that the vocabulary decides.
func (s *Settings) Check(r *Request) *Error {
	if _, err := sample.New(s.Params(r), s.Tokenizer.VocabSize()); err != nil {
		return errorf(CodeValue, "%v", err)
	}
	for _, id := range r.StopIDs {
		if n := s.Tokenizer.VocabSize(); id < 0 || int(id) >= n {
			return errorf(CodeValue, "stop_token_ids has %d, want tokens of the vocabulary, 0 to %d", id, n-1)
		}
	}
	return nil
}

// Prompt turns a request into the tokens that the model continues. Cancelling ctx
// stops the chat template.
func (s *Settings) Prompt(ctx context.Context, r *Request) ([]int32, *Error) {
	if err := s.Check(r); err != nil {
		return nil, err
	}
	switch {
	case len(r.IDs) > 0:
		return r.IDs, nil
	case r.Kind != Chat:
		return s.Tokenizer.EncodePrompt(r.Text, !s.Raw), nil
	}
	text, plain, err := s.Render(ctx, r, s.Raw)
	if err != nil {
		return nil, err
	}
	return s.Tokenizer.EncodeAround(text, plain), nil
}

// Render writes a request's conversation as the text that the model continues. Where
// raw is true, plain are the places of texts of control tokens in messages, which
// are to stay plain text: see EncodeChat.
func (s *Settings) Render(ctx context.Context, r *Request, raw bool) (text string, plain []int, bad *Error) {
	if s.Template == nil {
		return "", nil, errorf(CodeTemplate, "no chat template: %v", s.NoTemplate)
	}
	text, plain, err := renderChat(ctx, s.Tokenizer, s.Template, chat.Conversation{Messages: s.conversation(r), Tools: r.Tools,
		AddGenerationPrompt: !r.NoGenerationPrompt && !r.Live.Continue, Extra: r.Variables}, raw)
	if err != nil {
		return "", nil, errorf(CodeTemplate, "%v", err)
	}
	if !r.Live.Continue {
		return text, plain, nil
	}
	// The last message is cut off behind its text, before what ends a turn.
	last, _ := r.Messages[len(r.Messages)-1]["content"].(string)
	last = strings.TrimSpace(last)
	i := strings.LastIndex(text, last)
	if last == "" || i < 0 {
		return "", nil, errorf(CodeTemplate, "the chat template does not show the last message as it is, so no answer can go on with it")
	}
	text = text[:i+len(last)]
	return text, slices.DeleteFunc(plain, func(at int) bool { return at >= len(text) }), nil
}

// conversation is a request's messages, behind the settings' system message if
// they have none of their own.
func (s *Settings) conversation(r *Request) []chat.Message {
	turns := r.Messages
	if turns == nil {
		turns = []chat.Message{{"role": "user", "content": r.Text}}
	}
	if s.System == "" || turns[0]["role"] == "system" || turns[0]["role"] == "developer" {
		return turns
	}
	return append([]chat.Message{{"role": "system", "content": s.System}}, turns...)
}
