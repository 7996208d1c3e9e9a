package measure

import (
	"context"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/graph"
)

// TestProfileDispatches: every dispatch has a time, the times and bytes are
// those that ProfileDecode sums, and bytes of arguments are at most what the
// tensor has, and all of it for a matrix.
func TestProfileDispatches(t *testing.T) {
	e := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 128}, enginetest.Timestamps)
	const depth = 20
	costs, err := ProfileDispatches(context.Background(), e, depth)
	if err != nil {
		t.Fatal(err)
	}
	p := e.Plans[0]
	if len(costs) != len(p.Dispatches) {
		t.Fatalf("%d costs of %d dispatches", len(costs), len(p.Dispatches))
	}
	var sum uint64
	seen := map[string]uint64{}
	for i, c := range costs {
		d := &p.Dispatches[i]
		sum += c.Bytes
		if c.Time <= 0 || len(c.Args) != len(d.Args) {
			t.Errorf("dispatch %d (%s) took %v, bytes %v", i, d.Kernel, c.Time, c.Args)
		}
		for j, a := range d.Args {
			if a.Tensor == graph.NoTensor {
				if c.Args[j] != 0 {
					t.Errorf("dispatch %d (%s) moves %d bytes of nothing", i, d.Kernel, c.Args[j])
				}
				continue
			}
			x := &p.Tensors[a.Tensor]
			if c.Args[j] > x.Bytes {
				t.Errorf("dispatch %d (%s) moves %d bytes of %s, which has %d", i, d.Kernel, c.Args[j], x.Name, x.Bytes)
			}
			seen[x.Name] += c.Args[j]
		}
	}
	if want := DecodeBytes(e, depth); sum != want {
		t.Errorf("dispatches read %d bytes, a step %d", sum, want)
	}
	// One layer's cache: a position written and 21 read, 256 elements of 2
	// bytes; 4 of 16 experts; a row of the embedding table.
	for name, want := range map[string]uint64{
		"blk.3.k_cache": 22 * 512, "blk.0.ffn_gate_exps.weight": 4 * 256 * 144, "token_embd.weight": 144,
		"blk.0.attn_q.weight": 512 * 144, "step": 0,
	} {
		if seen[name] != want {
			t.Errorf("%s: %d bytes, wanted %d", name, seen[name], want)
		}
	}
}
