package experts

import "math"

// Counts is how often each expert of each layer was chosen while a model ran.
type Counts struct {
	Model, Device   string
	TopK            int
	PrefillTokens   uint64     // tokens that prefill steps computed
	DecodeTokens    uint64     // tokens that decode steps computed
	Prefill, Decode [][]uint64 // by layer and expert
}

// New makes zeroed counts.
func New(layers, experts, topK int) *Counts {
	c := &Counts{TopK: topK}
	for range layers {
		c.Prefill, c.Decode = append(c.Prefill, make([]uint64, experts)), append(c.Decode, make([]uint64, experts))
	}
	return c
}

// Tokens is how many tokens were computed.
func (c *Counts) Tokens() uint64 { return c.PrefillTokens + c.DecodeTokens }

// Layers is one layer's counts for each layer, prefill and decode together.
func (c *Counts) Layers() [][]uint64 {
	out := make([][]uint64, len(c.Prefill))
	for l := range out {
		out[l] = make([]uint64, len(c.Prefill[l]))
		for e := range out[l] {
			out[l][e] = c.Prefill[l][e] + c.Decode[l][e]
		}
	}
	return out
}

// Load is how evenly a layer's choices fall on its experts.
type Load struct {
	Choices      uint64  `json:"choices"` // tokens × top_k
	Unused       int     `json:"unused"`  // experts never chosen
	MaxOverMean  float64 `json:"max_over_mean"`
	CV           float64 `json:"cv"`            // standard deviation over mean
	CVUniform    float64 `json:"cv_if_uniform"` // what random choice would give
	Entropy      float64 `json:"entropy_bits"`  // of the experts' shares
	EntropyShare float64 `json:"entropy_share"` // of log2(experts), the most there can be
}

// Of is the load of one layer's counts. With nothing chosen, all but Unused is
// zero.
//
// A token that picks top_k of n experts at random picks each with probability
// p = top_k/n, so after t tokens an expert's count has mean tp and variance
// tp(1-p), and the coefficient of variation is sqrt((1-p)/(tp)).
func Of(counts []uint64, topK int) Load {
	var l Load
	most := uint64(0)
	for _, c := range counts {
		l.Choices += c
		most = max(most, c)
		if c == 0 {
			l.Unused++
		}
	}
	if l.Choices == 0 {
		return l
	}
	n := float64(len(counts))
	mean := float64(l.Choices) / n
	squares := 0.0
	for _, c := range counts {
		squares += (float64(c) - mean) * (float64(c) - mean)
		if share := float64(c) / float64(l.Choices); c > 0 {
			l.Entropy -= share * math.Log2(share)
		}
	}
	l.MaxOverMean = float64(most) / mean
	l.CV = math.Sqrt(squares/n) / mean
	l.CVUniform = math.Sqrt(max(0, 1-float64(topK)/n) / mean)
	l.EntropyShare = 1 // one expert alone
	if n > 1 {
		l.EntropyShare = l.Entropy / math.Log2(n)
	}
	return l
}
