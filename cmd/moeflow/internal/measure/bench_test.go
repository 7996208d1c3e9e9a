package measure

import (
	"context"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/stages/sample"
)

func TestBench(t *testing.T) {
	e := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 512, Buckets: enginetest.Buckets(1, 1, 2, 2, 8, 1)})
	ctx := context.Background()
	steps := e.StepsBegun()
	b, err := NewBench(ctx, e, 1, 4)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if d, err := b.Prefill(ctx, 8); err != nil || d <= 0 {
			t.Errorf("prefill: %v, %v", d, err)
		}
	}
	if got := e.StepsBegun() - steps; got != 4 {
		t.Errorf("%d steps for three runs of one behind one, the beginning computed once", got)
	}
	if _, err := b.Prefill(ctx, 509); err == nil || !strings.Contains(err.Error(), "do not fit a context of 512") {
		t.Errorf("more than the context holds: %v", err)
	}
	b.Close()
	for batch := 1; batch <= 3; batch++ {
		b, err := NewBench(ctx, e, batch, 1)
		if err != nil {
			t.Fatal(err)
		}
		d, err := b.Decode(ctx, 4)
		if batch == 3 {
			if err == nil || err.Error() != "no step size for a batch of 3" {
				t.Errorf("a batch without a bucket: %v", err)
			}
		} else if err != nil || d <= 0 {
			t.Errorf("decode of %d: %v, %v", batch, d, err)
		}
		if _, err := b.Decode(ctx, 600); batch < 3 && (err == nil || !strings.Contains(err.Error(), "do not fit a kv cache of 512 positions")) {
			t.Errorf("more than the cache holds: %v", err)
		}
		b.Close()
	}
	if _, err := NewBench(ctx, e, 9, 63); err == nil || !strings.Contains(err.Error(), "do not fit a kv cache of 512 positions") {
		t.Errorf("more sequences than the cache holds: %v", err)
	}
	// A step reads nearly the whole file but the experts not used, and more of
	// the kv cache the deeper it is.
	if a, b := DecodeBytes(e, 0), DecodeBytes(e, 100); a >= b || b-a != 100*uint64(e.Model.Layers)*2*2*128*2 {
		t.Errorf("a step reads %d bytes at depth 0, %d at 100", a, b)
	}
}

// TestBenchSampling: decode steps pick tokens by the settings at hand, if the device
// does.
func TestBenchSampling(t *testing.T) {
	for _, sampler := range []bool{true, false} {
		e := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 256, Buckets: enginetest.Buckets(2, 2), Sampler: sampler, SamplerOnCPU: true})
		b, err := NewBench(context.Background(), e, 2, 3)
		if err != nil {
			t.Fatal(err)
		}
		b.Sampling = sample.Params{Temperature: 0.7, TopK: 20, TopP: 0.8, RepeatPenalty: 1.05}
		d, err := b.Decode(context.Background(), 70)
		if sampler && (err != nil || d <= 0) || !sampler && (err == nil || err.Error() != "the device does not pick tokens by these settings") {
			t.Errorf("with a sampler: %v: %v, %v", sampler, d, err)
		}
		b.Close()
	}
}
