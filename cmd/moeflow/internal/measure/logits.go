package measure

import (
	"context"

	"moeflow/cmd/moeflow/internal/engine"
)

// Logits computes the logits of every token of ids and hands them to visit in
// order, one position at a time; the slice is valid during the call. The engine
// must have been opened with buckets whose Outs equal their Rows.
func Logits(ctx context.Context, e *engine.Engine, ids []int32, visit func(pos int, logits []float32) error) error {
	if err := e.CheckPrompt(ids); err != nil {
		return err
	}
	s := newSequence(e)
	defer s.close()
	row := make([]float32, e.Model.Vocab)
	for pos := 0; pos < len(ids); {
		if err := ctx.Err(); err != nil {
			return err
		}
		plan := e.Bucket(len(ids) - pos)
		n := min(len(ids)-pos, e.Buckets[plan].Outs)
		rows, err := s.rows(n, func(i int) uint32 { return uint32(ids[pos+i]) })
		if err != nil {
			return err
		}
		for i := range rows {
			rows[i].Slot = uint32(i)
		}
		if err := e.Enqueue(&engine.Step{Plan: plan, Rows: rows, Outs: everyRow(n), Pages: s.table(), Read: engine.ReadLogits}); err != nil {
			return err
		}
		t, err := e.Next()
		if err != nil {
			return err
		}
		logits, err := e.Logits(t)
		if err != nil {
			return err
		}
		for i := range n {
			engine.Row(logits, i, row)
			if err := visit(pos+i, row); err != nil {
				return err
			}
		}
		pos += n
	}
	return nil
}
