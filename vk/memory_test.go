package vk

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	vulkan "github.com/goki/vulkan"

	"moeflow/gguf/quant"
	"moeflow/graph"
)

// TestPlace lays out random pieces: none may overlap another, pass its block's
// end, be misaligned, or make a block larger than the limit unless alone in it.
func TestPlace(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		limit := uint64(1+rng.IntN(64)) * graph.Alignment
		sizes := make([]uint64, rng.IntN(40))
		var sum uint64
		for i := range sizes {
			sizes[i] = 1 + rng.Uint64N(2*limit)
			if rng.IntN(3) > 0 {
				sizes[i] = 1 + rng.Uint64N(limit/8+1)
			}
			sum += align(sizes[i])
		}
		blocks, at := place(sizes, limit)
		if len(at) != len(sizes) {
			t.Fatalf("%d places for %d pieces", len(at), len(sizes))
		}
		count := make([]int, len(blocks))
		end := make([]uint64, len(blocks))
		for i, p := range at {
			if p.offset%graph.Alignment != 0 || p.offset < end[p.block] || p.offset+sizes[i] > blocks[p.block] {
				t.Fatalf("piece %d of %d bytes lies at %d of block %d (%d bytes), behind %d", i, sizes[i], p.offset, p.block, blocks[p.block], end[p.block])
			}
			end[p.block] = p.offset + sizes[i]
			count[p.block]++
		}
		var total uint64
		for i, b := range blocks {
			if total += b; b > limit && count[i] > 1 {
				t.Fatalf("block of %d bytes with %d pieces, wanted at most %d", b, count[i], limit)
			}
		}
		if total != sum {
			t.Fatalf("blocks have %d bytes for pieces of %d", total, sum)
		}
	}
}

func TestMemoryErrors(t *testing.T) {
	r := openTest(t, Options{})
	big := func(role graph.Role, size uint64) *graph.Plan {
		return &graph.Plan{Name: "big", Tensors: []graph.Tensor{{Name: "cache", Type: quant.F32, Shape: graph.Shape{size / 4}, Role: role, Bytes: size}},
			Segments: []graph.Segment{{Name: "none"}}}
	}
	before := r.d.taken
	for _, role := range []graph.Role{graph.State, graph.Output} {
		_, err := r.Load([]*graph.Plan{big(role, 1<<44)}, 1)
		var m *MemoryError
		if !errors.As(err, &m) || m.Need < 1<<44 || m.Have == 0 || m.Have > r.Info().Memory || m.Single {
			t.Errorf("%s of 16 TiB gives %v", role, err)
		}
		wantError(t, err, "16384.00 GiB", "free", "smaller context")
	}
	many := make([]want, 1<<14)
	for i := range many {
		many[i] = want{"a weight of 1 GiB", 1 << 30}
	}
	_, err := r.heap.alloc("weights", onDevice, many)
	var total *MemoryError
	if !errors.As(err, &total) || total.What != "weights" || total.Need != 1<<44 || total.Have == 0 || total.Single {
		t.Errorf("weights of 16 TiB give %v", err)
	}
	r.d.info.MaxAllocation = 1 << 20
	var m *MemoryError
	_, err = r.Load([]*graph.Plan{big(graph.State, 1<<20+4)}, 1)
	if !errors.As(err, &m) || m.What != "cache" || m.Have != 1<<20 || !m.Single {
		t.Errorf("a tensor beyond the largest allocation gives %v", err)
	}
	if r.d.taken != before {
		t.Errorf("failed loads keep %d bytes", r.d.taken-before)
	}
	// Below the limit, many blocks serve.
	if _, err := r.heap.alloc("test", onDevice, []want{{"a", 700 << 10}, {"b", 700 << 10}, {"c", 300 << 10}, {"d", 1 << 20}}); err != nil {
		t.Fatal(err)
	}
	if n := len(r.heap.blocks); n != 3 {
		t.Errorf("%d blocks, wanted 3", n)
	}
}

// TestMemory compares what is taken with what the tensors need: within 3%.
func TestMemory(t *testing.T) {
	c := newModel(6)
	r := openTest(t, Options{})
	ws := append(c.upload(), Weight{Name: "large", Data: make([]byte, 1<<20+1)})
	if err := r.Upload(ws, nil); err != nil {
		t.Fatal(err)
	}
	p := c.plan(3)
	if _, err := r.Load([]*graph.Plan{p}, 2); err != nil {
		t.Fatal(err)
	}
	m := r.Memory()
	need := map[string]uint64{"weights": align(1<<20+1) + 7*4*width*width, "state": align(4 * width), "activations": 2 * p.ArenaBytes,
		"inputs": 4 * graph.Alignment, "outputs": 2 * graph.Alignment, "read-backs": 4 * graph.Alignment, "counters": 2 * counterBytes}
	for what, n := range need {
		if m.Purpose[what] != n {
			t.Errorf("%s take %d bytes, wanted %d", what, m.Purpose[what], n)
		}
	}
	if len(m.Purpose) != len(need) {
		t.Errorf("memory by purpose is %v", m.Purpose)
	}
	if float64(r.d.taken) > 1.03*float64(m.Total) || m.Total == 0 {
		t.Errorf("%d bytes are allocated for %d", r.d.taken, m.Total)
	}
}

// TestStaging sends tensors of awkward sizes through small staging buffers, so
// that each is used many times, and compares what arrives.
func TestStaging(t *testing.T) {
	r := openTest(t, Options{})
	rng := rand.New(rand.NewPCG(3, 4))
	var ws []want
	var data [][]byte
	for _, n := range []uint64{1, 15, 16, 17, 4096, 65536, 65537, 3, 1 << 20, 999_999, 5} {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		ws, data = append(ws, want{"w", n}), append(data, b)
	}
	bufs, err := r.work.alloc("test", onDevice, ws)
	if err != nil {
		t.Fatal(err)
	}
	st := stager{h: newHeap(r.d), s: r.line, size: 1 << 16}
	for i := range bufs {
		if err := st.copy(bufs[i], &Weight{Data: data[i]}); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.flush(); err != nil {
		t.Fatal(err)
	}
	st.close()
	back, err := r.work.alloc("back", toHost, ws)
	if err != nil {
		t.Fatal(err)
	}
	err = r.d.once(r.line, func(cb vulkan.CommandBuffer) {
		fence(cb)
		for i, b := range bufs {
			copyBuffer(cb, b.handle, back[i].handle, b.offset, back[i].offset, b.size)
		}
		fence(cb)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range back {
		if !bytes.Equal(back[i].data, data[i]) {
			t.Errorf("tensor %d of %d bytes arrived changed", i, len(data[i]))
		}
	}
}

// TestUploadProgress wants the bytes of all weights, in order.
func TestUploadProgress(t *testing.T) {
	r := openTest(t, Options{})
	var seen []uint64
	err := r.Upload([]Weight{{Name: "a", Data: make([]byte, 3)}, {Name: "b", Data: make([]byte, 5<<20)}}, func(done, total uint64) {
		if total != 3+5<<20 {
			t.Errorf("total %d", total)
		}
		seen = append(seen, done)
	})
	if err != nil || len(seen) != 2 || seen[0] != 3 || seen[1] != 3+5<<20 {
		t.Errorf("progress %v, %v", seen, err)
	}
	wantError(t, r.Upload([]Weight{{Name: "c"}}, nil), "weight c is empty")
	wantError(t, r.Upload([]Weight{{Name: "d", Data: []byte{1}}, {Name: "d", Data: []byte{1}}}, nil), "weight d")
}

// TestBandwidth wants a figure that some memory has, and no memory kept.
func TestBandwidth(t *testing.T) {
	r := openTest(t, Options{})
	before := r.d.taken
	got, err := r.Bandwidth()
	if err != nil || got < 0.05 || got > 50_000 {
		t.Errorf("%.2f GB/s, %v", got, err)
	}
	t.Logf("%.2f GB/s", got)
	if r.d.taken != before {
		t.Errorf("the measurement keeps %d bytes", r.d.taken-before)
	}
}
