package vk

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	vulkan "github.com/goki/vulkan"

	"moeflow/graph"
)

// Options choose a device and how it runs.
type Options struct {
	Device     string       // "auto", an index, or a part of a name; "" is auto
	Validation bool         // run under the validation layers
	OnMessage  func(string) // gets each validation message; needed with Validation
	CacheDir   string       // where compiled pipelines are kept; "" keeps none
	Timestamps bool         // time every dispatch: see Program.Times, Ticks and Clock
	// LocalSize overrides the invocations of all workgroups, in tests that
	// try kernels at several sizes. 0 is off.
	LocalSize uint32
}

// Runtime is an open device with what lies on it. Close frees everything.
type Runtime struct {
	in      *instance
	d       *device
	line    *timeline
	heap    *heap // of weights, which stay until Close
	work    *heap // of everything else, which goes with the programs
	pipes   *pipelines
	weights map[string]buffer
	state   map[string]buffer
	progs   []*Program
	opts    Options
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
	var r *Runtime
	p, info, err := in.find(o.Device)
	if err == nil {
		r, err = open(in, p, info, o)
	}
	if err != nil {
		in.close()
		return nil, err
	}
	return r, nil
}

func open(in *instance, p vulkan.PhysicalDevice, info DeviceInfo, o Options) (*Runtime, error) {
	d, err := openDevice(p, info, o.Timestamps)
	if err != nil {
		return nil, err
	}
	r := &Runtime{in: in, d: d, heap: newHeap(d), work: newHeap(d), weights: map[string]buffer{}, state: map[string]buffer{}, opts: o}
	if o.Timestamps && d.stamps == 0 {
		d.close()
		return nil, fmt.Errorf("%s cannot time dispatches", info.Name)
	}
	if r.line, err = newTimeline(d); err != nil {
		d.close()
		return nil, err
	}
	if r.pipes, err = newPipelines(d, o.CacheDir, o.LocalSize); err != nil {
		r.line.close()
		d.close()
		return nil, err
	}
	if slices.Contains(info.Capabilities(), "mma") {
		// A device on which the probe does not even run has kernels without them.
		seen, err := r.probeMMA()
		d.info.mma = seen && err == nil
	}
	return r, nil
}

// Info describes the open device.
func (r *Runtime) Info() DeviceInfo { return r.d.info }

// Upload copies weights to the device under their names. progress, which may be
// nil, is called after each with bytes. The data is not used after it returns. A
// *MemoryError comes before anything is copied.
func (r *Runtime) Upload(ws []Weight, progress func(done, total uint64)) error {
	seen := make(map[string]bool, len(ws))
	for _, w := range ws {
		if _, ok := r.weights[w.Name]; ok || seen[w.Name] || len(w.Data) == 0 {
			return fmt.Errorf("weight %s is empty or was uploaded before", w.Name)
		}
		seen[w.Name] = true
	}
	named, err := r.heap.upload(r.line, ws, progress)
	if err != nil {
		return err
	}
	maps.Copy(r.weights, named)
	return nil
}

// Memory is what lies in a runtime's allocations, in bytes, padding included.
type Memory struct {
	Purpose map[string]uint64 // weights, state, activations, inputs, outputs, read-backs
	Total   uint64
}

// Memory tells what the runtime has allocated.
func (r *Runtime) Memory() Memory {
	m := Memory{Purpose: maps.Clone(r.heap.used)}
	maps.Copy(m.Purpose, r.work.used)
	for _, n := range m.Purpose {
		m.Total += n
	}
	return m
}

// Load makes each plan ready to run with so many slots. Weights must have been
// uploaded, but for those whose tensors hold their own data. State is shared by
// all plans and slots and starts zeroed. What was loaded must be unloaded before
// more is.
func (r *Runtime) Load(plans []*graph.Plan, slots int) ([]*Program, error) {
	if r.progs != nil || len(plans) == 0 || slots < 1 {
		return nil, errors.New("load wants at least one plan and one slot, and nothing loaded")
	}
	err := r.pipes.prepare(plans)
	if err == nil {
		err = r.load(plans, slots)
	}
	if err != nil {
		return nil, errors.Join(err, r.Unload())
	}
	r.pipes.save()
	return r.progs, nil
}

func (r *Runtime) load(plans []*graph.Plan, slots int) error {
	l := loader{r: r, slots: slots}
	if err := l.shared(plans); err != nil {
		return err
	}
	for _, p := range plans {
		prog, err := l.program(p)
		r.progs = append(r.progs, prog)
		if err != nil {
			return fmt.Errorf("plan %s: %w", p.Name, err)
		}
	}
	return nil
}

// Unload waits for the device and frees all programs, their state and their
// memory. Weights and compiled pipelines stay, so other plans of the same model
// load quickly.
func (r *Runtime) Unload() error {
	err := failed("finish on "+r.d.info.Name, vulkan.DeviceWaitIdle(r.d.handle))
	for _, p := range r.progs {
		p.close()
	}
	r.work.close()
	r.progs, r.state = nil, map[string]buffer{}
	return err
}

// Close waits for the device and frees everything.
func (r *Runtime) Close() error {
	err := r.Unload()
	r.pipes.close()
	r.heap.close()
	r.line.close()
	r.d.close()
	r.in.close()
	return err
}
