package sample

import (
	"fmt"
	"math"
)

// Mask is the set of tokens that may be picked: bit id%32 of word id/32. It has
// MaskWords words; bits beyond the vocabulary mean nothing.
type Mask []uint32

// MaskWords is the length of a mask for a vocabulary.
func MaskWords(vocab int) int { return (vocab + 31) / 32 }

// Has tells whether a token is allowed.
func (m Mask) Has(id int32) bool { return m[id>>5]>>(id&31)&1 != 0 }

// Allow adds a token.
func (m Mask) Allow(id int32) { m[id>>5] |= 1 << (id & 31) }

// touched is a token whose logit bias or penalties change.
type touched struct {
	id       int32
	bias     float64
	repeated bool // by the repeat penalty's window
	count    int  // in the answer
}

// adjust returns a copy of the logits after mask, bias and penalties. Each
// changed logit is computed in float64 and rounded once.
func (s *Sampler) adjust(row *Row) ([]float32, error) {
	p := &s.params
	if row.Allowed != nil && len(row.Allowed) != MaskWords(s.vocab) {
		return nil, fmt.Errorf("a mask of %d words, want %d for %d tokens", len(row.Allowed), MaskWords(s.vocab), s.vocab)
	}
	if row.Prompt < 0 || row.Prompt > len(row.History) {
		return nil, fmt.Errorf("a prompt of %d tokens in a history of %d", row.Prompt, len(row.History))
	}
	if err := s.touch(row); err != nil {
		return nil, err
	}
	s.adjusted = append(s.adjusted[:0], row.Logits...)
	if row.Allowed != nil {
		for id := range s.adjusted {
			if !row.Allowed.Has(int32(id)) {
				s.adjusted[id] = float32(math.Inf(-1))
			}
		}
	}
	for _, t := range s.touched {
		s.at[t.id] = 0
		v := float64(s.adjusted[t.id])
		if v-v != 0 { // masked, or to be found by who looks for the largest
			continue
		}
		v += t.bias
		switch {
		case !t.repeated:
		case v > 0:
			v /= p.RepeatPenalty
		default:
			v *= p.RepeatPenalty
		}
		if t.count > 0 {
			v -= float64(t.count)*p.FrequencyPenalty + p.PresencePenalty
		}
		s.adjusted[t.id] = float32(max(-math.MaxFloat32, min(math.MaxFloat32, v)))
	}
	return s.adjusted, nil
}

// touch lists the tokens that bias or penalties change.
func (s *Sampler) touch(row *Row) error {
	p := &s.params
	s.touched = s.touched[:0]
	if s.at == nil {
		s.at = make([]int32, s.vocab)
	}
	for _, b := range p.Bias {
		s.find(b.ID).bias = b.Add
	}
	repeat, count := len(row.History), len(row.History)
	if p.RepeatPenalty != 1 {
		repeat -= p.Window(len(row.History))
	}
	if p.FrequencyPenalty != 0 || p.PresencePenalty != 0 {
		count = row.Prompt
	}
	for i := min(repeat, count); i < len(row.History); i++ {
		id := row.History[i]
		if id < 0 || int(id) >= s.vocab {
			s.forget()
			return fmt.Errorf("token %d of the history is outside the vocabulary of %d", id, s.vocab)
		}
		t := s.find(id)
		t.repeated = t.repeated || i >= repeat
		if i >= count {
			t.count++
		}
	}
	return nil
}

// find is a token's entry among those touched.
func (s *Sampler) find(id int32) *touched {
	if s.at[id] == 0 {
		s.touched = append(s.touched, touched{id: id})
		s.at[id] = int32(len(s.touched))
	}
	return &s.touched[s.at[id]-1]
}

// forget leaves no token touched.
func (s *Sampler) forget() {
	for _, t := range s.touched {
		s.at[t.id] = 0
	}
	s.touched = s.touched[:0]
}
