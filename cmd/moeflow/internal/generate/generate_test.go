package generate

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/measure"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/stages/sample"
)

func TestPrefixIsReused(t *testing.T) {
	e, ids, ctx := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 128}), testmodel.Goldens(t)["go_ids"].Int32, context.Background()
	s := NewSequence(e)
	defer s.Close()
	first, err := s.Generate(ctx, Request{IDs: ids, MaxTokens: 12, Sampling: sample.Greedy(), IgnoreEOG: true})
	if err != nil || first.Reused != 0 {
		t.Fatalf("the first prompt reuses %d tokens, %v", first.Reused, err)
	}
	// A second turn: the prompt, its answer, something new. The last token of
	// the answer was never computed.
	longer := append(append(slices.Clone(ids), first.IDs...), ids[:3]...)
	second, err := s.Generate(ctx, Request{IDs: longer, MaxTokens: 12, Sampling: sample.Greedy(), IgnoreEOG: true})
	if err != nil {
		t.Fatal(err)
	}
	if want := len(ids) + len(first.IDs) - 1; second.Reused != want {
		t.Errorf("the second prompt reuses %d tokens, wanted %d", second.Reused, want)
	}
	if fresh := greedy(t, e, longer, 12); !slices.Equal(second.IDs, fresh) {
		t.Errorf("on a reused prefix %v, on a fresh sequence %v", second.IDs, fresh)
	}
	// Another prompt that parts early, and the same prompt again.
	other := append(slices.Clone(ids[:4]), ids[7:]...)
	third, err := s.Generate(ctx, Request{IDs: other, MaxTokens: 12, Sampling: sample.Greedy(), IgnoreEOG: true})
	if err != nil || third.Reused != 4 {
		t.Errorf("a prompt that parts after 4 tokens reuses %d, %v", third.Reused, err)
	}
	if fresh := greedy(t, e, other, 12); !slices.Equal(third.IDs, fresh) {
		t.Errorf("after going back %v, on a fresh sequence %v", third.IDs, fresh)
	}
	again, err := s.Generate(ctx, Request{IDs: other, MaxTokens: 12, Sampling: sample.Greedy(), IgnoreEOG: true})
	if err != nil || again.Reused != len(other)-1 || !slices.Equal(again.IDs, third.IDs) {
		t.Errorf("the same prompt again: %d reused, %v, %v", again.Reused, again.IDs, err)
	}
}

// BenchmarkTurn is the time to the first token of a chat turn of 16 tokens after
// a conversation of 1,024: on its sequence, and on one that has to compute the
// conversation again.
func BenchmarkTurn(b *testing.B) {
	e := enginetest.Start(b, testmodel.Tiny(b), engine.Plans{Context: 1536})
	talk := measure.Tokens(e.Model.Vocab, 1024, 1)
	turn := func(b *testing.B, s *Sequence, i int) int {
		ids := append(slices.Clone(talk), measure.Tokens(e.Model.Vocab, 16, uint64(2+i))...)
		res, err := s.Generate(context.Background(), Request{IDs: ids, MaxTokens: 1, Sampling: sample.Greedy(), IgnoreEOG: true})
		if err != nil {
			b.Fatal(err)
		}
		return len(ids) - res.Reused
	}
	run := func(name string, kept bool) {
		b.Run(name, func(b *testing.B) {
			s, computed := NewSequence(e), 0
			defer func() { s.Close() }()
			if kept {
				turn(b, s, 0)
			}
			for i := 1; b.Loop(); i++ {
				if !kept {
					s.Close()
					s = NewSequence(e)
				}
				computed = turn(b, s, i)
			}
			b.ReportMetric(float64(computed), "tokens/turn")
		})
	}
	run("kept", true)
	run("anew", false)
}

func TestSamplingIsReproducible(t *testing.T) {
	e, ids := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 128}), testmodel.Goldens(t)["go_ids"].Int32
	draw := func(seed uint64) []int32 {
		s := NewSequence(e)
		defer s.Close()
		r, err := s.Generate(context.Background(), Request{IDs: ids, MaxTokens: 16, IgnoreEOG: true,
			Sampling: sample.Params{Temperature: 1.2, TopK: 50, TopP: 0.98, RepeatPenalty: 1.05, Seed: seed}})
		if err != nil {
			t.Fatal(err)
		}
		return r.IDs
	}
	a, b, c := draw(1), draw(1), draw(2)
	if !slices.Equal(a, b) {
		t.Errorf("seed 1 gives %v and then %v", a, b)
	}
	if slices.Equal(a, c) {
		t.Errorf("seeds 1 and 2 give the same %v", a)
	}
}

// TestHostAndDevicePickTheSame: greedy through the host's sampler, which a
// penalty too small to matter asks for, is greedy on the device.
func TestHostAndDevicePickTheSame(t *testing.T) {
	e, ids := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 128}), testmodel.Goldens(t)["go_ids"].Int32
	s := NewSequence(e)
	defer s.Close()
	p := sample.Greedy()
	p.RepeatPenalty = 1 + 1e-9
	r, err := s.Generate(context.Background(), Request{IDs: ids, MaxTokens: 12, Sampling: p, IgnoreEOG: true})
	if err != nil || !slices.Equal(r.IDs, testmodel.Goldens(t)["go_greedy"].Int32[:12]) {
		t.Errorf("got %v, %v\nwant %v", r.IDs, err, testmodel.Goldens(t)["go_greedy"].Int32[:12])
	}
}

func TestCancel(t *testing.T) {
	e, g := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 1600, Buckets: enginetest.Buckets(1, 1, 8, 1)}), testmodel.Goldens(t)
	ids := g["go_ids"].Int32
	s := NewSequence(e)
	defer s.Close()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := s.Generate(ctx, Request{IDs: ids, MaxTokens: 64, Sampling: sample.Greedy(), IgnoreEOG: true, OnToken: func(int32) error {
		cancel()
		return nil
	}})
	if err != nil || r.Finish != FinishCancel || len(r.IDs) != 1 {
		t.Errorf("cancelled at the first token: %d tokens, finish %q, %v", len(r.IDs), r.Finish, err)
	}
	// During the prompt: after the first chunk of many.
	ctx, cancel = context.WithCancel(context.Background())
	r, err = s.Generate(ctx, Request{IDs: g["long_ids"].Int32, MaxTokens: 4, Sampling: sample.Greedy(), OnPrefill: func(int, int) { cancel() }})
	if err != nil || r.Finish != FinishCancel || len(r.IDs) != 0 {
		t.Errorf("cancelled in the prompt: %d tokens, finish %q, %v", len(r.IDs), r.Finish, err)
	}
	if s.Len() > 100 {
		t.Errorf("a prompt cancelled after its first chunk has computed %d positions", s.Len())
	}
	// An error of the receiver ends the text and is returned.
	broken := errors.New("the reader is gone")
	if _, err := s.Generate(context.Background(), Request{IDs: ids, MaxTokens: 8, Sampling: sample.Greedy(),
		OnToken: func(int32) error { return broken }}); !errors.Is(err, broken) {
		t.Errorf("the receiver's error came back as %v", err)
	}
	// All that left the engine and the sequence in order.
	r, err = s.Generate(context.Background(), Request{IDs: ids, MaxTokens: 8, Sampling: sample.Greedy(), IgnoreEOG: true})
	if err != nil || r.Finish != FinishLength || !slices.Equal(r.IDs, g["go_greedy"].Int32[:8]) {
		t.Errorf("afterwards: %v, finish %q, %v\nwanted %v", r.IDs, r.Finish, err, g["go_greedy"].Int32[:8])
	}
}

func TestEnds(t *testing.T) {
	e, g := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 64}), testmodel.Goldens(t)
	s := NewSequence(e)
	defer s.Close()
	run := func(ids []int32, n int, ignore bool) Result {
		t.Helper()
		r, err := s.Generate(context.Background(), Request{IDs: ids, MaxTokens: n, Sampling: sample.Greedy(), IgnoreEOG: ignore})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	// The golden answer in chat form ends itself.
	want := g["chat_greedy"].Int32
	end := slices.IndexFunc(want, e.Model.Tokenizer.IsEOG)
	r := run(g["chat_ids"].Int32, 1000, false)
	switch {
	case end < 0 || end+len(g["chat_ids"].Int32) > 64:
		if r.Finish != FinishLength {
			t.Errorf("finish %q, wanted length", r.Finish)
		}
	case r.Finish != FinishStop || !slices.Equal(r.IDs, want[:end]):
		t.Errorf("finish %q after %v, wanted stop after %v", r.Finish, r.IDs, want[:end])
	}
	// The context fills up: its last position is computed, and gives one token.
	ids := g["go_ids"].Int32
	if r := run(ids, 1000, true); r.Finish != FinishLength || len(ids)+len(r.IDs) != 64+1 || s.Len() != 64 {
		t.Errorf("a full context: finish %q, %d+%d tokens, %d positions", r.Finish, len(ids), len(r.IDs), s.Len())
	}
	full := make([]int32, 64)
	copy(full, ids)
	if r := run(full, 5, true); r.Finish != FinishLength || len(r.IDs) != 1 {
		t.Errorf("a prompt as long as the context: finish %q, %d tokens", r.Finish, len(r.IDs))
	}
}

func TestBadPrompts(t *testing.T) {
	e := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 64})
	s := NewSequence(e)
	defer s.Close()
	for _, c := range []struct {
		ids  []int32
		p    sample.Params
		want string
	}{
		{nil, sample.Greedy(), "the prompt is empty"},
		{make([]int32, 65), sample.Greedy(), "the prompt has 65 tokens, the context holds 64: raise context.length or shorten it"},
		{[]int32{1, 4096}, sample.Greedy(), "token 1 of the prompt is 4096, the vocabulary has 0 to 4095"},
		{[]int32{-1}, sample.Greedy(), "token 0 of the prompt is -1, the vocabulary has 0 to 4095"},
		{[]int32{1}, sample.Params{TopP: 1, RepeatPenalty: 0}, "repeat_penalty is 0, want a number above 0"},
	} {
		_, err := s.Generate(context.Background(), Request{IDs: c.ids, MaxTokens: 1, Sampling: c.p})
		if err == nil || err.Error() != c.want {
			t.Errorf("prompt of %d tokens: %v, wanted %s", len(c.ids), err, c.want)
		}
	}
	err := measure.Logits(context.Background(), e, nil, func(int, []float32) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("logits of nothing: %v", err)
	}
}
