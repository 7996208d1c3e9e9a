package engine

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"moeflow/graph"
	"moeflow/vk"
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
func (e *Engine) ProfileDecode(ctx context.Context, depth int) ([]KernelTime, error) {
	times, err := e.dispatchTimes(ctx, depth)
	if err != nil {
		return nil, err
	}
	return sumKernels(e.Plans[0], times, func(d *graph.Dispatch, k *KernelTime) { k.Bytes += e.dispatchBytes(d, depth) }), nil
}

// ProfilePrompt likewise times a step of n tokens of a prompt, or as many as the
// largest plan takes, behind depth tokens. Operations are counted, bytes are not.
func (e *Engine) ProfilePrompt(ctx context.Context, n, depth int) ([]KernelTime, error) {
	b, err := e.NewBench(ctx, 1, depth)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	plan := e.bucket(n)
	times, err := e.stepTimes(plan, 3, func() (graph.Ticket, error) { return b.promptStep(plan, n) })
	if err != nil {
		return nil, err
	}
	rows := min(n, e.Plans[plan].Rows)
	return sumKernels(e.Plans[plan], times, func(d *graph.Dispatch, k *KernelTime) {
		k.FLOPs += dispatchFLOPs(d, rows, 1, depth, e.Model.TopK)
	}), nil
}

// ProfileBatch likewise times a decode step of batch sequences, each behind
// depth tokens. Bytes are not counted.
func (e *Engine) ProfileBatch(ctx context.Context, batch, depth int) ([]KernelTime, error) {
	b, err := e.NewBench(ctx, batch, depth)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	plan := e.bucket(batch)
	times, err := e.stepTimes(plan, 9, func() (graph.Ticket, error) {
		b.rewind()
		rows, list, err := b.rows(true, nil, nil)
		if err != nil {
			return graph.Ticket{}, err
		}
		if err := e.enqueue(plan, rows, everyRow(len(rows)), list, readSampled); err != nil {
			return graph.Ticket{}, err
		}
		return e.next()
	})
	if err != nil {
		return nil, err
	}
	return sumKernels(e.Plans[plan], times, func(*graph.Dispatch, *KernelTime) {}), nil
}

// stepTimes is the median time of each dispatch of a plan over so many steps,
// each of which step runs to its end.
func (e *Engine) stepTimes(plan, steps int, step func() (graph.Ticket, error)) ([]time.Duration, error) {
	p, ok := e.programs[plan].(*vk.Program)
	if !ok {
		return nil, fmt.Errorf("this backend has no timestamps")
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
	ids := e.benchTokens(min(n, e.Plans[plan].Rows), 4)
	rows, err := s.rows(len(ids), func(i int) uint32 { return uint32(ids[i]) })
	if err != nil {
		return graph.Ticket{}, err
	}
	if err := e.enqueue(plan, rows, []uint32{uint32(len(ids) - 1)}, e.Pool.Table(s.id), readSampled); err != nil {
		return graph.Ticket{}, err
	}
	return e.next()
}

// dispatchTimes is the median time of each dispatch of Plans[0].
func (e *Engine) dispatchTimes(ctx context.Context, depth int) ([]time.Duration, error) {
	s := e.NewSequence()
	defer s.Close()
	if _, err := s.prefill(ctx, e.benchTokens(max(1, depth), 3), readSampled, nil); err != nil {
		return nil, err
	}
	return e.stepTimes(0, 9, func() (graph.Ticket, error) {
		rows, err := s.rows(1, func(int) uint32 { return graph.FromSampled })
		if err != nil {
			return graph.Ticket{}, err
		}
		if err := e.enqueue(0, rows, []uint32{0}, e.Pool.Table(s.id), readSampled); err != nil {
			return graph.Ticket{}, err
		}
		return e.next()
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
		k := key{d.Kernel, d.Groups}
		if sums[k] == nil {
			sums[k] = &KernelTime{Kernel: d.Kernel.String(), Groups: d.Groups}
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
