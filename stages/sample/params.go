package sample

import (
	"fmt"
	"math"
)

// Params says how to pick. The zero value is greedy but for RepeatPenalty and
// TopP, which have to be 1 to be off.
type Params struct {
	// Temperature divides the logits; 0 picks the largest.
	Temperature float64
	// TopK keeps that many tokens; 0 keeps all.
	TopK int
	// TopP keeps the likeliest tokens up to this probability; 1 keeps all.
	TopP float64
	// MinP keeps tokens at least this many times as likely as the likeliest; 0
	// keeps all.
	MinP float64
	// RepeatPenalty above 1 makes tokens of the history less likely; 1 is off.
	RepeatPenalty float64
	// RepeatLastN is how much of the history's end the penalty looks at: 0
	// takes DefaultRepeatLastN, a negative number the whole history.
	RepeatLastN int
	// FrequencyPenalty is subtracted from a token's logit for each time that the
	// answer has it, PresencePenalty once if it has it at all; 0 is off, and
	// below 0 such tokens become likelier.
	FrequencyPenalty, PresencePenalty float64
	// Bias is added to the logits of single tokens, each named at most once.
	Bias []Bias
	// Seed names the sequence of draws.
	Seed uint64
}

// Bias is a number to add to a token's logit.
type Bias struct {
	ID  int32
	Add float64
}

// DefaultRepeatLastN is llama.cpp's default for how many tokens the repeat
// penalty looks back.
const DefaultRepeatLastN = 64

// Plain tells whether the largest of the model's own logits is what is picked
// where nothing is masked: the temperature is 0, and nothing changes a logit.
func (p Params) Plain() bool { return p.Temperature == 0 && !p.Adjusts() }

// Adjusts tells whether bias or penalties change logits before the filters.
func (p Params) Adjusts() bool {
	return p.RepeatPenalty != 1 || p.FrequencyPenalty != 0 || p.PresencePenalty != 0 || len(p.Bias) > 0
}

// Window is how many tokens the repeat penalty looks back in a history of n.
func (p Params) Window(n int) int {
	switch {
	case p.RepeatLastN < 0:
		return n
	case p.RepeatLastN == 0:
		return min(n, DefaultRepeatLastN)
	}
	return min(n, p.RepeatLastN)
}

// Greedy picks the largest logit, without a penalty.
func Greedy() Params { return Params{TopP: 1, RepeatPenalty: 1} }

// check reports the first value out of its range; NaN is in no range.
func (p Params) check(vocab int) error {
	finite := func(x float64) bool { return x-x == 0 }
	switch {
	case !(p.Temperature >= 0) || math.IsInf(p.Temperature, 0):
		return fmt.Errorf("temperature is %g, want a number of at least 0", p.Temperature)
	case p.TopK < 0:
		return fmt.Errorf("top_k is %d, want a whole number of at least 0", p.TopK)
	case !(p.TopP > 0 && p.TopP <= 1):
		return fmt.Errorf("top_p is %g, want a number above 0 and at most 1", p.TopP)
	case !(p.MinP >= 0 && p.MinP <= 1):
		return fmt.Errorf("min_p is %g, want a number from 0 to 1", p.MinP)
	case !(p.RepeatPenalty > 0) || math.IsInf(p.RepeatPenalty, 0):
		return fmt.Errorf("repeat_penalty is %g, want a number above 0", p.RepeatPenalty)
	case !finite(p.FrequencyPenalty):
		return fmt.Errorf("frequency_penalty is %g, want a number", p.FrequencyPenalty)
	case !finite(p.PresencePenalty):
		return fmt.Errorf("presence_penalty is %g, want a number", p.PresencePenalty)
	}
	if len(p.Bias) == 0 {
		return nil
	}
	seen := make(map[int32]bool, len(p.Bias))
	for _, b := range p.Bias {
		switch {
		case b.ID < 0 || int(b.ID) >= vocab:
			return fmt.Errorf("logit_bias names token %d, the vocabulary has 0 to %d", b.ID, vocab-1)
		case !finite(b.Add):
			return fmt.Errorf("logit_bias of token %d is %g, want a number", b.ID, b.Add)
		case seen[b.ID]:
			return fmt.Errorf("logit_bias names token %d twice", b.ID)
		}
		seen[b.ID] = true
	}
	return nil
}
