package engine

import (
	"context"
	"reflect"
	"testing"

	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/vk"
	"moeflow/vk/shaders"
)

// TestPlan: without a device only kernels that run anywhere are in the plan;
// with one it is the plan that an engine runs there.
func TestPlan(t *testing.T) {
	m, o := testmodel.Tiny(t), Options{Context: 128, KVType: quant.F16}
	for _, rows := range []int{1, 2, 512} {
		p, err := PlanOf(m, o, nil, rows)
		if err != nil {
			t.Fatal(err)
		}
		if p.Rows < rows {
			t.Errorf("a plan of %d rows for a step of %d", p.Rows, rows)
		}
		for _, d := range p.Dispatches {
			if _, needs, ok := shaders.Info(d.Kernel); !ok || len(needs) > 0 || d.Signals || d.Wait > 0 {
				t.Errorf("%s asks the device for %v", d.Kernel, needs)
			}
		}
	}
	if _, err := PlanOf(m, o, nil, 2049); err == nil || err.Error() != "no plan for a step of 2049 rows, the largest has 2048" {
		t.Errorf("a step of 2049 rows: %v", err)
	}
	e := start(t, m, o)
	d, err := vk.Find("auto")
	if err != nil {
		t.Fatal(err)
	}
	c := d.Class()
	p, err := PlanOf(m, o, &c, 1)
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != e.Device.Name {
		t.Fatalf("auto is %s, the engine runs on %s", d.Name, e.Device.Name)
	}
	if !reflect.DeepEqual(p, e.Plans[0]) {
		t.Error("the plan for the device is not the one that runs there")
	}
}

// TestProfileDispatches: every dispatch has a time, the times and bytes are
// those that ProfileDecode sums, and bytes of arguments are at most what the
// tensor has, and all of it for a matrix.
func TestProfileDispatches(t *testing.T) {
	e := start(t, testmodel.Tiny(t), Options{Context: 128, Timestamps: true})
	const depth = 20
	costs, err := e.ProfileDispatches(context.Background(), depth)
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
	if want := e.DecodeBytes(depth); sum != want {
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
