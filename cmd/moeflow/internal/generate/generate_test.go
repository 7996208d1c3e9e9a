package generate

import (
	"context"
	"errors"
	"slices"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/measure"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/stages/sample"
)

// TestConversation: a turn computes nothing of the turns before again, to the
// position, and gives what it would give alone.
func TestConversation(t *testing.T) {
	m, ids := testmodel.Tiny(t), testmodel.Goldens(t)["go_ids"].Int32
	l := loop(t, enginetest.Start(t, m, engine.Plans{Context: 128}), Options{Keep: true})
	alone := enginetest.Start(t, m, engine.Plans{Context: 128})
	turn := func(what string, ids []int32, reused int) []int32 {
		t.Helper()
		r := answer(t, l, plain(ids, 12))
		if r.Reused != reused || r.Prompt != len(ids) {
			t.Errorf("%s: %d of %d tokens are reused, wanted %d of %d", what, r.Reused, r.Prompt, reused, len(ids))
		}
		if fresh := greedy(t, alone, ids, 12); !slices.Equal(r.IDs, fresh) {
			t.Errorf("%s: %v, alone %v", what, r.IDs, fresh)
		}
		return r.IDs
	}
	first := turn("the first turn", ids, 0)
	// The last token of an answer was never computed.
	talk := slices.Concat(ids, first, ids[:3])
	second := turn("the second turn", talk, len(ids)+11)
	talk = slices.Concat(talk, second, ids[:5])
	third := turn("the third turn, in another page", talk, len(talk)-5-1)
	talk = slices.Concat(talk, third, ids[:2])
	turn("the fourth turn", talk, len(talk)-2-1)
	other := slices.Concat(ids[:4], ids[7:])
	turn("a prompt that parts early", other, 4)
	turn("the same prompt again", other, len(other)-1)
}

// TestConversationsTakeTurns: several conversations at once, each with its pages.
func TestConversationsTakeTurns(t *testing.T) {
	e := startBatch(t, quick, engine.Plans{Sequences: 4, Cache: 20 * engine.PageSize})
	l := loop(t, e, Options{Keep: true})
	var talks [4][]int32
	for i := range talks {
		talks[i] = measure.Tokens(e.Model.Vocab, 5+30*i, uint64(i))
	}
	for round := range 3 {
		var streams [4]*Stream
		for i := range talks {
			streams[i] = ask(t, l, context.Background(), plain(talks[i], 9+i))
		}
		for i, s := range streams {
			r := s.Result()
			if want := len(talks[i]) - 3; r.Err != nil || round > 0 && r.Reused != want-1 {
				t.Errorf("round %d: conversation %d reuses %d tokens, wanted %d; %v", round, i, r.Reused, want-1, r.Err)
			}
			talks[i] = slices.Concat(talks[i], r.IDs, measure.Tokens(e.Model.Vocab, 3, uint64(100+i)))
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	unused(t, e)
	e.Pool.Forget()
	for i, talk := range talks {
		n := len(talk) - 3 - (9 + i)
		if got := greedy(t, e, talk[:n], 9+i); !slices.Equal(got, talk[n:n+9+i]) {
			t.Errorf("conversation %d: %v in the end, alone %v", i, talk[n:n+9+i], got)
		}
	}
}

// BenchmarkTurn is the time to the first token of a chat turn of 16 tokens after
// a conversation of 1,024: where it is in the kv cache, and where it has to be
// computed again.
func BenchmarkTurn(b *testing.B) {
	e := enginetest.Start(b, testmodel.Tiny(b), engine.Plans{Context: 1536})
	talk := measure.Tokens(e.Model.Vocab, 1024, 1)
	run := func(name string, kept bool) {
		b.Run(name, func(b *testing.B) {
			computed := 0
			for i := 0; b.Loop(); i++ {
				l, err := Start(e, Options{Keep: true})
				if err != nil {
					b.Fatal(err)
				}
				ids := append(slices.Clone(talk), measure.Tokens(e.Model.Vocab, 16, uint64(2+i))...)
				computed = len(ids) - answer(b, l, plain(ids, 1)).Reused
				if err := l.Close(); err != nil {
					b.Fatal(err)
				}
				if !kept {
					e.Pool.Forget()
				}
			}
			b.ReportMetric(float64(computed), "tokens/turn")
		})
	}
	run("kept", true)
	run("anew", false)
}

func TestSamplingIsReproducible(t *testing.T) {
	e, ids := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 128}), testmodel.Goldens(t)["go_ids"].Int32
	l := loop(t, e, Options{})
	draw := func(seed uint64) []int32 {
		return answer(t, l, Request{IDs: ids, MaxTokens: 16, IgnoreEOG: true,
			Sampling: sample.Params{Temperature: 1.2, TopK: 50, TopP: 0.98, RepeatPenalty: 1.05, Seed: seed}}).IDs
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
	e, g := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 128}), testmodel.Goldens(t)
	r := plain(g["go_ids"].Int32, 12)
	r.Sampling.RepeatPenalty = 1 + 1e-9
	if got, err := One(context.Background(), e, r); err != nil || !slices.Equal(got.IDs, g["go_greedy"].Int32[:12]) {
		t.Errorf("got %v, %v\nwant %v", got.IDs, err, g["go_greedy"].Int32[:12])
	}
}

func TestEnds(t *testing.T) {
	e, g := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 64}), testmodel.Goldens(t)
	l := loop(t, e, Options{Keep: true})
	run := func(ids []int32, n int, ignore bool) Result {
		t.Helper()
		r := plain(ids, n)
		r.IgnoreEOG = ignore
		return answer(t, l, r)
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
	if r := run(ids, 1000, true); r.Finish != FinishLength || len(ids)+len(r.IDs) != 64+1 {
		t.Errorf("a full context: finish %q, %d+%d tokens", r.Finish, len(ids), len(r.IDs))
	}
	full := make([]int32, 64)
	copy(full, ids)
	if r := run(full, 5, true); r.Finish != FinishLength || len(r.IDs) != 1 {
		t.Errorf("a prompt as long as the context: finish %q, %d tokens", r.Finish, len(r.IDs))
	}
}

func TestBadPrompts(t *testing.T) {
	l := loop(t, enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 64}), Options{})
	for _, c := range []struct {
		ids  []int32
		n    int
		p    sample.Params
		want string
	}{
		{nil, 1, sample.Greedy(), "the prompt is empty"},
		{make([]int32, 65), 1, sample.Greedy(), "the prompt has 65 tokens, the context holds 64: raise context.length or shorten it"},
		{[]int32{1, 4096}, 1, sample.Greedy(), "token 1 of the prompt is 4096, the vocabulary has 0 to 4095"},
		{[]int32{-1}, 1, sample.Greedy(), "token 0 of the prompt is -1, the vocabulary has 0 to 4095"},
		{[]int32{1}, 0, sample.Greedy(), "max_tokens is 0, want at least 1"},
		{[]int32{1}, 1, sample.Params{TopP: 1, RepeatPenalty: 0}, "repeat_penalty is 0, want a number above 0"},
	} {
		_, err := l.Submit(context.Background(), Request{IDs: c.ids, MaxTokens: c.n, Sampling: c.p})
		if bad := new(engine.PromptError); !errors.As(err, &bad) || err.Error() != c.want {
			t.Errorf("prompt of %d tokens: %v, wanted %s", len(c.ids), err, c.want)
		}
	}
	if got := answer(t, l, plain([]int32{1}, 3)); len(got.IDs) != 3 {
		t.Errorf("afterwards: %+v", got)
	}
}
