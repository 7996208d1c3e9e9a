package vk

import (
	"encoding/binary"
	"time"
	"unsafe"

	vulkan "github.com/goki/vulkan"

	"moeflow/graph"
	"moeflow/vk/shaders"
)

// Bandwidth measures how fast the device reads and writes its own memory, in
// GB/s of bytes read and written together: the better of copying and of the
// lightest kernel, y = silu(gate)·up over far more than any cache holds.
func (r *Runtime) Bandwidth() (float64, error) {
	p := probe{r: r, rows: 128} // three tensors of 512 MiB
	if r.d.info.Kind == "cpu" {
		p.rows = 4
	}
	defer p.close()
	if err := p.prepare(); err != nil {
		return 0, err
	}
	copied, err := p.best(2, func(cb vulkan.CommandBuffer) {
		copyBuffer(cb, p.bufs[0].handle, p.bufs[1].handle, p.bufs[0].offset, p.bufs[1].offset, p.bufs[0].size)
	})
	if err != nil {
		return 0, err
	}
	computed, err := p.best(3, p.dispatch)
	return max(copied, computed), err
}

// probe is a bandwidth measurement: three tensors of rows of 2^20 floats.
type probe struct {
	r        *Runtime
	rows     uint32
	heap     *heap
	bufs     []buffer
	pipeline vulkan.Pipeline
	push     []byte
	d        graph.Dispatch
}

const probeRow = 1 << 20

func (p *probe) prepare() error {
	p.heap = newHeap(p.r.d)
	size := uint64(p.rows) * probeRow * 4
	var err error
	if p.bufs, err = p.heap.alloc("the buffers that measure bandwidth", onDevice, []want{{"gate", size}, {"up", size}, {"y", size}}); err != nil {
		return err
	}
	layout := graph.StepLayout{Rows: int(p.rows)}
	step, err := p.heap.alloc("the measurement's step", toDevice, []want{{"step", uint64(4 * layout.Words())}})
	if err != nil {
		return err
	}
	words := make([]uint32, layout.Words())
	layout.Fill(words, make([]graph.StepRow, p.rows), nil, nil)
	for i, w := range words {
		binary.LittleEndian.PutUint32(step[0].data[4*i:], w)
	}
	p.d = graph.Dispatch{Args: []graph.Arg{{Tensor: 0}, {Tensor: 1}, {Tensor: 2}, {Tensor: 3}}, Params: []uint32{probeRow}}
	for _, k := range shaders.All() {
		if k.Op == graph.OpSwiGLU {
			info, _ := shaders.Catalog().Lookup(k)
			tile := max(1, info.Tile[0])
			p.d.Kernel, p.d.Workgroups = k, [3]uint32{(probeRow + tile - 1) / tile, p.rows, 1}
		}
	}
	plan := &graph.Plan{Name: "bandwidth", Dispatches: []graph.Dispatch{p.d}}
	if err := p.r.pipes.prepare([]*graph.Plan{plan}); err != nil {
		return err
	}
	if p.pipeline, err = p.r.pipes.get(&p.d); err != nil {
		return err
	}
	all := append(step, p.bufs...)
	p.push, err = pushConstants(nil, &p.d, func(id graph.TensorID) uint64 { return all[id].address })
	if err != nil {
		return err
	}
	return p.r.d.once(p.r.line, func(cb vulkan.CommandBuffer) {
		for _, b := range p.bufs {
			vulkan.CmdFillBuffer(cb, b.handle, vulkan.DeviceSize(b.offset), vulkan.DeviceSize(b.size), 0)
		}
		fence(cb)
	})
}

func (p *probe) dispatch(cb vulkan.CommandBuffer) {
	vulkan.CmdBindPipeline(cb, vulkan.PipelineBindPointCompute, p.pipeline)
	vulkan.CmdPushConstants(cb, p.r.d.layout, computeStage, 0, uint32(len(p.push)), unsafe.Pointer(&p.push[0]))
	vulkan.CmdDispatch(cb, p.d.Workgroups[0], p.d.Workgroups[1], p.d.Workgroups[2])
}

// A GPU that did nothing for a while raises its clocks by and by: on an H100 four
// timings, 20 ms, often saw half of its bandwidth.
const (
	probeTimings = 4
	probeTime    = 250 * time.Millisecond
)

// best is the best of several timings of work that touches so many of the
// tensors, over at least probeTime.
func (p *probe) best(tensors uint64, work func(vulkan.CommandBuffer)) (float64, error) {
	const repeat = 8
	bytes := float64(repeat * tensors * p.bufs[0].size)
	best, begin := 0.0, time.Now()
	for i := 0; i < probeTimings || time.Since(begin) < probeTime; i++ {
		start := time.Now()
		err := p.r.d.once(p.r.line, func(cb vulkan.CommandBuffer) {
			for range repeat {
				work(cb)
				fence(cb)
			}
		})
		if err != nil {
			return 0, err
		}
		best = max(best, bytes/time.Since(start).Seconds()/1e9)
	}
	return best, nil
}

func (p *probe) close() {
	if p.heap != nil {
		p.heap.close()
	}
}
