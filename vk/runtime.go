package vk

import (
	"errors"
	"fmt"
	"maps"
	"time"

	vulkan "github.com/goki/vulkan"

	"moeflow/graph"
)

// Options choose a device and how it runs.
type Options struct {
	Device     string       // "auto", an index, or a part of a name; "" is auto
	Validation bool         // run under the validation layers
	OnMessage  func(string) // gets each validation message; needed with Validation
	CacheDir   string       // where compiled pipelines are kept; "" keeps none
	Timestamps bool         // time every dispatch: see Program.Times
	// LocalSize overrides the invocations of all workgroups, in tests that
	// try kernels at several sizes. 0 is off.
	LocalSize uint32
}

// Runtime is an open device with what lies on it. Close frees everything.
type Runtime struct {
	in     *instance
	d      *device
	line   *timeline
	heap   *heap
	pipes  *pipelines
	named  map[string]buffer // weights and state
	progs  []*Program
	opts   Options
	loaded bool
}

// Open opens the device that the options name.
func Open(o Options) (*Runtime, error) {
	var onMessage func(string)
	if o.Validation {
		if onMessage = o.OnMessage; onMessage == nil {
			return nil, errors.New("validation needs somewhere to send its messages")
		}
	}
	in, err := openInstance(onMessage)
	if err != nil {
		return nil, err
	}
	devs, infos, err := in.describe()
	if err == nil {
		var i int
		if i, err = choose(infos, o.Device); err == nil {
			var r *Runtime
			if r, err = open(in, devs[i], infos[i], o); err == nil {
				return r, nil
			}
		}
	}
	in.close()
	return nil, err
}

func open(in *instance, p vulkan.PhysicalDevice, info DeviceInfo, o Options) (*Runtime, error) {
	d, err := openDevice(p, info)
	if err != nil {
		return nil, err
	}
	r := &Runtime{in: in, d: d, heap: &heap{d: d, used: map[string]uint64{}}, named: map[string]buffer{}, opts: o}
	if r.line, err = newTimeline(d); err != nil {
		d.close()
		return nil, err
	}
	if r.pipes, err = newPipelines(d, o.CacheDir, o.LocalSize); err != nil {
		r.line.close()
		d.close()
		return nil, err
	}
	return r, nil
}

// Info describes the open device.
func (r *Runtime) Info() DeviceInfo { return r.d.info }

// Upload copies weights to the device under their names. progress, which may be
// nil, is called after each. The data is not used after it returns.
func (r *Runtime) Upload(ws []Weight, progress func(done, total uint64)) error {
	for _, w := range ws {
		if _, ok := r.named[w.Name]; ok || len(w.Data) == 0 {
			return fmt.Errorf("weight %s is empty or was uploaded before", w.Name)
		}
	}
	named, err := r.heap.upload(r.line, ws, progress)
	maps.Copy(r.named, named)
	return err
}

// Memory is device memory in use, in bytes.
type Memory struct {
	Purpose map[string]uint64 // weights, state, activations, inputs, outputs, read-backs
	Total   uint64
}

// Memory tells what the runtime has allocated.
func (r *Runtime) Memory() Memory {
	m := Memory{Purpose: maps.Clone(r.heap.used)}
	for _, n := range m.Purpose {
		m.Total += n
	}
	return m
}

// Bandwidth measures the device's memory bandwidth by copying, in GB/s,
// counting bytes read and written.
func (r *Runtime) Bandwidth() (float64, error) {
	size := uint64(512 << 20)
	if r.d.info.Kind == "cpu" {
		size = 64 << 20
	}
	h := &heap{d: r.d, used: map[string]uint64{}}
	defer h.close()
	bufs, err := h.alloc("the bandwidth measurement", onDevice, []uint64{size, size})
	if err != nil {
		return 0, err
	}
	const copies = 8
	best := 0.0
	for range 4 {
		start := time.Now()
		err := r.d.once(r.line, func(cb vulkan.CommandBuffer) {
			for range copies {
				vulkan.CmdCopyBuffer(cb, bufs[0].handle, bufs[1].handle, 1, []vulkan.BufferCopy{{
					SrcOffset: vulkan.DeviceSize(bufs[0].offset), DstOffset: vulkan.DeviceSize(bufs[1].offset), Size: vulkan.DeviceSize(size)}})
				fence(cb)
			}
		})
		if err != nil {
			return 0, err
		}
		best = max(best, 2*copies*float64(size)/time.Since(start).Seconds()/1e9)
	}
	return best, nil
}

// Load makes each plan ready to run with so many slots. Weights must have been
// uploaded, but for those whose tensors hold their own data. State is shared by
// all plans and slots and starts zeroed. It may be called once.
func (r *Runtime) Load(plans []*graph.Plan, slots int) ([]*Program, error) {
	if r.loaded || len(plans) == 0 || slots < 1 {
		return nil, errors.New("load wants at least one plan and one slot, once")
	}
	r.loaded = true
	l := loader{r: r, slots: slots}
	if err := l.shared(plans); err != nil {
		return nil, err
	}
	for _, p := range plans {
		prog, err := l.program(p)
		if prog != nil {
			r.progs = append(r.progs, prog)
		}
		if err != nil {
			return nil, fmt.Errorf("plan %s: %w", p.Name, err)
		}
	}
	r.pipes.save()
	return r.progs, nil
}

// Close waits for the device and frees everything.
func (r *Runtime) Close() error {
	err := failed("finish on "+r.d.info.Name, vulkan.DeviceWaitIdle(r.d.handle))
	for _, p := range r.progs {
		p.close()
	}
	r.pipes.close()
	r.heap.close()
	r.line.close()
	r.d.close()
	r.in.close()
	return err
}
