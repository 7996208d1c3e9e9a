package job

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"moeflow/stages/sample"
	"moeflow/tokenizer"
	"moeflow/tokenizer/chat"
)

// Settings are what all prompts of a job share.
type Settings struct {
	Model      string // its name in the results
	Tokenizer  *tokenizer.Tokenizer
	Template   *chat.Template // of conversations
	NoTemplate error          // why there is none, if there is none
	Format     Format         // not Auto
	Sampling   sample.Params  // where a prompt says nothing
	MaxTokens  int            // the same
	System     string         // first message of conversations that have none
	Chat       bool           // prompts that are text are a user's message
	Raw        bool           // special tokens in a text are plain text
	IgnoreEOS  bool
}

// request turns a prompt into tokens.
func (s *Settings) request(ctx context.Context, line int, p *Prompt) (*Request, *LineError) {
	r := &Request{Key: line, MaxTokens: s.MaxTokens, Sampling: s.params(p), IgnoreEOG: s.IgnoreEOS, LogProbs: p.LogProbs}
	if p.MaxTokens > 0 {
		r.MaxTokens = p.MaxTokens
	}
	if p.IgnoreEOS != nil {
		r.IgnoreEOG = *p.IgnoreEOS
	}
	if _, err := sample.New(r.Sampling, 1); err != nil {
		return nil, &LineError{codeValue, err.Error(), p.CustomID}
	}
	switch {
	case len(p.IDs) > 0:
		r.IDs = p.IDs
	case p.Chat:
		if s.Template == nil {
			return nil, &LineError{codeTemplate, fmt.Sprint("no chat template: ", s.NoTemplate), p.CustomID}
		}
		text, err := s.Template.Render(ctx, chat.Conversation{Messages: s.conversation(p), Tools: p.Tools, AddGenerationPrompt: true})
		if err != nil {
			return nil, &LineError{codeTemplate, err.Error(), p.CustomID}
		}
		r.IDs = s.Tokenizer.Encode(text, true)
	default:
		r.IDs = s.Tokenizer.EncodePrompt(p.Text, !s.Raw)
	}
	return r, nil
}

// conversation is a prompt's messages, behind the job's system message if they
// have none of their own.
func (s *Settings) conversation(p *Prompt) []chat.Message {
	turns := p.Messages
	if turns == nil {
		turns = []chat.Message{{"role": "user", "content": p.Text}}
	}
	if s.System == "" || turns[0]["role"] == "system" || turns[0]["role"] == "developer" {
		return turns
	}
	return append([]chat.Message{{"role": "system", "content": s.System}}, turns...)
}

// params are the job's with what the prompt says. A prompt that asks for
// temperature 0 asks for the likeliest token, which a repeat penalty of the job
// would change.
func (s *Settings) params(p *Prompt) sample.Params {
	out := s.Sampling
	if p.Temperature != nil && *p.Temperature == 0 {
		out.RepeatPenalty = 1
	}
	set(&out.Temperature, p.Temperature)
	set(&out.TopK, p.TopK)
	set(&out.TopP, p.TopP)
	set(&out.MinP, p.MinP)
	set(&out.RepeatPenalty, p.RepeatPenalty)
	out.Seed = seedOf(s.Sampling.Seed, p.CustomID)
	set(&out.Seed, p.Seed)
	return out
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// seedOf is the seed of a prompt that names none. It depends on the job's seed
// and the prompt's name alone, so neither neighbours nor the order of lines
// change an answer, and the same text under two names is drawn twice.
func seedOf(seed uint64, customID string) uint64 {
	sum := sha256.Sum256(append(binary.LittleEndian.AppendUint64(nil, seed), customID...))
	return binary.LittleEndian.Uint64(sum[:])
}
