package sample

import (
	"fmt"
	"math"
	"slices"
)

// Mask is the set of tokens that may be picked: bit id%32 of word id/32. It has
// MaskWords words; bits beyond the vocabulary mean nothing.
type Mask []uint32

// MaskWords is the length of a mask for a vocabulary.
func MaskWords(vocab int) int { return (vocab + 31) / 32 }

// Has tells whether a token is allowed.
func (m Mask) Has(id int32) bool { return m[id>>5]>>(id&31)&1 != 0 }

// Empty tells whether no token is allowed.
func (m Mask) Empty() bool { return !slices.ContainsFunc(m, func(w uint32) bool { return w != 0 }) }

// Allow adds a token.
func (m Mask) Allow(id int32) { m[id>>5] |= 1 << (id & 31) }

// Change is a token whose logit bias or penalties change.
type Change struct {
	ID       int32
	Bias     float64
	Repeated bool // in the repeat penalty's window
	Count    int  // in the answer
}

// Changed is a logit after bias and penalties, computed in float64 and rounded once.
// What is no finite number stays.
func (p *Params) Changed(logit float32, c Change) float32 {
	v := float64(logit)
	if v-v != 0 { // masked, or to be found by who looks for the largest
		return logit
	}
	v += c.Bias
	switch {
	case !c.Repeated:
	case v > 0:
		v /= p.RepeatPenalty
	default:
		v *= p.RepeatPenalty
	}
	if c.Count > 0 {
		v -= float64(c.Count)*p.FrequencyPenalty + p.PresencePenalty
	}
	return float32(max(-math.MaxFloat32, min(math.MaxFloat32, v)))
}

// adjust returns a copy of the logits after mask, bias and penalties.
func (s *Sampler) adjust(row *Row) ([]float32, error) {
	if row.Allowed != nil && len(row.Allowed) != MaskWords(s.vocab) {
		return nil, fmt.Errorf("a mask of %d words, want %d for %d tokens", len(row.Allowed), MaskWords(s.vocab), s.vocab)
	}
	changes, err := s.Changes(row.History, row.Prompt, len(row.History))
	if err != nil {
		return nil, err
	}
	s.adjusted = append(s.adjusted[:0], row.Logits...)
	for _, c := range changes {
		s.adjusted[c.ID] = s.params.Changed(s.adjusted[c.ID], c)
	}
	if row.Allowed != nil {
		for id := range s.adjusted {
			if !row.Allowed.Has(int32(id)) {
				s.adjusted[id] = float32(math.Inf(-1))
			}
		}
	}
	return s.adjusted, nil
}

// Changes lists the tokens that bias and penalties change, each once, as far as the
// history tells, of which the first prompt ids are the prompt's. They are for the token
// at a position, from which the repeat penalty's window counts: the history may end
// before. The list is valid until the next call.
func (s *Sampler) Changes(history []int32, prompt, position int) ([]Change, error) {
	p := &s.params
	s.changes = s.changes[:0]
	if prompt < 0 || prompt > len(history) {
		return nil, fmt.Errorf("a prompt of %d tokens in a history of %d", prompt, len(history))
	}
	if s.at == nil {
		s.at = make([]int32, s.vocab)
	}
	defer func() {
		for _, c := range s.changes {
			s.at[c.ID] = 0
		}
	}()
	for _, b := range p.Bias {
		s.find(b.ID).Bias = b.Add
	}
	repeat, count := len(history), len(history)
	if p.RepeatPenalty != 1 {
		repeat = min(repeat, position-p.Window(position))
	}
	if p.FrequencyPenalty != 0 || p.PresencePenalty != 0 {
		count = prompt
	}
	for i := min(repeat, count); i < len(history); i++ {
		id := history[i]
		if id < 0 || int(id) >= s.vocab {
			return nil, fmt.Errorf("token %d of the history is outside the vocabulary of %d", id, s.vocab)
		}
		c := s.find(id)
		c.Repeated = c.Repeated || i >= repeat
		if i >= count {
			c.Count++
		}
	}
	return s.changes, nil
}

// find is a token's entry among the changes.
func (s *Sampler) find(id int32) *Change {
	if s.at[id] == 0 {
		s.changes = append(s.changes, Change{ID: id})
		s.at[id] = int32(len(s.changes))
	}
	return &s.changes[s.at[id]-1]
}
