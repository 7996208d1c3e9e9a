package shaders_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/vk"
	"moeflow/vk/shaders"
)

// guard is how many bytes behind a tensor's contents are watched. Tensors of a
// plan lie one behind the other, so it also guards what comes after it.
const guard = 256

// guardByte fills guards. As a float it is a number, so a kernel that reads too
// far shows in its sums.
const guardByte = 0x4b

// bench is an open device with the plans of some cases.
type bench struct {
	run   *vk.Runtime
	local uint32
	progs []*vk.Program
	cases []testCase
	plans []*graph.Plan
	step  uint64

	mu       sync.Mutex
	messages []string
}

// open opens the device for a local size, 0 being each kernel's own, under the
// validation layers. There is no skipping: a machine without a GPU runs this on
// Mesa's lavapipe.
func open(t *testing.T, local uint32) *bench {
	t.Helper()
	b := &bench{local: local}
	var err error
	b.run, err = vk.Open(vk.Options{LocalSize: local, Validation: !*noLayers, OnMessage: func(m string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.messages = append(b.messages, m)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.run.Close(); err != nil {
			t.Error(err)
		}
		b.noMessages(t)
	})
	return b
}

// load replaces the cases on the device. Only the pipelines of earlier cases stay.
func (b *bench) load(t *testing.T, cases []testCase) {
	t.Helper()
	if err := b.run.Unload(); err != nil {
		t.Fatal(err)
	}
	b.cases, b.plans = cases, nil
	for i := range cases {
		info, _, ok := shaders.Info(cases[i].kernel)
		if !ok {
			t.Fatalf("%s is not in the catalog", cases[i].kernel)
		}
		p := devicePlan(&cases[i], info)
		p.Dispatches[0].Signals = info.Sync && b.local == 0
		b.plans = append(b.plans, p)
	}
	var err error
	if b.progs, err = b.run.Load(b.plans, 1); err != nil {
		t.Fatal(err)
	}
}

// devicePlan is a case's plan with all tensors in memory that the host sees,
// each with a guard behind it.
func devicePlan(c *testCase, info graph.KernelInfo) *graph.Plan {
	p := c.plan(info.Tile)
	if g := &p.Dispatches[0].Workgroups[0]; info.MaxWorkgroups > 0 {
		*g = min(*g, 3) // so that workgroups walk on
	}
	p.Reads = nil
	for i := range p.Tensors {
		t := &p.Tensors[i]
		t.Role = graph.Input
		t.Bytes = vk.StoredBytes(t.Type, t.Bytes)
		t.Bytes += (graph.Alignment-t.Bytes%graph.Alignment)%graph.Alignment + guard
		p.Reads = append(p.Reads, graph.TensorID(i))
	}
	return p
}

// onDevice is a tensor's contents as they are stored on the device: the blocks
// of weights may be padded there, and those of a kv cache parted.
func onDevice(a tensor) []byte {
	if a.parted() {
		return a.part(a.data, true)
	}
	file, stored := a.typ.BlockBytes(), shaders.Stored(a.typ)
	if file == stored {
		return a.data
	}
	var out []byte
	for i := 0; i < len(a.data); i += file {
		out = append(append(out, a.data[i:i+file]...), bytes.Repeat([]byte{guardByte}, stored-file)...)
	}
	return out
}

// parted tells whether a row of the tensor has the bytes of all its blocks first on
// the device, then their scales: see kv/q8_0/kv.glsl.
func (t tensor) parted() bool { return t.typ == quant.Q8_0 && strings.HasSuffix(t.name, "_cache") }

// part turns rows of blocks, as a file has them, into rows as the device has them,
// or back.
func (t tensor) part(data []byte, toDevice bool) []byte {
	const elements, block, scale = 32, 34, 2
	out := make([]byte, len(data))
	blocks := int(t.shape[0]) / elements
	for row := 0; row < len(data); row += blocks * block {
		for b := range blocks {
			file, numbers, d := row+b*block, row+b*elements, row+blocks*elements+b*scale
			if toDevice {
				copy(out[d:], data[file:][:scale])
				copy(out[numbers:], data[file+scale:][:elements])
			} else {
				copy(out[file:], data[d:][:scale])
				copy(out[file+scale:], data[numbers:][:elements])
			}
		}
	}
	return out
}

// do runs case i and returns its tensors as the device left them.
func (b *bench) do(t *testing.T, i int) map[string][]byte {
	t.Helper()
	c, prog, plan := &b.cases[i], b.progs[i], b.plans[i]
	for _, a := range c.args {
		if a.name == "" {
			continue
		}
		mem, err := prog.Input(0, a.name)
		if err != nil {
			t.Fatal(err)
		}
		data := onDevice(a)
		for i := copy(mem, data); i < len(mem); i++ {
			mem[i] = guardByte
		}
	}
	b.step++
	// All tensors are read back, so that what must not change is seen too.
	tick := graph.Ticket{Step: b.step, Plan: i, Read: 1<<len(plan.Reads) - 1}
	if err := prog.Submit(0, tick); err != nil {
		t.Fatal(err)
	}
	if err := prog.Wait(context.Background(), tick); err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, a := range c.args {
		if a.name == "" {
			continue
		}
		got, err := prog.Read(0, plan.Find(a.name))
		if err != nil {
			t.Fatal(err)
		}
		n := len(onDevice(a))
		out[a.name] = slices.Clone(got[:n])
		if rest := got[n:]; !bytes.Equal(rest, bytes.Repeat([]byte{guardByte}, len(rest))) {
			t.Errorf("%s: memory behind %s was written", c.name, a.name)
		}
	}
	return out
}

func (b *bench) noMessages(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.messages {
		if !fits48(m) {
			t.Errorf("validation: %s", m)
		}
	}
	b.messages = nil
}

// fits48 tells whether a message only says that a kernel which asks for 48 KiB of
// shared memory is tried on a device that promises less.
func fits48(message string) bool {
	const id = "VUID-RuntimeSpirv-Workgroup-06530"
	_, tail, found := strings.Cut(message, "Shader uses ")
	var bytes int
	n, _ := fmt.Sscan(tail, &bytes)
	return found && strings.Contains(message, id) && n == 1 && bytes <= 48<<10
}

// localSizes are what every kernel is tried with: its own wish, and sizes of
// one, two and more subgroups that no kernel's wish is below.
func localSizes(sub uint32) []uint32 {
	out := []uint32{0}
	for _, n := range []uint32{sub, 2 * sub, 64} {
		if n <= 64 && n%sub == 0 && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// capabilities are those of the device at hand. Kernels that are only worth it
// on a GPU are tried everywhere.
func capabilities(t *testing.T) (has []string, subgroup uint32) {
	t.Helper()
	r, err := vk.Open(vk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	info := r.Info()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return append(info.Capabilities(), "gpu", "shared48"), info.Subgroup
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}

// check runs a case and compares everything with the reference: outputs by
// their bounds, all else by the bit.
func (b *bench) check(t *testing.T, i int) {
	c := &b.cases[i]
	want, plan, err := c.reference()
	if err != nil {
		t.Fatal(err)
	}
	got := b.do(t, i)
	for j, a := range c.args {
		switch {
		case a.name == "" || c.kernel.Op.Scratch(j):
		case c.kernel.Op.Access(j) == graph.Read:
			exact(t, c.name+": input "+a.name, got[a.name], onDevice(a))
		default:
			data := got[a.name]
			if a.parted() {
				data = a.part(data, false)
			}
			c.verify(t, a, data, want, plan)
		}
	}
}

// TestBatchInvariance checks that a row's product is the same to the bit
// whatever rows stand beside it, so that a text does not depend on the batch
// that it is made in.
func TestBatchInvariance(t *testing.T) {
	const width, n, bucket = 768, 11, 17
	var list []testCase
	counts := []int{1, 2, 8, 9, 17}
	has, _ := capabilities(t)
	for _, k := range shaders.All() {
		info, needs, _ := shaders.Info(k)
		if k.Op != graph.OpLinear || !subset(needs, has) {
			continue
		}
		s := newSource(k.String())
		w, x := s.weight("w", k.Type, width, n), s.in("x", 10, width, bucket)
		for _, active := range counts {
			step, _ := s.step(active, bucket, nil, 1, nil)
			c := testCase{name: caseName(k, "%d rows", active), kernel: k,
				params: []uint32{width, n, graph.StepRows}, work: [3]uint32{n, bucket, 1},
				args: []tensor{step, w, x, {}, outTensor("y", n, bucket)}}
			list = append(list, c.takeF16(info.F16))
		}
	}
	b := open(t, 0)
	b.load(t, list)
	for i := 0; i < len(list); i += len(counts) {
		whole := b.do(t, i+len(counts)-1)["y"]
		for j, active := range counts {
			got := b.do(t, i+j)["y"]
			exact(t, list[i+j].name, got[:4*n*active], whole[:4*n*active])
		}
	}
}
