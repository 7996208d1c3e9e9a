package sample

import (
	"cmp"
	"slices"
)

// Use takes other parameters, so that one Sampler's scratch memory serves many
// sequences.
func (s *Sampler) Use(p Params) error {
	if err := p.check(s.vocab); err != nil {
		return err
	}
	s.params = p
	return nil
}

// Likeliest gives the ids of the n largest logits, the largest first and the
// lower id first among equals; fewer where there are fewer. NaN is never among
// them.
func Likeliest(logits []float32, n int) []int32 {
	var top []token
	for id, l := range logits {
		t := token{logit: l, id: int32(id)}
		if n <= 0 || l != l || len(top) == n && !t.before(top[n-1]) {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, t, func(a, b token) int {
			if a.before(b) {
				return -1
			}
			return cmp.Compare(b.logit, a.logit)
		})
		if len(top) == n {
			top = top[:n-1]
		}
		top = slices.Insert(top, at, t)
	}
	ids := make([]int32, len(top))
	for i, t := range top {
		ids[i] = t.id
	}
	return ids
}
