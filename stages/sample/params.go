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
	// Seed names the sequence of draws.
	Seed uint64
}

// DefaultRepeatLastN is llama.cpp's default for how many tokens the repeat
// penalty looks back.
const DefaultRepeatLastN = 64

// Greedy picks the largest logit, without a penalty.
func Greedy() Params { return Params{TopP: 1, RepeatPenalty: 1} }

// check reports the first value out of its range; NaN is in no range.
func (p Params) check() error {
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
	}
	return nil
}
