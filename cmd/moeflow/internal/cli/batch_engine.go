package cli

import (
	"context"
	"errors"
	"fmt"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/job"
)

// batchOptions changes what the engine is opened with for a batch.
func batchOptions(int) func(*engine.Options, *engine.Model) {
	return func(*engine.Options, *engine.Model) {}
}

// batchRunner answers prompts with the engine, one after the other.
type batchRunner struct {
	e         *engine.Engine
	sequences int
}

var errStop = errors.New("stop string")

func (r *batchRunner) Run(ctx context.Context, next func() (*job.Request, error), done func(job.Result) error, step func(job.Load)) error {
	s := r.e.NewSequence()
	defer s.Close()
	load := job.Load{Running: 1}
	for {
		q, err := next()
		if q == nil || err != nil {
			return err
		}
		res := job.Result{Key: q.Key, Prompt: len(q.IDs)}
		if len(q.IDs) == 0 || len(q.IDs) > r.e.Context {
			res.Err = fmt.Errorf("the prompt has %d tokens, the context holds 1 to %d", len(q.IDs), r.e.Context)
		} else {
			got, err := s.Generate(ctx, engine.Request{IDs: q.IDs, MaxTokens: q.MaxTokens, Sampling: q.Sampling, IgnoreEOG: q.IgnoreEOG,
				OnToken: func(id int32) error {
					res.IDs = append(res.IDs, id)
					load.Generated++
					step(load)
					if q.OnToken != nil && q.OnToken(id) {
						return errStop
					}
					return nil
				}})
			if err != nil && err != errStop {
				return err
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			load.PromptTokens += uint64(len(q.IDs) - got.Reused)
			res.Finish, res.Reused = string(got.Finish), got.Reused
		}
		if err := done(res); err != nil {
			return err
		}
	}
}
