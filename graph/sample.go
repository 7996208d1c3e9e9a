package graph

import "math"

// What the sampler is told at each step: an Input tensor of 32-bit words named
// "sampling", written by SampleLayout.Fill.
//
//	word 16·j       row j's flags: SampleMasked, SampleProbs
//	word 16·j + 1   temperature; 0: the largest logit
//	word 16·j + 2   top_k; 0, or the vocabulary's size or more: all
//	word 16·j + 3   top_p, min_p, repeat_penalty, frequency_penalty, presence_penalty
//	word 16·j + 8   the draw, a number of [0, 1)
//	word 16·j + 9   how far the repeat penalty looks back, in tokens
//	word 16·j + 10  tokens in flight: the last ones, which the host does not know yet
//	word 16·j + 11  the number of touched tokens
//	word 16·j + 12  the word at which the first of them stands
//	word 16·j + 13  how many of the likeliest tokens are wanted with SampleProbs
//	word 16·j + 14  zero
//	touched tokens  id, 2·count + repeated, bias: count in the answer, and whether
//	                the repeat penalty's window has the token
//
// The touched tokens are all that bias and penalties change, each once, as far as the
// host knows the sequence. Of tokens in flight the device keeps what it sampled itself:
// the State tensor recent {SampleRecent, slots} has the token of position p at place
// p % SampleRecent of the row's slot. So nothing has to be set up when a sequence is let
// in, evicted and let in again, or begins with pages that others computed.
const (
	SampleRowWords   = 16
	SampleTouched    = 3  // words of a touched token
	SampleRecent     = 16 // tokens in flight that a slot can have
	SampleLikeliest  = 20 // the most likeliest tokens that a row can ask for
	SampleCandidates = 64 // the most tokens of a partial that are looked at together
	SampleMasked     = 1  // flag: the row's mask counts
	SampleProbs      = 2  // flag: log probabilities are wanted
	// SamplePartialWords is what OpSamplePartials leaves of each ArgMaxPartialSize logits: the
	// largest and its id, Σ exp(l - largest), Σ exp((l - largest)/temperature), the
	// largest before any change, Σ exp(logit - largest) of that, and pairs of logit and
	// id: candidates, then likeliest.
	SamplePartialWords = 6 + 2*SampleCandidates + 2*SampleLikeliest
	// SampleProbsWords is what OpSampleDraw says of a row: how many tokens the filters
	// kept, the log probability of the one drawn, and pairs of id and log probability.
	SampleProbsWords = 2 + 2*SampleLikeliest
	// SampleVocabulary is the largest vocabulary that the sampler serves: the likeliest
	// tokens of all its partials must fit into half the memory of one.
	SampleVocabulary = ArgMaxPartialSize * (ArgMaxPartialSize / 2 / SampleLikeliest)
)

// SampleMerged is how many candidates of each partial of a vocabulary the sampler looks
// at together: filters that keep at most that many tokens are fast.
func SampleMerged(vocab int) int {
	return min(SampleCandidates, ArgMaxPartialSize/2/((vocab+ArgMaxPartialSize-1)/ArgMaxPartialSize))
}

// SampleLayout gives the size of the sampling buffer.
type SampleLayout struct {
	Outs    int // the most output rows
	Touched int // the most touched tokens, all rows together
}

// Words is the size of the buffer.
func (l SampleLayout) Words() int { return SampleRowWords*l.Outs + SampleTouched*l.Touched }

// SampleRow is what one output row asks of the sampler.
type SampleRow struct {
	Temperature                 float32
	TopK                        uint32
	TopP, MinP                  float32
	Repeat, Frequency, Presence float32
	Draw                        float32
	Window, Flying              uint32
	Masked                      bool
	Probs                       bool
	Likeliest                   uint32
	Touched                     []SampleToken
}

// SampleToken is a token that bias or penalties change.
type SampleToken struct {
	ID       uint32
	Count    uint32
	Repeated bool
	Bias     float32
}

// Fill writes rows into words, which must have Words() elements, and returns which
// words behind the rows' own are in use. rows must fit the layout.
func (l SampleLayout) Fill(words []uint32, rows []SampleRow) (from, to int) {
	from = SampleRowWords * l.Outs
	to = from
	bit := func(b bool, v uint32) uint32 {
		if b {
			return v
		}
		return 0
	}
	for j, r := range rows {
		f := math.Float32bits
		copy(words[SampleRowWords*j:], []uint32{bit(r.Masked, SampleMasked) | bit(r.Probs, SampleProbs), f(r.Temperature), r.TopK,
			f(r.TopP), f(r.MinP), f(r.Repeat), f(r.Frequency), f(r.Presence), f(r.Draw), r.Window, r.Flying,
			uint32(len(r.Touched)), uint32(to), r.Likeliest, 0, 0})
		for _, t := range r.Touched {
			words[to], words[to+1], words[to+2] = t.ID, 2*t.Count+bit(t.Repeated, 1), f(t.Bias)
			to += SampleTouched
		}
	}
	return from, to
}
