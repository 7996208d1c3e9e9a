package sample

import (
	"errors"
	"fmt"
	"math"
)

// ErrNotFinite is the error of a row of logits from which no token can be picked:
// one is NaN or +Inf, or all are -Inf. It says that the model's weights are damaged
// or that their numbers leave the range of floats, not that a request is wrong.
var ErrNotFinite = errors.New("the model's logits are not finite")

// ErrNoneAllowed is the error of a mask that allows no token at all.
var ErrNoneAllowed = errors.New("no token is allowed")

// Sampler picks tokens for one sequence. It holds scratch memory, so each
// goroutine needs its own; nothing else lasts from one Pick to the next.
type Sampler struct {
	params Params
	vocab  int

	adjusted []float32
	changes  []Change // what bias and penalties change, and
	at       []int32  // where a token stands there, counted from 1; 0 between calls
	tokens   []token  // candidates in the order of ids
	scratch  []token  // reordered by selection
}

// New checks the parameters. vocab is the number of logits in a row.
func New(p Params, vocab int) (*Sampler, error) {
	if vocab < 1 || vocab > math.MaxInt32 {
		return nil, fmt.Errorf("vocabulary of %d tokens, want 1 to %d", vocab, math.MaxInt32)
	}
	if err := p.check(vocab); err != nil {
		return nil, err
	}
	return &Sampler{params: p, vocab: vocab}, nil
}

// Row is what a token is picked from.
type Row struct {
	Logits []float32 // one a token of the vocabulary; only read
	// History is the sequence so far, oldest token first, of which the first
	// Prompt ids are the prompt's and the others the answer's.
	History []int32
	Prompt  int
	Allowed Mask // nil: all tokens
	// Position numbers the draw: the position that the token will have.
	Position uint64
}

// Pick picks a token. Logits of -Inf are never picked. ErrNotFinite tells of NaN,
// +Inf and a row of nothing but -Inf; what the mask forbids may be any number.
// Ids in the history outside the vocabulary are an error, as are a mask and a
// row of another length than the vocabulary's.
func (s *Sampler) Pick(row Row) (int32, error) {
	logits := row.Logits
	if len(logits) != s.vocab {
		return 0, fmt.Errorf("%d logits, want one for each of %d tokens", len(logits), s.vocab)
	}
	if row.Allowed != nil && row.Allowed.Empty() {
		return 0, ErrNoneAllowed
	}
	if s.params.Adjusts() || row.Allowed != nil {
		var err error
		if logits, err = s.adjust(&row); err != nil {
			return 0, err
		}
	}
	return s.Draw(logits, Uniform(s.params.Seed, row.Position))
}

// Draw is Pick of logits after mask, bias and penalties, with the number u of [0, 1)
// as the draw.
func (s *Sampler) Draw(logits []float32, u float64) (int32, error) {
	s.tokens = s.tokens[:0]
	best, err := largest(logits)
	if err != nil {
		return 0, err
	}
	if s.params.Temperature == 0 {
		s.tokens = append(s.tokens, best)
		return best.id, nil
	}
	if k := s.params.TopK; k > 0 && k < s.vocab {
		s.topK(logits, k)
	} else {
		for id, l := range logits {
			s.tokens = append(s.tokens, token{logit: l, id: int32(id)})
		}
	}
	s.topP(best.logit)
	s.minP(best.logit)
	return s.draw(best.logit, u), nil
}

// Kept is how many tokens the filters of the last Pick or Draw left, not counting
// those of -Inf.
func (s *Sampler) Kept() int {
	n := 0
	for _, t := range s.tokens {
		if t.logit > float32(math.Inf(-1)) {
			n++
		}
	}
	return n
}

// largest finds the first token of the order and checks the whole row.
func largest(logits []float32) (token, error) {
	best := token{logit: float32(math.Inf(-1)), id: -1}
	for id, l := range logits {
		if l > best.logit {
			best = token{logit: l, id: int32(id)}
		} else if l != l {
			return best, fmt.Errorf("%w: that of token %d is NaN", ErrNotFinite, id)
		}
	}
	if best.id < 0 {
		return best, fmt.Errorf("%w: all %d are -Inf", ErrNotFinite, len(logits))
	}
	if math.IsInf(float64(best.logit), 1) {
		return best, fmt.Errorf("%w: that of token %d is +Inf", ErrNotFinite, best.id)
	}
	return best, nil
}

// topK sets the candidates to the k first tokens of the order. It reads the row
// once, keeping up to 2k tokens that may still be among the first, so a token
// costs one comparison as soon as k good ones are known.
func (s *Sampler) topK(logits []float32, k int) {
	found := s.scratch[:0]
	last := token{logit: float32(math.Inf(-1)), id: math.MaxInt32}
	for id, l := range logits {
		// Ids rise, so a token with the last one's logit comes behind it.
		if l > last.logit || len(found) < k {
			found = append(found, token{logit: l, id: int32(id), w: 1})
			if len(found) == 2*k {
				_, last = prefix(found, float64(k))
				found = found[:k]
			}
		}
	}
	_, last = prefix(found, float64(k))
	s.scratch = found
	for id, l := range logits {
		if t := (token{logit: l, id: int32(id)}); l >= last.logit && !last.before(t) {
			s.tokens = append(s.tokens, t)
		}
	}
}

// topP keeps the likeliest candidates up to a probability of TopP.
func (s *Sampler) topP(best float32) {
	p := s.params.TopP
	if p >= 1 {
		return
	}
	// All tokens more than this far below the best add up to no more than 1-p
	// of the whole, so the prefix ends above them. 0.01 is for rounding.
	far := float64(best) + math.Log((1-p)/float64(len(s.tokens))) - 0.01
	total := 0.0
	near := s.scratch[:0]
	for _, t := range s.tokens {
		t.w = math.Exp(float64(t.logit) - float64(best))
		total += t.w
		if float64(t.logit) >= far {
			near = append(near, t)
		}
	}
	s.scratch = near
	_, last := prefix(near, p*total)
	s.tokens = keep(s.tokens, last)
}

// minP keeps candidates at least MinP times as likely as the best.
func (s *Sampler) minP(best float32) {
	if s.params.MinP <= 0 {
		return
	}
	least := float64(best) + math.Log(s.params.MinP)
	n := 0
	for _, t := range s.tokens {
		if float64(t.logit) >= least {
			s.tokens[n] = t
			n++
		}
	}
	s.tokens = s.tokens[:n]
}

// draw picks a candidate with the probability that the temperature gives it:
// the first, by id, at which the sum of weights exceeds u of the whole.
func (s *Sampler) draw(best float32, u float64) int32 {
	total := 0.0
	for i := range s.tokens {
		t := &s.tokens[i]
		t.w = math.Exp((float64(t.logit) - float64(best)) / s.params.Temperature)
		total += t.w
	}
	at, sum, id := u*total, 0.0, int32(0)
	for _, t := range s.tokens {
		if t.w > 0 {
			id = t.id
			if sum += t.w; sum > at {
				break
			}
		}
	}
	return id
}
