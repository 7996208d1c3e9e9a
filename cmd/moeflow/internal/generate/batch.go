package generate

import (
	"context"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/stages/sample"
)

// BatchRequest is one prompt of a batch.
type BatchRequest struct {
	Key       int     // the caller's name for it, given back in BatchResult
	IDs       []int32 // the prompt; not changed, and kept until its result
	MaxTokens int
	Sampling  sample.Params // its seed makes the result the same whatever runs beside it
	IgnoreEOG bool          // go on past the tokens that end a text
	LogProbs  int           // -1: none; n >= 0: each token's log probability and those of the n likeliest
	// OnToken gets each token when it is known, not the one that ends the text;
	// true ends the sequence (a stop string). May be nil.
	OnToken func(id int32) (stop bool)
}

// LogProb is a token and the natural logarithm of its probability under softmax
// of the model's logits, before temperature, penalty or any filter.
type LogProb struct {
	ID      int32
	LogProb float32
}

// TokenLogProb is that of a token that was picked, and of the likeliest ones.
type TokenLogProb struct {
	ID      int32
	LogProb float32
	Top     []LogProb
}

// BatchResult is what became of one prompt.
type BatchResult struct {
	Key      int
	IDs      []int32 // the generated tokens
	Finish   Finish
	LogProbs []TokenLogProb // one for each of IDs, if asked for
	Prompt   int            // tokens of the prompt
	Reused   int            // those of them that were not computed again: another prompt begins with them
	// Err says that this prompt alone failed. A *PromptError is about the prompt:
	// empty, too long for the context, ids that the vocabulary does not have,
	// sampling out of range. Any other error is a failure of the engine, such as
	// logits that are no numbers.
	Err error
}

// BatchStats is how far a batch is.
type BatchStats struct {
	Running, Waiting int    // prompts
	PromptTokens     uint64 // computed
	Generated        uint64
	ReusedTokens     uint64 // of prompts, not computed
	Steps            uint64 // finished
}

// BatchOptions say how a batch is run.
type BatchOptions struct {
	// Sequences is the most prompts that are computed at once; 0, or more than
	// the engine was opened for, is what it was opened for.
	Sequences int
	// Window is how many prompts are read ahead of those running; 0 is four
	// times Sequences.
	Window int
	OnStep func(BatchStats) // may be nil
}

// Batch answers prompts, many at once. They join and leave at every step; what
// runs beside a prompt changes nothing about its result if the kernels' sums
// do not depend on it (see engine.Plans).
//
// next gives the prompts, nil when there are no more. It is called from a
// goroutine of its own, one call at a time, ahead of what is needed; a call that
// blocks holds up nothing else, and is not waited for when Batch ends. done gets
// each result as it is there; OnToken, OnStep and done are called one at a time.
// An error of next or done, of the device, or of ctx ends the batch and is
// returned; prompts that were not finished then get no result.
//
// The kv cache must be unused. Afterwards it is again, but the beginnings of
// prompts stay known as long as nobody needs their room.
func Batch(ctx context.Context, e *engine.Engine, o BatchOptions, next func() (*BatchRequest, error), done func(BatchResult) error) error {
	if o.Sequences <= 0 || o.Sequences > e.Sequences {
		o.Sequences = e.Sequences
	}
	if o.Window <= 0 {
		o.Window = 4 * o.Sequences
	}
	r, err := newBatchRun(e, o, done)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.feed = startFeed(ctx, o.Sequences, next)
	return r.end(r.run(ctx))
}

// feed reads prompts ahead.
type feed struct {
	prompts chan *BatchRequest
	err     error // set before prompts is closed
}

func startFeed(ctx context.Context, ahead int, next func() (*BatchRequest, error)) *feed {
	f := &feed{prompts: make(chan *BatchRequest, ahead)}
	go func() {
		defer close(f.prompts)
		for {
			q, err := next()
			if q == nil || err != nil {
				f.err = err
				return
			}
			select {
			case f.prompts <- q:
			case <-ctx.Done():
				return
			}
		}
	}()
	return f
}
