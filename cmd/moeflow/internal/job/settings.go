package job

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"moeflow/cmd/moeflow/internal/openai"
)

// Settings are what all prompts of a job share.
type Settings struct {
	openai.Settings
	Format    Format // not Auto
	Chat      bool   // prompts that are text are a user's message
	Sequences int    // prompts answered at once, as it was asked for: 0 is what suits the device
}

// request turns a prompt into what a Runner takes.
func (s *Settings) request(ctx context.Context, line int, p *Prompt) (*Request, *LineError) {
	if p.Sampling.Seed == nil {
		seed := seedOf(s.Sampling.Seed, p.CustomID)
		p.Sampling.Seed = &seed
	}
	ids, err := s.Prompt(ctx, p.Request)
	if err != nil {
		return nil, &LineError{err.Code, err.Message, p.CustomID}
	}
	return &Request{Key: line, IDs: ids, MaxTokens: s.Most(p.Request), Sampling: s.Params(p.Request),
		IgnoreEOG: s.IgnoresEOS(p.Request), LogProbs: p.LogProbs}, nil
}

// seedOf is the seed of a prompt that names none. It depends on the job's seed
// and the prompt's name alone, so neither neighbours nor the order of lines
// change an answer, and the same text under two names is drawn twice.
func seedOf(seed uint64, customID string) uint64 {
	sum := sha256.Sum256(append(binary.LittleEndian.AppendUint64(nil, seed), customID...))
	return binary.LittleEndian.Uint64(sum[:])
}

// Identity makes the job's identity out of its settings.
func (s *Settings) Identity(model string) Identity {
	return NewIdentity(model, fmt.Sprintf("%s %+v %d %q %v %v %v %d", s.Format, s.Sampling, s.MaxTokens, s.System, s.Chat, s.Raw, s.IgnoreEOS, s.Sequences))
}
