package generate

import (
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/graph"
	"moeflow/stages/batch"
)

// flight is a step in flight.
type flight struct {
	picks   []pick
	prompts []progress
}

// progress tells how far a step brings a prompt.
type progress struct {
	m      *member
	tokens int
}

// launch makes the next step and starts it, if there is one.
func (l *Loop) launch() (bool, error) {
	if err := l.s.Next(&l.step, l.prompts, l.decode); err != nil {
		return false, err
	}
	for _, n := range l.step.Entered {
		m := l.open[n.ID]
		m.res.Reused, m.entered = n.Shared, time.Now()
		l.counts.ReusedTokens += uint64(n.Shared)
	}
	if len(l.step.Entered) > 0 { // so that others may wait in their places
		l.tell()
	}
	if len(l.step.Rows) == 0 {
		return false, nil
	}
	f := &l.flights[l.begun%len(l.flights)]
	prompts := l.write(f)
	if err := l.pick.ask(&l.next, f.picks); err != nil {
		return false, err
	}
	l.counts.PromptTokens += uint64(prompts)
	l.begun++
	return true, l.e.Enqueue(&l.next)
}

// write turns a step's rows into what the device takes. It returns how many of
// them are of prompts.
func (l *Loop) write(f *flight) (prompts int) {
	n := &l.next
	*n = engine.Step{Rows: n.Rows[:0], Outs: n.Outs[:0], Pages: n.Pages[:0], Sampling: n.Sampling[:0]}
	f.picks, f.prompts = f.picks[:0], f.prompts[:0]
	var m *member
	pages := uint32(0)
	for i := range l.step.Rows {
		row := &l.step.Rows[i]
		if m == nil || row.Seq != m.id {
			m = l.open[row.Seq]
			pages = uint32(len(n.Pages))
			n.Pages = append(n.Pages, l.e.Pool.Table(row.Seq)...)
			if row.Position < len(m.IDs) {
				f.prompts = append(f.prompts, progress{m: m})
			}
		}
		token := uint32(row.Token)
		if row.Sampled {
			token = graph.FromSampled | uint32(row.Slot)
		}
		if row.Sample {
			f.picks = append(f.picks, pick{m: m, out: len(n.Outs), slot: row.Slot})
			n.Outs = append(n.Outs, uint32(i))
			n.Read |= l.pick.reads(m)
		}
		if row.Position < len(m.IDs) {
			prompts++
			f.prompts[len(f.prompts)-1].tokens = row.Position + 1
		}
		n.Rows = append(n.Rows, graph.StepRow{Token: token, Position: uint32(row.Position), Pages: pages, Slot: uint32(row.Slot)})
	}
	plans := l.e.Steps.Decode
	if prompts > 0 {
		plans = l.e.Steps.Prompts
	}
	n.Plan, n.Decode = planFor(l.e, plans, len(n.Rows), len(n.Outs)), 2*prompts < len(n.Rows)
	return prompts
}

// planFor is the smallest of some plans with room for a step's rows and outputs,
// or the largest.
func planFor(e *engine.Engine, plans []int, rows, outs int) int {
	for _, i := range plans {
		if b := e.Buckets[i]; rows <= b.Rows && outs <= b.Outs {
			return i
		}
	}
	return plans[len(plans)-1]
}

// limits are those of the largest of some plans.
func limits(e *engine.Engine, plans []int) batch.Limits {
	b := e.Buckets[plans[len(plans)-1]]
	return batch.Limits{Rows: min(b.Rows, batch.MaxRows), Outs: b.Outs, Pages: e.ListPages}
}
