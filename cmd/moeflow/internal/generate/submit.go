package generate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/stages/sample"
)

// Errors of Submit.
var (
	ErrFull   = errors.New("too many requests wait already")
	ErrClosed = errors.New("the loop is closed")
)

// Submit lets a request wait for its turn. When ctx ends, the request ends before
// the next step, with what there is and Finish "cancelled". An *engine.PromptError
// is about the request; ErrFull and ErrClosed are about the loop, and any other
// error is the engine's, which ended the loop.
func (l *Loop) Submit(ctx context.Context, r Request) (*Stream, error) {
	s := newStream()
	if err := l.submit(ctx, r, s); err != nil {
		return nil, err
	}
	return s, nil
}

func (l *Loop) submit(ctx context.Context, r Request, to receiver) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := l.check(&r); err != nil {
		return err
	}
	m := &member{Request: r, to: to, ids: r.IDs[:len(r.IDs):len(r.IDs)], device: onDevice(l.e, &r), res: Result{Prompt: len(r.IDs)},
		submitted: time.Now()}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.err != nil:
		return l.err
	case l.closed:
		return ErrClosed
	case l.o.Waiting > 0 && l.waiting >= l.o.Waiting:
		return ErrFull
	}
	l.waiting++
	l.inbox = append(l.inbox, m)
	m.unwatch = context.AfterFunc(ctx, func() { l.leave(m) })
	l.look()
	return nil
}

// check tells what is wrong with a request.
func (l *Loop) check(r *Request) error {
	if err := l.e.CheckPrompt(r.IDs); err != nil {
		return err
	}
	if n := len(r.IDs); n > l.context {
		return &engine.PromptError{Err: fmt.Errorf("the prompt has %d tokens, the kv cache holds %d", n, l.context)}
	}
	if r.MaxTokens < 1 {
		return &engine.PromptError{Err: fmt.Errorf("max_tokens is %d, want at least 1", r.MaxTokens)}
	}
	if _, err := sample.New(r.Sampling, l.e.Model.Vocab); err != nil {
		return &engine.PromptError{Err: err}
	}
	return nil
}

// leave notes that a request's context has ended.
func (l *Loop) leave(m *member) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = append(l.gone, m)
	l.look()
}

// look has the loop look at what changed.
func (l *Loop) look() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
