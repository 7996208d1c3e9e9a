package engine

import (
	"context"
	"fmt"

	"moeflow/graph"
	"moeflow/stages/kvcache"
)

// Sequence is the tokens whose keys and values lie in the kv cache, and the
// pages that hold them.
type Sequence struct {
	e   *Engine
	id  kvcache.ID
	ids []int32 // tokens at positions 0, 1, …; -1 where a token never left the device
}

// NewSequence makes an empty sequence. Close frees its pages.
func (e *Engine) NewSequence() *Sequence {
	e.sequences++
	return &Sequence{e: e, id: kvcache.ID(e.sequences)}
}

// Close gives the sequence's pages back.
func (s *Sequence) Close() { s.e.Pool.Free(s.id) }

// Len is the number of positions in use.
func (s *Sequence) Len() int { return s.e.Pool.Len(s.id) }

// keep truncates the sequence to the beginning that it shares with ids and
// returns its length. At least one token of ids is left to compute, since its
// logits are wanted.
func (s *Sequence) keep(ids []int32) int {
	n := 0
	for n < len(ids)-1 && n < len(s.ids) && s.ids[n] == ids[n] {
		n++
	}
	n = s.e.Pool.Truncate(s.id, n)
	s.ids = s.ids[:n]
	return n
}

// PromptError is what is wrong with a prompt itself: computing the prompt again
// gives the same error. All other errors are failures of the engine.
type PromptError struct{ Err error }

func (e *PromptError) Error() string { return e.Err.Error() }
func (e *PromptError) Unwrap() error { return e.Err }

// checkPrompt tells what is wrong with a prompt before any of it is computed.
func (e *Engine) checkPrompt(ids []int32) error {
	if len(ids) == 0 {
		return &PromptError{fmt.Errorf("the prompt is empty")}
	}
	if len(ids) > e.Context {
		return &PromptError{fmt.Errorf("the prompt has %d tokens, the context holds %d: raise context.length or shorten it", len(ids), e.Context)}
	}
	for i, id := range ids {
		if id < 0 || int(id) >= e.Model.Vocab {
			return &PromptError{fmt.Errorf("token %d of the prompt is %d, the vocabulary has 0 to %d", i, id, e.Model.Vocab-1)}
		}
	}
	return nil
}

// rows makes the step rows of n new positions at the end of the sequence.
func (s *Sequence) rows(n int, token func(i int) uint32) ([]graph.StepRow, error) {
	at := s.Len()
	if err := s.e.Pool.Append(s.id, n); err != nil {
		return nil, err
	}
	rows := make([]graph.StepRow, n)
	for i := range rows {
		rows[i] = graph.StepRow{Token: token(i), Position: uint32(at + i)}
	}
	return rows, nil
}

// prefill computes ids in chunks after what is already there. visit, if not
// nil, gets each finished chunk in order; without it only the last row of the
// last chunk has outputs, read as last asks.
func (s *Sequence) prefill(ctx context.Context, ids []int32, last uint64, done func(tokens int)) (graph.Ticket, error) {
	e := s.e
	e.decoding = false
	var t graph.Ticket
	inFlight, finished := []int{}, 0
	wait := func() error {
		var err error
		if t, err = e.next(); err != nil {
			return err
		}
		finished += inFlight[0]
		inFlight = inFlight[1:]
		if done != nil {
			done(finished)
		}
		return nil
	}
	for len(ids) > 0 {
		if err := ctx.Err(); err != nil {
			return t, e.drain(len(inFlight), err)
		}
		plan := e.bucket(len(ids))
		n := min(len(ids), e.buckets[plan].Rows)
		rows, err := s.rows(n, func(i int) uint32 { return uint32(ids[i]) })
		if err != nil {
			return t, e.drain(len(inFlight), err)
		}
		s.ids, ids = append(s.ids, ids[:n]...), ids[n:]
		var outs []uint32
		read := uint64(0)
		if len(ids) == 0 {
			outs, read = []uint32{uint32(n - 1)}, last
		}
		if len(inFlight) == e.slots {
			if err := wait(); err != nil {
				return t, err
			}
		}
		if err := e.enqueue(plan, rows, outs, e.Pool.Table(s.id), read); err != nil {
			return t, err
		}
		inFlight = append(inFlight, n)
	}
	for len(inFlight) > 0 {
		if err := wait(); err != nil {
			return t, err
		}
	}
	return t, nil
}

// drain waits for n steps in flight, so that the slots are free, and returns
// the error that was the reason.
func (e *Engine) drain(n int, cause error) error {
	for range n {
		if _, err := e.next(); err != nil {
			return err
		}
	}
	return cause
}

// Logits computes the logits of every token of ids and hands them to visit in
// order, one position at a time; the slice is valid during the call. The engine
// must have been opened with buckets whose Outs equal their Rows.
func (e *Engine) Logits(ctx context.Context, ids []int32, visit func(pos int, logits []float32) error) error {
	if err := e.checkPrompt(ids); err != nil {
		return err
	}
	s := e.NewSequence()
	defer s.Close()
	for pos := 0; pos < len(ids); {
		if err := ctx.Err(); err != nil {
			return err
		}
		plan := e.bucket(len(ids) - pos)
		n := min(len(ids)-pos, e.buckets[plan].Outs)
		rows, err := s.rows(n, func(i int) uint32 { return uint32(ids[pos+i]) })
		if err != nil {
			return err
		}
		outs := make([]uint32, n)
		for i := range outs {
			outs[i], rows[i].Slot = uint32(i), uint32(i)
		}
		if err := e.enqueue(plan, rows, outs, e.Pool.Table(s.id), readLogits); err != nil {
			return err
		}
		t, err := e.next()
		if err != nil {
			return err
		}
		logits, err := e.logits(t, n)
		if err != nil {
			return err
		}
		for i, row := range logits {
			if err := visit(pos+i, row); err != nil {
				return err
			}
		}
		pos += n
	}
	return nil
}
