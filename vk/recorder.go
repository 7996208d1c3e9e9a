package vk

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	vulkan "github.com/goki/vulkan"

	"moeflow/graph"
	"moeflow/vk/shaders"
)

// recorder records the command buffers of one slot of a plan.
type recorder struct {
	r     *Runtime
	plan  *graph.Plan
	slot  *slot
	arena buffer
}

func (c *recorder) all() error {
	if c.r.opts.Timestamps {
		pool, err := c.r.d.queryPool(c.queries())
		if err != nil {
			return err
		}
		c.slot.queries = pool
	}
	for i := range c.plan.Segments {
		cb, err := c.segment(i)
		if err != nil {
			return err
		}
		c.slot.segments = append(c.slot.segments, cb)
	}
	if c.r.opts.Timestamps {
		cb, err := c.stamps()
		if err != nil {
			return err
		}
		c.slot.stamped = append(c.slot.stamped, cb)
	}
	for i, id := range c.plan.Reads {
		from, to := c.buffer(id), c.slot.reads[i]
		cb, err := c.r.d.record(func(cb vulkan.CommandBuffer) {
			fence(cb)
			copyBuffer(cb, from.handle, to.handle, from.offset, to.offset, from.size)
			fence(cb)
		})
		if err != nil {
			return err
		}
		c.slot.copies = append(c.slot.copies, cb)
	}
	return nil
}

// stamps records the copy of a step's timestamps to where the host sees them:
// asked for by the host, some drivers first wait for all work on the device.
func (c *recorder) stamps() (vulkan.CommandBuffer, error) {
	to := c.slot.ticks
	return c.r.d.record(func(cb vulkan.CommandBuffer) {
		const flags = vulkan.QueryResultFlags(vulkan.QueryResult64Bit | vulkan.QueryResultWaitBit)
		vulkan.CmdCopyQueryPoolResults(cb, c.slot.queries, 0, c.queries(), to.handle, vulkan.DeviceSize(to.offset), 8, flags)
		fence(cb)
	})
}

// queries: one before each segment and one behind each dispatch.
func (c *recorder) queries() uint32 { return uint32(len(c.plan.Dispatches) + len(c.plan.Segments)) }

// launch is a dispatch as it is recorded.
type launch struct {
	pipeline vulkan.Pipeline
	push     []byte
}

func (c *recorder) launches(ds []graph.Dispatch) ([]launch, error) {
	out := make([]launch, len(ds))
	for i := range ds {
		d := &ds[i]
		var err error
		if out[i].pipeline, err = c.r.pipes.get(d); err != nil {
			return nil, err
		}
		if out[i].push, err = c.push(d); err != nil {
			return nil, err
		}
		for a, g := range d.Workgroups {
			if limit := c.r.d.info.groups[a]; g > limit || g == 0 {
				return nil, fmt.Errorf("%s needs %d workgroups on axis %d, %s takes 1 to %d", d.Kernel, g, a, c.r.d.info.Name, limit)
			}
		}
	}
	return out, nil
}

// put records one dispatch.
func (c *recorder) put(cb vulkan.CommandBuffer, d *graph.Dispatch, l launch) {
	vulkan.CmdPushConstants(cb, c.r.d.layout, computeStage, 0, uint32(len(l.push)), unsafe.Pointer(&l.push[0]))
	vulkan.CmdDispatch(cb, d.Workgroups[0], d.Workgroups[1], d.Workgroups[2])
}

// prepare runs the plan's Prepare and waits for it.
func (c *recorder) prepare() error {
	if len(c.plan.Prepare) == 0 {
		return nil
	}
	launches, err := c.launches(c.plan.Prepare)
	if err != nil {
		return err
	}
	return c.r.d.once(c.r.line, func(cb vulkan.CommandBuffer) {
		fence(cb)
		for i, l := range launches {
			vulkan.CmdBindPipeline(cb, vulkan.PipelineBindPointCompute, l.pipeline)
			c.put(cb, &c.plan.Prepare[i], l)
		}
		fence(cb)
	})
}

// segment records one segment. It begins with a barrier over all work before it
// on the queue.
func (c *recorder) segment(n int) (vulkan.CommandBuffer, error) {
	s := c.plan.Segments[n]
	launches, err := c.launches(c.plan.Dispatches[s.First:s.Last])
	if err != nil {
		return nil, err
	}
	return c.r.d.record(func(cb vulkan.CommandBuffer) {
		fence(cb)
		if c.counts(s) {
			n := c.slot.counter
			vulkan.CmdFillBuffer(cb, n.handle, vulkan.DeviceSize(n.offset), vulkan.DeviceSize(n.size), 0)
			fence(cb)
		}
		query := uint32(s.First + n)
		stamp := func() {
			if c.r.opts.Timestamps {
				vulkan.CmdWriteTimestamp(cb, vulkan.PipelineStageBottomOfPipeBit, c.slot.queries, query)
				query++
			}
		}
		if c.r.opts.Timestamps {
			vulkan.CmdResetQueryPool(cb, c.slot.queries, query, uint32(len(launches)+1))
		}
		stamp()
		var bound vulkan.Pipeline
		for i, l := range launches {
			d := &c.plan.Dispatches[s.First+i]
			if d.Barrier {
				computeBarrier(cb)
			}
			if l.pipeline != bound {
				vulkan.CmdBindPipeline(cb, vulkan.PipelineBindPointCompute, l.pipeline)
				bound = l.pipeline
			}
			c.put(cb, d, l)
			stamp()
		}
	})
}

// counts tells whether dispatches of a segment report to the slot's counter.
func (c *recorder) counts(s graph.Segment) bool {
	for i := s.First; i < s.Last; i++ {
		if c.plan.Dispatches[i].Signals {
			return true
		}
	}
	return false
}

// push packs a dispatch's push constants, with the counter in front for kernels
// that know it.
func (c *recorder) push(d *graph.Dispatch) ([]byte, error) {
	var front []byte
	if info, _, _ := shaders.Info(d.Kernel); info.Sync {
		front = make([]byte, graph.SyncBytes)
		if d.Signals {
			binary.LittleEndian.PutUint64(front, c.slot.counter.address)
			binary.LittleEndian.PutUint32(front[8:], d.Wait)
			early := d.Early
			if d.EarlySide {
				early |= graph.SyncSide
			}
			binary.LittleEndian.PutUint32(front[12:], early)
		}
	} else if d.Signals {
		return nil, fmt.Errorf("kernel %s cannot report to a counter", d.Kernel)
	}
	return pushConstants(front, d, c.address)
}

// buffer is where a tensor outside the arena lies.
func (c *recorder) buffer(id graph.TensorID) buffer {
	if b, ok := c.slot.io[id]; ok {
		return b
	}
	name := c.plan.Tensors[id].Name
	if b, ok := c.r.state[name]; ok {
		return b
	}
	return c.r.weights[name]
}

// address is a tensor's device address.
func (c *recorder) address(id graph.TensorID) uint64 {
	if t := &c.plan.Tensors[id]; t.Role == graph.Activation {
		return c.arena.address + t.Offset
	}
	return c.buffer(id).address
}

// pushConstants appends a dispatch's arguments: addresses in the op's order, then
// parameters. An absent argument is address 0.
func pushConstants(out []byte, d *graph.Dispatch, address func(graph.TensorID) uint64) ([]byte, error) {
	for _, a := range d.Args {
		at := uint64(0)
		if a.Tensor != graph.NoTensor {
			at = address(a.Tensor)
		}
		out = binary.LittleEndian.AppendUint64(out, at)
	}
	for _, p := range d.Params {
		out = binary.LittleEndian.AppendUint32(out, p)
	}
	if len(out) > pushBytes || len(out) == 0 {
		return nil, fmt.Errorf("%s has %d bytes of push constants, wanted 1 to %d", d.Kernel, len(out), pushBytes)
	}
	return out, nil
}
