package generate

import (
	"context"
	"errors"
	"slices"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/measure"
	"moeflow/stages/sample"
)

// everyThird allows, behind n tokens, those whose ids leave the rest n when divided by 3.
func everyThird(vocab int) func(answer []int32) sample.Mask {
	m := make(sample.Mask, sample.MaskWords(vocab))
	return func(answer []int32) sample.Mask {
		clear(m)
		for id := len(answer) % 3; id < vocab; id += 3 {
			m.Allow(int32(id))
		}
		return m
	}
}

// TestAllow: requests with masks and without run side by side, their samplers in a
// segment of their own; the tokens are allowed ones, and those that the host picks.
func TestAllow(t *testing.T) {
	host := startBatch(t, quick, engine.Plans{Sequences: 6})
	device := startBatch(t, quick, engine.Plans{Sequences: 6, Constraints: true, SamplerOnCPU: true}, enginetest.Slots(3))
	if host.Segments() != 1 || device.Segments() != 2 {
		t.Fatalf("%d and %d segments, want one, and one more for the sampler", host.Segments(), device.Segments())
	}
	var want map[int]BatchResult
	for _, e := range []*engine.Engine{host, device} {
		var prompts []*BatchRequest
		for i, p := range samplings {
			r := Request{IDs: measure.Tokens(e.Model.Vocab, 5+i, uint64(i)), MaxTokens: 20 + i, IgnoreEOG: true, Sampling: p}
			if i%2 == 0 {
				r.Allow = everyThird(e.Model.Vocab)
			}
			if onDevice(e, &r) != (e == device || p.Plain() && r.Allow == nil) {
				t.Fatalf("%+v on the device: %v", r.Sampling, onDevice(e, &r))
			}
			prompts = append(prompts, &BatchRequest{i, r})
		}
		got := answers(t, e, BatchOptions{}, prompts)
		if want == nil {
			want = got
		}
		same(t, "by the device", got, want)
		for i, r := range got {
			for j, id := range r.IDs {
				if i%2 == 0 && int(id)%3 != j%3 {
					t.Errorf("request %d: token %d is %d", i, j, id)
				}
			}
		}
	}
}

// TestAllowNone: where no token is allowed the request fails, at that position, and a
// request beside it goes on; one that is cancelled holds nothing up.
func TestAllowNone(t *testing.T) {
	for _, p := range []engine.Plans{{Sequences: 3, Constraints: true, SamplerOnCPU: true}, {Sequences: 3}} {
		e := startBatch(t, quick, p)
		l := loop(t, e, Options{})
		ids := measure.Tokens(e.Model.Vocab, 9, 1)
		some := everyThird(e.Model.Vocab)
		none := func(answer []int32) sample.Mask {
			if len(answer) == 4 {
				return make(sample.Mask, sample.MaskWords(e.Model.Vocab))
			}
			return some(answer)
		}
		ctx, cancel := context.WithCancel(context.Background())
		endless := plain(ids, 200)
		endless.Allow = func(answer []int32) sample.Mask {
			if len(answer) == 10 {
				cancel()
			}
			return nil
		}
		a, b := ask(t, l, ctx, endless), plain(ids, 60)
		b.Allow = none
		failed, beside := ask(t, l, context.Background(), b), answer(t, l, plain(ids, 60))
		if r := failed.Result(); !errors.Is(r.Err, sample.ErrNoneAllowed) || len(r.IDs) != 4 || r.Err.Error() != "position 13: no token is allowed" {
			t.Errorf("%+v", r)
		}
		if r := a.Result(); r.Finish != FinishCancel {
			t.Errorf("the cancelled request: %+v", r)
		}
		if want := answer(t, l, plain(ids, 60)); !slices.Equal(beside.IDs, want.IDs) {
			t.Errorf("beside others %v, alone %v", beside.IDs, want.IDs)
		}
	}
}
