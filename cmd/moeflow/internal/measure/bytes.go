package measure

import (
	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/graph"
)

// DecodeBytes is how many bytes of weights and kv cache one decode step of one
// sequence reads at a depth: every matrix once, of the experts the share that a
// row uses, of the embedding table one row.
func DecodeBytes(e *engine.Engine, depth int) uint64 {
	var sum uint64
	for i := range e.Plans[0].Dispatches {
		sum += dispatchBytes(e, &e.Plans[0].Dispatches[i], depth)
	}
	return sum
}

func dispatchBytes(e *engine.Engine, d *graph.Dispatch, depth int) uint64 {
	var sum uint64
	for _, a := range d.Args {
		if a.Tensor == graph.NoTensor {
			continue
		}
		t := &e.Plans[0].Tensors[a.Tensor]
		switch {
		case a.Access == graph.ReadWrite && d.Kernel.Op != graph.OpRopeAttention: // adds to the cache
		case t.Role == graph.State && len(t.Shape) == 2: // kv cache
			sum += t.Bytes / t.Shape[1] * uint64(depth+1)
		case t.Role != graph.Weight && t.Role != graph.Derived:
		case d.Kernel.Op == graph.OpEmbed:
			sum += t.Bytes / t.Shape[1]
		case len(t.Shape) == 3:
			sum += t.Bytes / t.Shape[2] * uint64(e.Model.TopK)
		default:
			sum += t.Bytes
		}
	}
	return sum
}
