package cli

import (
	"context"
	"errors"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/job"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/cmd/moeflow/internal/openai"
)

// batchOptions opens the engine for many sequences; 0 takes as many as suit the
// device.
func batchOptions(sequences int) func(*engine.Options, *model.Model) {
	return func(o *engine.Options, _ *model.Model) {
		o.Plans.Batch, o.Plans.Sequences, o.Plans.Sampler = true, sequences, true
	}
}

// batchRunner answers prompts with the engine.
type batchRunner struct{ e *engine.Engine }

func (r *batchRunner) Run(ctx context.Context, next func() (*job.Request, error), done func(job.Result) error, step func(job.Load)) error {
	o := generate.BatchOptions{OnStep: func(s generate.Stats) {
		step(job.Load{Running: s.Running, Waiting: s.Waiting, PromptTokens: s.PromptTokens, Generated: s.Generated, Reused: s.ReusedTokens})
	}}
	return generate.Batch(ctx, r.e, o, func() (*generate.BatchRequest, error) {
		q, err := next()
		if q == nil || err != nil {
			return nil, err
		}
		return &generate.BatchRequest{Key: q.Key, Request: generate.Request{IDs: q.IDs, MaxTokens: q.MaxTokens, Sampling: q.Sampling,
			IgnoreEOG: q.IgnoreEOG, LogProbs: q.LogProbs >= 0, Top: max(0, q.LogProbs), Stop: q.OnToken}}, nil
	}, func(b generate.BatchResult) error {
		res := job.Result{Key: b.Key, IDs: b.IDs, Finish: string(b.Finish), LogProbs: logProbs(b.Tokens), Prompt: b.Prompt, Reused: b.Reused}
		if bad := new(engine.PromptError); errors.As(b.Err, &bad) {
			res.Refused = bad
		} else {
			res.Failed = b.Err
		}
		return done(res)
	})
}

func logProbs(from []generate.Token) []openai.TokenLogProb {
	to := make([]openai.TokenLogProb, len(from))
	for i, p := range from {
		to[i].LogProb = openai.LogProb(p.LogProb)
		for _, q := range p.Top {
			to[i].Top = append(to[i].Top, openai.LogProb(q))
		}
	}
	return to
}
