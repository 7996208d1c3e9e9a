package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"moeflow/cmd/moeflow/internal/model"
	"moeflow/gguf/fault"
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/graph/backend"
	"moeflow/graph/flow"
	"moeflow/stages/kvcache"
	"moeflow/vk/shaders"
)

// Engine is a model on a device. Its methods are for one goroutine at a time.
type Engine struct {
	Model   *model.Model
	Plans   []*graph.Plan // one for each bucket, the smallest first
	Buckets []Bucket      // of the plans
	Steps   StepPlans     // which plans steps of many sequences may use
	Context int           // positions that a sequence can have
	Pool    *kvcache.Pool
	Device  backend.Info
	Memory  Memory

	Sequences int // the most that run at once
	Slots     int // steps that can be in flight
	ListPages int // page numbers that fit into a step

	KVType  quant.Type
	Sampler *Sampler // nil: the device picks the likeliest token, and no other

	positions int    // of the kv cache
	limit     uint64 // on device memory, 0 for none
	device    backend.Device
	programs  []backend.Program
	order     *order
	flow      *flow.Flow
	cancel    context.CancelFunc
	step      uint64
	words     []uint32
	sequences int
	counting  bool
	observers []Observer // none: nothing is observed
}

// Open opens the device, compiles a model for its step sizes, loads the model
// onto the device and starts the flow. The model stays the caller's to close.
func Open(m *model.Model, o Options) (*Engine, error) {
	if o.Load.Open == nil {
		return nil, errors.New("the options name no way to open a device")
	}
	o.fill(m.Context)
	e := &Engine{Model: m, Context: o.Plans.Context, Slots: o.Load.slots(), counting: o.Plans.CountExperts}
	var err error
	if e.device, err = o.Load.Open(o.Observe.Timestamps); err != nil {
		return nil, err
	}
	if err = e.compile(&o); err == nil {
		e.Pool, err = kvcache.New(pages(o.Plans.Cache), PageSize)
	}
	if err == nil {
		err = e.load(o)
	}
	if err != nil {
		return nil, errors.Join(err, e.device.Close())
	}
	return e, nil
}

// compile makes the plans, with the kernels that suit the device.
func (e *Engine) compile(o *Options) error {
	e.Device = e.device.Info()
	p := &o.Plans
	if err := p.Resolve(e.Model, &e.Device); err != nil {
		return err
	}
	e.KVType, e.limit = p.KVType, p.Memory
	p.fillBatch(&e.Device)
	p.fillRest()
	p.Sampler = (p.Sampler || p.Constraints) && (e.Device.Kind != "cpu" || p.SamplerOnCPU) &&
		e.Model.Vocab <= graph.SampleVocabulary && e.Slots < graph.SampleRecent
	p.Constraints = p.Constraints && p.Sampler
	for {
		po := p.planOptions(shaders.For(p.kernels(class(&e.Device))))
		po.counters = o.counters(e.Device.Ordered)
		var err error
		if e.Plans, err = compile(e.Model, po); err != nil {
			return err
		}
		if e.Steps = anyPlans(len(e.Plans)); p.Batch && p.Deterministic {
			e.Steps = steadyPlans(e.Plans, p.Sequences)
			e.Plans, p.Buckets = e.Steps.only(e.Plans, p.Buckets)
		}
		e.Memory = memoryOf(e.Plans, e.Slots)
		e.Buckets, e.Sequences, e.ListPages, e.positions = p.Buckets, p.Sequences, p.listPages(), pages(p.Cache)*PageSize
		if !p.shrink(e.Memory, &e.Device) {
			break
		}
	}
	if p.Sampler {
		e.Sampler = newSampler(e.Model.Vocab, e.Device.Kind == "cpu", e.Buckets)
		e.Sampler.Constrained = p.Constraints
	}
	return nil
}

// class is a device as plans see it.
func class(d *backend.Info) *shaders.Class {
	return &shaders.Class{Name: d.Name, About: d.Name, Memory: d.Memory, Ordered: d.Ordered,
		Choice: shaders.Choice{Has: d.Capabilities, Processors: d.Processors}}
}

// load uploads the weights, loads the plans and starts the goroutines.
func (e *Engine) load(o Options) error {
	if err := e.fits(); err != nil {
		return err
	}
	var ws []backend.Weight
	seen := map[string]bool{}
	for i := range e.Plans[0].Tensors {
		t := &e.Plans[0].Tensors[i]
		if t.Role != graph.Weight || t.Data != nil || seen[t.Name] {
			continue
		}
		seen[t.Name] = true
		ft, _ := e.Model.File.Tensor(t.Name)
		ws = append(ws, backend.Weight{Name: t.Name, Data: ft.Data, Type: t.Type})
	}
	err := e.device.Upload(ws, func(done, all uint64) { o.Load.Progress("weights", done, all) })
	if errors.Is(err, fault.Err) {
		err = fmt.Errorf("%s: %w", e.Model.File.Path(), err)
	}
	// That the file was written to meanwhile says more than what came of it; and
	// what was read of it is worth nothing.
	if err := cmp.Or(e.Model.File.Changed(), err); err != nil {
		return err
	}
	if e.programs, err = e.device.Load(e.Plans, e.Slots); err != nil {
		return err
	}
	e.order = newOrder(e.programs, e.Segments())
	hooks, err := e.observe(o.Observe)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	e.cancel = cancel
	e.flow = flow.Start(ctx, e.Segments(), e.Slots, e.order, hooks)
	return nil
}

// Close ends the flow's goroutines and frees the device.
func (e *Engine) Close() error {
	err := e.flow.Close()
	e.cancel()
	return errors.Join(err, e.device.Close())
}

// Segments tells how many goroutines and submits a step passes.
func (e *Engine) Segments() int { return len(e.Plans[0].Segments) }

// Depths tells how many steps lie in each channel of the flow: see
// flow.Flow.Depths. It may be called at any time, from any goroutine.
func (e *Engine) Depths() []int { return e.flow.Depths() }

// Bucket is the index of the smallest plan with room for rows, or of the
// largest of all.
func (e *Engine) Bucket(rows int) int {
	for i, b := range e.Buckets {
		if rows <= b.Rows {
			return i
		}
	}
	return len(e.Buckets) - 1
}

// PlanFor is the plan that a step of so many rows uses.
func (e *Engine) PlanFor(rows int) *graph.Plan { return e.Plans[e.Bucket(rows)] }

// Program is a plan on the device.
func (e *Engine) Program(plan int) backend.Program { return e.programs[plan] }

// Timed is a plan on a device that times its dispatches.
func (e *Engine) Timed(plan int) (backend.Timed, error) {
	if t, ok := e.programs[plan].(backend.Timed); ok {
		return t, nil
	}
	return nil, fmt.Errorf("%s has no timestamps", e.Device.Name)
}

// Measured is the device, if it can measure itself.
func (e *Engine) Measured() (backend.Measured, error) {
	if m, ok := e.device.(backend.Measured); ok {
		return m, nil
	}
	return nil, fmt.Errorf("%s cannot be measured", e.Device.Name)
}

// NewSequence is a name for a sequence in Pool that no other has.
func (e *Engine) NewSequence() kvcache.ID {
	e.sequences++
	return kvcache.ID(e.sequences)
}
