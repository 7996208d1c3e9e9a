package generate

import (
	"context"
	"math"
	"slices"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/measure"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/stages/sample"
)

// samplings are settings of every kind.
var samplings = []sample.Params{
	{TopP: 1, RepeatPenalty: 1},
	{Temperature: 0.7, TopK: 20, TopP: 0.8, RepeatPenalty: 1.05, Seed: 1},
	{Temperature: 1, TopP: 1, RepeatPenalty: 1, Seed: 2},
	{Temperature: 1.3, TopP: 0.95, RepeatPenalty: 1, Seed: 3},
	{Temperature: 1, TopP: 1, MinP: 0.02, RepeatPenalty: 1.5, RepeatLastN: 3, Seed: 4},
	{TopP: 1, RepeatPenalty: 1.3, RepeatLastN: -1},
	{Temperature: 1, TopK: 100, TopP: 0.99, RepeatPenalty: 1, FrequencyPenalty: 0.7, PresencePenalty: -0.5, Seed: 5},
	{TopP: 1, RepeatPenalty: 1, FrequencyPenalty: 2},
	{Temperature: 2, TopK: 1 << 20, TopP: 1, RepeatPenalty: 1, Bias: []sample.Bias{{ID: 7, Add: 9}, {ID: 11, Add: -100}}, Seed: 6},
}

// TestDevicePicksAsHost: the device's sampler gives the tokens and the probabilities
// that the host's gives, with several tokens in flight.
func TestDevicePicksAsHost(t *testing.T) {
	m := testmodel.Tiny(t)
	host := enginetest.Start(t, m, engine.Plans{Context: 128})
	device := enginetest.Start(t, m, engine.Plans{Context: 128, Sampler: true, SamplerOnCPU: true}, enginetest.Slots(5))
	for i, p := range samplings {
		r := Request{IDs: measure.Tokens(m.Vocab, 20, uint64(i)), MaxTokens: 40, IgnoreEOG: true, Sampling: p, LogProbs: i%2 == 0, Top: i}
		if !onDevice(device, &r) {
			t.Fatalf("the device does not serve %+v", p)
		}
		got, err := One(context.Background(), device, r)
		if err != nil {
			t.Fatal(err)
		}
		want, err := One(context.Background(), host, r)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.IDs, want.IDs) {
			t.Errorf("%+v: the device picks\n%v, the host\n%v", p, got.IDs, want.IDs)
			continue
		}
		for j, a := range got.Tokens {
			b := want.Tokens[j]
			near := func(x, y LogProb) bool { return x.ID == y.ID && math.Abs(float64(x.LogProb-y.LogProb)) < 1e-4 }
			if !near(a.LogProb, b.LogProb) || !slices.EqualFunc(a.Top, b.Top, near) {
				t.Errorf("%+v: token %d is %+v, want %+v", p, j, a, b)
			}
		}
	}
}

// TestDeviceServes: what the device's sampler leaves to the host.
func TestDeviceServes(t *testing.T) {
	e := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 128, Sampler: true, SamplerOnCPU: true})
	plain := sample.Params{Temperature: 1, TopP: 1, RepeatPenalty: 1}
	for _, c := range []struct {
		name string
		r    Request
		want bool
	}{
		{"plain", Request{Sampling: plain, MaxTokens: 10}, true},
		{"as many likeliest as it lists", Request{Sampling: plain, MaxTokens: 10, LogProbs: true, Top: 20}, true},
		{"more likeliest than it lists", Request{Sampling: plain, MaxTokens: 10, LogProbs: true, Top: 21}, false},
	} {
		if got := onDevice(e, &c.r); got != c.want {
			t.Errorf("%s: on the device %v, want %v", c.name, got, c.want)
		}
	}
}
