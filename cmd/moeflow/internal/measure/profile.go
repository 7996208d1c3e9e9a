package measure

import (
	"context"
	"slices"
	"sort"
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/graph"
)

// KernelTime is what one kind of dispatch costs in a step.
type KernelTime struct {
	Kernel string        `json:"kernel"`
	Groups [3]uint32     `json:"groups"`
	Count  int           `json:"count"`
	Time   time.Duration `json:"nanoseconds"`     // of all of them together
	Bytes  uint64        `json:"bytes"`           // of weights and kv cache that all of them read
	FLOPs  float64       `json:"flops,omitempty"` // of their products, in a prompt's step
}

// ProfileDecode times each dispatch of a single-row decode step behind depth
// tokens, the median of several steps, summed by kernel and grid: the most
// costly first. The engine must have been opened with Timestamps.
func ProfileDecode(ctx context.Context, e *engine.Engine, depth int) ([]KernelTime, error) {
	times, err := dispatchTimes(ctx, e, depth)
	if err != nil {
		return nil, err
	}
	return sumKernels(e.Plans[0], times, func(d *graph.Dispatch, k *KernelTime) { k.Bytes += dispatchBytes(e, d, depth) }), nil
}

// ProfilePrompt likewise times a step of n tokens of a prompt, or as many as the
// largest plan takes, behind depth tokens. Operations are counted, bytes are not.
func ProfilePrompt(ctx context.Context, e *engine.Engine, n, depth int) ([]KernelTime, error) {
	b, err := NewBench(ctx, e, 1, depth)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	plan := e.Bucket(n)
	times, err := stepTimes(e, plan, 3, func() (graph.Ticket, error) { return b.promptStep(plan, n) })
	if err != nil {
		return nil, err
	}
	rows := min(n, e.Plans[plan].Rows)
	return sumKernels(e.Plans[plan], times, func(d *graph.Dispatch, k *KernelTime) {
		k.FLOPs += d.FLOPs(graph.StepCounts{Rows: rows, Outs: 1, Depth: depth, TopK: e.Model.TopK})
	}), nil
}

// ProfileBatch likewise times a decode step of batch sequences, each behind
// depth tokens. Bytes are not counted.
func ProfileBatch(ctx context.Context, e *engine.Engine, batch, depth int) ([]KernelTime, error) {
	b, err := NewBench(ctx, e, batch, depth)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	plan := e.Bucket(batch)
	times, err := stepTimes(e, plan, 9, func() (graph.Ticket, error) {
		b.rewind()
		rows, list, err := b.rows(true, nil, nil)
		if err != nil {
			return graph.Ticket{}, err
		}
		return run(e, &engine.Step{Plan: plan, Rows: rows, Outs: everyRow(len(rows)), Pages: list, Decode: true})
	})
	if err != nil {
		return nil, err
	}
	return sumKernels(e.Plans[plan], times, func(*graph.Dispatch, *KernelTime) {}), nil
}

// stepTimes is the median time of each dispatch of a plan over so many steps,
// each of which step runs to its end.
func stepTimes(e *engine.Engine, plan, steps int, step func() (graph.Ticket, error)) ([]time.Duration, error) {
	p, err := e.Timed(plan)
	if err != nil {
		return nil, err
	}
	samples := make([][]time.Duration, len(e.Plans[plan].Dispatches))
	for range steps {
		t, err := step()
		if err != nil {
			return nil, err
		}
		times, err := p.Times(t.Slot)
		if err != nil {
			return nil, err
		}
		for i, d := range times {
			samples[i] = append(samples[i], d)
		}
	}
	return medians(samples), nil
}

// promptStep runs a plan for n tokens, as far as it takes them, behind the depth.
func (b *Bench) promptStep(plan, n int) (graph.Ticket, error) {
	e, s := b.e, b.seqs[0]
	b.rewind()
	ids := Tokens(e.Model.Vocab, min(n, e.Plans[plan].Rows), 4)
	rows, err := s.rows(len(ids), func(i int) uint32 { return uint32(ids[i]) })
	if err != nil {
		return graph.Ticket{}, err
	}
	return run(e, &engine.Step{Plan: plan, Rows: rows, Outs: []uint32{uint32(len(ids) - 1)}, Pages: s.table()})
}

// run runs a step to its end.
func run(e *engine.Engine, s *engine.Step) (graph.Ticket, error) {
	s.Read = engine.ReadSampled
	if err := e.Enqueue(s); err != nil {
		return graph.Ticket{}, err
	}
	return e.Next()
}

// dispatchTimes is the median time of each dispatch of Plans[0].
func dispatchTimes(ctx context.Context, e *engine.Engine, depth int) ([]time.Duration, error) {
	s := newSequence(e)
	defer s.close()
	if err := s.prefill(ctx, Tokens(e.Model.Vocab, max(1, depth), 3)); err != nil {
		return nil, err
	}
	return stepTimes(e, 0, 9, func() (graph.Ticket, error) {
		rows, err := s.rows(1, func(int) uint32 { return graph.FromSampled })
		if err != nil {
			return graph.Ticket{}, err
		}
		return run(e, &engine.Step{Rows: rows, Outs: []uint32{0}, Pages: s.table(), Decode: true})
	})
}

func medians(samples [][]time.Duration) []time.Duration {
	out := make([]time.Duration, len(samples))
	for i, s := range samples {
		slices.Sort(s)
		out[i] = s[len(s)/2]
	}
	return out
}

// sumKernels adds up the times of a plan's dispatches, and what count adds.
func sumKernels(plan *graph.Plan, times []time.Duration, count func(*graph.Dispatch, *KernelTime)) []KernelTime {
	type key struct {
		k graph.Kernel
		g [3]uint32
	}
	sums := map[key]*KernelTime{}
	for i := range plan.Dispatches {
		d := &plan.Dispatches[i]
		k := key{d.Kernel, d.Workgroups}
		if sums[k] == nil {
			sums[k] = &KernelTime{Kernel: d.Kernel.String(), Groups: d.Workgroups}
		}
		sums[k].Count++
		sums[k].Time += times[i]
		count(d, sums[k])
	}
	out := make([]KernelTime, 0, len(sums))
	for _, s := range sums {
		out = append(out, *s)
	}
	sort.Slice(out, func(a, b int) bool { return out[a].Time > out[b].Time })
	return out
}
