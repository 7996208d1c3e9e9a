package measure

import (
	"context"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/graph"
	"moeflow/stages/kvcache"
)

// sequence is tokens whose keys and values lie in the kv cache.
type sequence struct {
	e  *engine.Engine
	id kvcache.ID
}

func newSequence(e *engine.Engine) *sequence { return &sequence{e: e, id: e.NewSequence()} }

// close gives the sequence's pages back.
func (s *sequence) close() { s.e.Pool.Free(s.id) }

// table lists the sequence's pages.
func (s *sequence) table() []uint32 { return s.e.Pool.Table(s.id) }

// rows makes the step rows of n new positions at the end of the sequence.
func (s *sequence) rows(n int, token func(i int) uint32) ([]graph.StepRow, error) {
	at := s.e.Pool.Len(s.id)
	if err := s.e.Pool.Append(s.id, n); err != nil {
		return nil, err
	}
	rows := make([]graph.StepRow, n)
	for i := range rows {
		rows[i] = graph.StepRow{Token: token(i), Position: uint32(at + i)}
	}
	return rows, nil
}

// prefill computes ids behind what is already there, in the steps that a prompt
// takes. Only the last row of the last step has outputs.
func (s *sequence) prefill(ctx context.Context, ids []int32) error {
	e, inFlight := s.e, 0
	for len(ids) > 0 {
		if err := ctx.Err(); err != nil {
			return e.Drain(inFlight, err)
		}
		plan := e.Bucket(len(ids))
		n := min(len(ids), e.Buckets[plan].Rows)
		rows, err := s.rows(n, func(i int) uint32 { return uint32(ids[i]) })
		if err != nil {
			return e.Drain(inFlight, err)
		}
		step := engine.Step{Plan: plan, Rows: rows, Pages: s.table()}
		if ids = ids[n:]; len(ids) == 0 {
			step.Outs, step.Read = []uint32{uint32(n - 1)}, engine.ReadSampled
		}
		if inFlight == e.Slots {
			if _, err := e.Next(); err != nil {
				return err
			}
			inFlight--
		}
		if err := e.Enqueue(&step); err != nil {
			return err
		}
		inFlight++
	}
	return e.Drain(inFlight, nil)
}
