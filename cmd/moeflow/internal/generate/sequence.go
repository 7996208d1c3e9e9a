package generate

import (
	"context"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/graph"
	"moeflow/stages/kvcache"
)

// Sequence is the tokens whose keys and values lie in the kv cache, and the
// pages that hold them.
type Sequence struct {
	e   *engine.Engine
	id  kvcache.ID
	ids []int32 // tokens at positions 0, 1, …; -1 where a token never left the device
}

// NewSequence makes an empty sequence. Close frees its pages.
func NewSequence(e *engine.Engine) *Sequence { return &Sequence{e: e, id: e.NewSequence()} }

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
	var t graph.Ticket
	inFlight, finished := []int{}, 0
	wait := func() error {
		var err error
		if t, err = e.Next(); err != nil {
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
			return t, e.Drain(len(inFlight), err)
		}
		plan := e.Bucket(len(ids))
		n := min(len(ids), e.Buckets[plan].Rows)
		rows, err := s.rows(n, func(i int) uint32 { return uint32(ids[i]) })
		if err != nil {
			return t, e.Drain(len(inFlight), err)
		}
		s.ids, ids = append(s.ids, ids[:n]...), ids[n:]
		var outs []uint32
		read := uint64(0)
		if len(ids) == 0 {
			outs, read = []uint32{uint32(n - 1)}, last
		}
		if len(inFlight) == e.Slots {
			if err := wait(); err != nil {
				return t, err
			}
		}
		if err := e.Enqueue(&engine.Step{Plan: plan, Rows: rows, Outs: outs, Pages: e.Pool.Table(s.id), Read: read}); err != nil {
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
