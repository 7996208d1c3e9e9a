package engine

import (
	"testing"

	"moeflow/stages/sample"
)

// TestServes: what the device's sampler picks, and what it leaves to the host.
func TestServes(t *testing.T) {
	const vocab = 151936
	with := func(change func(*sample.Params)) sample.Params {
		p := sample.Params{Temperature: 1, TopP: 1, RepeatPenalty: 1}
		change(&p)
		return p
	}
	usual := with(func(p *sample.Params) { p.TopK, p.TopP, p.RepeatPenalty = 20, 0.8, 1.05 })
	whole := with(func(p *sample.Params) { p.RepeatPenalty, p.RepeatLastN = 1.1, -1 })
	presence := with(func(p *sample.Params) { p.PresencePenalty = 1 })
	nucleus := with(func(p *sample.Params) { p.TopP = 0.9 })
	for _, c := range []struct {
		name           string
		p              sample.Params
		cpu            bool
		outs           int
		prompt, n, top int
		want           bool
	}{
		{"usual", usual, false, 512, 30000, 8000, 20, true},
		{"more likeliest than it lists", usual, false, 1, 10, 10, 21, false},
		{"a window of the whole context", whole, false, 1, 10000, 6000, 0, true},
		{"a window that its buffer does not hold", whole, false, 128, 10000, 6000, 0, false},
		{"a long answer alone", presence, false, 1, 10, 16384, 0, true},
		{"a long answer among few", presence, false, 128, 10, 2048, 0, true},
		{"a long answer among many", presence, false, 128, 10, 2049, 0, false},
		{"top_p on a GPU", nucleus, false, 1, 10, 10, 0, true},
		{"top_p on a CPU", nucleus, true, 1, 10, 10, 0, false},
		{"top_k on a CPU", usual, true, 1, 10, 10, 0, true},
	} {
		s := newSampler(vocab, c.cpu, []Bucket{{1, 1}, {2048, c.outs}})
		if got := s.Serves(&c.p, c.prompt, c.n, c.top); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if s := newSampler(4096, true, []Bucket{{1, 1}}); !s.Serves(&nucleus, 10, 10, 0) {
		t.Error("top_p of a small vocabulary on a CPU is left to the host")
	}
}
