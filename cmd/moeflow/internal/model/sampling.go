package model

import (
	"fmt"
	"math"

	"moeflow/configs"
	"moeflow/gguf"
)

// Sampling is what the file itself advises (general.sampling.*), unset where it
// says nothing.
func (m *Model) Sampling() configs.Sampling { return m.sampling }

// readSampling reads and checks it, within the bounds of the config's own keys.
func readSampling(f *gguf.File) (s configs.Sampling, err error) {
	var topK *float64
	for _, c := range []struct {
		key         string
		to          **float64
		least, most float64
		want        string
	}{
		{"temp", &s.Temperature, 0, 100, "a number from 0 to 100"},
		{"top_k", &topK, math.Inf(-1), math.MaxInt32, "a whole number"},
		{"top_p", &s.TopP, math.SmallestNonzeroFloat32, 1, "a number above 0 and at most 1"},
		{"min_p", &s.MinP, 0, 1, "a number from 0 to 1"},
		{"penalty_repeat", &s.RepeatPenalty, math.SmallestNonzeroFloat32, 100, "a number above 0 and at most 100"},
	} {
		key := "general.sampling." + c.key
		if !f.Has(key) {
			continue
		}
		v, err := f.Float(key)
		if err != nil {
			return s, err
		}
		if !(v >= c.least && v <= c.most) || c.to == &topK && v != math.Trunc(v) {
			return s, fmt.Errorf("%s: %s is %v, wanted %s", f.Path(), key, v, c.want)
		}
		*c.to = &v
	}
	if topK != nil {
		n := int(max(*topK, 0)) // below 0 is none, as 0 is
		s.TopK = &n
	}
	return s, nil
}
