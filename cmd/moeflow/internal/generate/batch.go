package generate

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"moeflow/cmd/moeflow/internal/engine"
)

// BatchRequest is one prompt of a batch.
type BatchRequest struct {
	Key int // the caller's name for it, given back in BatchResult
	Request
}

// BatchResult is what became of one prompt. An Err that is an *engine.PromptError
// is about the prompt: empty, too long for the context, ids that the vocabulary
// does not have, sampling out of range. Any other is a failure of the engine on
// this prompt, such as logits that are no numbers.
type BatchResult struct {
	Key int
	Result
}

// BatchOptions say how a batch is run.
type BatchOptions struct {
	// Sequences is the most prompts that are computed at once; 0, or more than
	// the engine was opened for, is what it was opened for.
	Sequences int
	// Window is how many prompts are read ahead of those running; 0 is four
	// times Sequences.
	Window int
	OnStep func(Stats) // called by the loop behind each step; may be nil
}

// Batch answers prompts, many at once, by a loop of its own. What runs beside a
// prompt changes nothing about its result if the kernels' sums do not depend on
// it (see engine.Plans.Deterministic).
//
// next gives the prompts, nil when there are no more. It is called from a
// goroutine of its own, one call at a time, ahead of what is needed; a call that
// blocks holds up nothing else, and is not waited for when Batch ends. done gets
// each result as it is there, one call at a time, from the goroutine of Batch. An
// error of next or done, of the engine, or of ctx ends the batch and is returned;
// prompts that were not finished then get no result.
func Batch(ctx context.Context, e *engine.Engine, o BatchOptions, next func() (*BatchRequest, error), done func(BatchResult) error) error {
	l, err := Start(e, Options{Sequences: o.Sequences, OnStep: o.OnStep})
	if err != nil {
		return err
	}
	if o.Window <= 0 {
		o.Window = 4 * l.o.Sequences
	}
	b := &batchRun{l: l, next: next, done: done, room: make(chan struct{}, o.Window+l.o.Sequences), stop: make(chan struct{}),
		fed: make(chan error, 1), ready: make(chan struct{}, 1)}
	go func() { b.fed <- b.feed() }()
	err = b.deliver(ctx)
	close(b.stop)
	if lost := l.Close(); lost != nil {
		err = lost
	}
	if err != nil && !b.refused { // what is finished is not lost
		if again := b.hand(); again != nil {
			err = errors.Join(err, again)
		}
	}
	return err
}

// batchRun is one call of Batch.
type batchRun struct {
	l       *Loop
	next    func() (*BatchRequest, error)
	done    func(BatchResult) error
	room    chan struct{} // has a value for each prompt that was asked for and has no result yet
	stop    chan struct{} // closed when Batch is about to end
	fed     chan error    // gets the end of feed
	given   atomic.Int64  // prompts
	handed  int64         // results
	refused bool          // done gave an error

	ready   chan struct{} // has a value if there may be results
	mu      sync.Mutex
	results []BatchResult
}

// feed submits prompts as far ahead as there is room.
func (b *batchRun) feed() error {
	for {
		select {
		case b.room <- struct{}{}:
		case <-b.stop:
			return nil
		}
		q, err := b.next()
		if q == nil || err != nil {
			b.l.Drain()
			return err
		}
		b.given.Add(1)
		to := keyed{b, q.Key}
		if err := b.l.submit(context.Background(), q.Request, to); err != nil {
			if bad := new(engine.PromptError); !errors.As(err, &bad) {
				err = stopped{err}
			}
			to.ended(Result{Prompt: len(q.IDs), Err: err})
		}
	}
}

// deliver hands results on until every prompt has its own.
func (b *batchRun) deliver(ctx context.Context) error {
	fed := b.fed
	for {
		if err := b.hand(); err != nil {
			return err
		}
		if fed == nil && b.handed == b.given.Load() {
			return nil
		}
		select {
		case <-b.ready:
		case err := <-fed:
			if err != nil {
				return err
			}
			fed = nil
		case <-b.l.Done():
			return nil // Close tells why
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hand hands on the results that are there, but for those of prompts that only
// ended with the loop.
func (b *batchRun) hand() error {
	b.mu.Lock()
	results := b.results
	b.results = nil
	b.mu.Unlock()
	for _, r := range results {
		if lost := new(stopped); r.Finish == FinishCancel || errors.As(r.Err, lost) {
			continue
		}
		if err := b.done(r); err != nil {
			b.refused = true
			return err
		}
		b.handed++
		<-b.room
	}
	return nil
}

// keyed receives what happens to one prompt: only its result counts.
type keyed struct {
	b   *batchRun
	key int
}

func (k keyed) prefilled(int) {}
func (k keyed) token(Token)   {}

func (k keyed) ended(r Result) {
	k.b.mu.Lock()
	k.b.results = append(k.b.results, BatchResult{k.key, r})
	k.b.mu.Unlock()
	select {
	case k.b.ready <- struct{}{}:
	default:
	}
}
