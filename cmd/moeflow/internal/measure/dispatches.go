package measure

import (
	"context"
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/graph"
)

// DispatchCost is what one dispatch of a decode step costs.
type DispatchCost struct {
	Time  time.Duration
	Bytes uint64   // of weights and kv cache that it reads: see KernelTime
	Args  []uint64 // bytes that it moves by each of its arguments
}

// ProfileDispatches is ProfileDecode without the sum: the cost of dispatch i of
// Plans[0], the plan of single rows.
func ProfileDispatches(ctx context.Context, e *engine.Engine, depth int) ([]DispatchCost, error) {
	times, err := dispatchTimes(ctx, e, depth)
	if err != nil {
		return nil, err
	}
	out := make([]DispatchCost, len(times))
	for i, t := range times {
		d := &e.Plans[0].Dispatches[i]
		out[i] = DispatchCost{Time: t, Bytes: dispatchBytes(e, d, depth), Args: make([]uint64, len(d.Args))}
		for j := range d.Args {
			out[i].Args[j] = argBytes(e, d, j, depth)
		}
	}
	return out, nil
}

// argBytes is how much of argument j a dispatch of a single row reads or
// writes: of the kv cache the positions so far, or the one that it adds, of the
// experts and the embedding table what the row uses, of the step's buffer next
// to nothing.
func argBytes(e *engine.Engine, d *graph.Dispatch, j, depth int) uint64 {
	a := d.Args[j]
	if a.Tensor == graph.NoTensor {
		return 0
	}
	t := &e.Plans[0].Tensors[a.Tensor]
	switch {
	case t.Role == graph.Activation, t.Role == graph.Output:
		return t.Bytes
	case t.Role == graph.State && len(t.Shape) == 2, t.Role == graph.Weight, t.Role == graph.Derived:
		one := *d
		one.Args = d.Args[j : j+1]
		sum := dispatchBytes(e, &one, depth)
		if a.Access == graph.ReadWrite {
			sum += t.Bytes / t.Shape[1]
		}
		return sum
	}
	return 0
}
