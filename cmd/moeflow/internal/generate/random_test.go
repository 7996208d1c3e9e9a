package generate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/measure"
	"moeflow/stages/sample"
)

// TestRandomRequests sends requests from many goroutines, in a cache too small for
// all that run, and cancels some at random tokens: every answer is the beginning of
// what the request gets alone, whole unless it was cancelled, and in the end all
// pages are back.
func TestRandomRequests(t *testing.T) {
	const clients, each, kinds = 8, 12, 12
	for _, o := range []Options{{}, {Keep: true}, {Keep: true, Piece: 5}, {Keep: true, Sequences: 1}} {
		t.Run(fmt.Sprintf("keep_%v_piece_%d_sequences_%d", o.Keep, o.Piece, o.Sequences), func(t *testing.T) {
			e := quickReference(t, engine.Plans{Context: 192, Cache: 6 * engine.PageSize, Batch: true, Sequences: 5}, enginetest.Slots(3))
			requests, want := make([]Request, kinds), make([][]int32, kinds)
			for i := range requests {
				// Every third begins like the others of its kind.
				ids := slices.Concat(measure.Tokens(e.Model.Vocab, 70*(i%3)/2, 99), measure.Tokens(e.Model.Vocab, 1+i, uint64(i)))
				requests[i] = plain(ids, 5+9*i%60)
				if i%2 == 0 {
					requests[i].Sampling = sample.Params{Temperature: 1, TopP: 1, RepeatPenalty: 1, Seed: uint64(i)}
				}
				r, err := One(context.Background(), e, requests[i])
				if err != nil {
					t.Fatal(err)
				}
				want[i] = r.IDs
			}
			l, err := Start(e, o)
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for c := range clients {
				wg.Go(func() {
					r := rand.New(rand.NewPCG(uint64(c), 8))
					for range each {
						k := r.IntN(kinds)
						if err := client(l, requests[k], want[k], r.IntN(2*len(want[k])+2)); err != nil {
							t.Errorf("client %d, request %d: %v", c, k, err)
						}
					}
				})
			}
			wg.Wait()
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			unused(t, e)
		})
	}
}

// client sends a request, which is to have an answer, and cancels it when it has
// so many tokens of it, if it comes to that.
func client(l *Loop, r Request, want []int32, most int) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, err := l.Submit(ctx, r)
	if err != nil {
		return err
	}
	if most == 0 {
		cancel()
	}
	n := 0
	for e := range s.Events() {
		switch {
		case e.Token != nil:
			if n++; n == most {
				cancel()
			}
		case e.Result == nil:
		case e.Result.Err != nil:
			return e.Result.Err
		case len(e.Result.IDs) != n || n > len(want) || !slices.Equal(e.Result.IDs, want[:n]):
			return fmt.Errorf("%d tokens came, in the end %v, alone %v", n, e.Result.IDs, want)
		case e.Result.Finish == FinishCancel && n < most:
			return fmt.Errorf("cancelled after %d tokens, which was to be after %d", n, most)
		case e.Result.Finish != FinishCancel && n != len(want):
			return fmt.Errorf("%q after %d tokens of %d", e.Result.Finish, n, len(want))
		}
	}
	return nil
}
