package engine

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"moeflow/cmd/moeflow/internal/model"
	"moeflow/cmd/moeflow/internal/trace"
	"moeflow/gguf/fault"
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/graph/flow"
	"moeflow/stages/kvcache"
	"moeflow/stages/qwen3moe"
	"moeflow/vk"
	"moeflow/vk/shaders"
)

// Options choose how a model is loaded.
type Options struct {
	Device      string // as in the config: auto, a name or an index
	Granularity graph.Granularity
	KVType      quant.Type
	Context     int  // positions that a sequence can have; 0: the model's own
	Cache       int  // positions of the kv cache, all sequences together; 0: Context
	Batch       bool // for Batch: Buckets and Cache, where they are 0, suit many sequences
	Sequences   int  // the most that Batch runs at once; 0: what suits the device
	// Deterministic has Batch compute every row with the same kernels, however
	// many rows there are: what a prompt gets does not depend on the others. A
	// step of few rows may take longer.
	Deterministic bool
	Buckets       []Bucket // step sizes; nil: RunBuckets
	Slots         int      // steps in flight; at least 2 is used
	NoFuse        bool
	Without       []string // precisions that no kernel may have (see shaders.Choice); nil is q8
	Sync          string   // barrier, counter or auto; "" is auto
	BeyondModel   bool     // Context may exceed what the model was trained for: a cache for several sequences
	Pretend       []string // capabilities that the device is taken to have, so that kernels for GPUs are tested without one
	CacheDir      string   // where compiled pipelines are kept; "" for nowhere
	Validation    bool     // run under Vulkan's validation layers
	Timestamps    bool     // time every dispatch: see ProfileDecode
	// CountExperts has the device count how often each expert is chosen: see
	// ExpertCounts.
	CountExperts bool
	groups       int                                 // Slots as it was asked for
	Trace        *trace.Writer                       // gets all that happens; implies Timestamps
	Live         bool                                // Now tells what happens; implies Timestamps
	OnMessage    func(string)                        // a validation message
	Progress     func(what string, done, all uint64) // may be nil
}

// program is a plan loaded on a backend.
type program interface {
	Input(slot int, name string) ([]byte, error)
	Submit(segment int, t graph.Ticket) error
	Wait(ctx context.Context, t graph.Ticket) error
	Read(slot int, id graph.TensorID) ([]byte, error)
}

// Engine is a model on a device. Its methods are for one goroutine at a time.
type Engine struct {
	Model   *model.Model
	Plans   []*graph.Plan // one for each bucket, the smallest first
	Context int           // positions that a sequence can have
	Pool    *kvcache.Pool
	Device  vk.DeviceInfo
	Memory  Memory

	Sequences int // the most that Batch runs at once

	buckets   []Bucket
	list      int       // page numbers that fit into a step
	positions int       // of the kv cache
	steps     stepPlans // of Batch
	slots     int
	groups    int // of sequences, whose steps are in flight side by side: see batch.Config
	programs  []program
	backend   *backend
	rt        *vk.Runtime
	flow      *flow.Flow
	cancel    context.CancelFunc
	step      uint64
	words     []uint32
	sequences int
	counts    *expertCounts // nil if nothing is counted
	observers []observer    // none: nothing is observed
	live      *live
	decoding  bool // the steps in flight are decode steps
}

// Open compiles a model for its step sizes, loads it onto a device and starts
// the flow. The model stays the caller's to close.
func Open(m *model.Model, o Options) (*Engine, error) {
	o.fill(m)
	o.Timestamps = o.Timestamps || o.Trace != nil || o.Live
	e := &Engine{Model: m, Context: o.Context, slots: o.Slots, groups: o.groups}
	var err error
	e.rt, err = vk.Open(vk.Options{Device: o.Device, Validation: o.Validation, CacheDir: o.CacheDir,
		OnMessage: o.OnMessage, Timestamps: o.Timestamps})
	if err != nil {
		return nil, err
	}
	if err = e.compile(&o); err == nil {
		e.Pool, err = kvcache.New(pages(o.Cache), PageSize)
	}
	if err == nil {
		err = e.load(o)
	}
	if err != nil {
		return nil, errors.Join(err, e.rt.Close())
	}
	return e, nil
}

// compile makes the plans, with the kernels that suit the device.
func (e *Engine) compile(o *Options) error {
	e.Device = e.rt.Info()
	o.fillBatch(&e.Device)
	o.fillRest()
	for {
		po := o.planOptions(shaders.For(o.choice(&e.Device)))
		po.counters = o.counters(&e.Device)
		var err error
		if e.Plans, err = compile(e.Model, po); err != nil {
			return err
		}
		if e.steps = anyPlans(len(e.Plans)); o.Batch && o.Deterministic {
			e.steps = steadyPlans(e.Plans, o.Sequences)
			e.Plans, o.Buckets = e.steps.only(e.Plans, o.Buckets)
		}
		e.Memory = memoryOf(e.Plans, o.Slots)
		e.buckets, e.Sequences, e.list, e.positions = o.Buckets, o.Sequences, o.listPages(), pages(o.Cache)*PageSize
		if !o.shrink(e.Memory, &e.Device) {
			return nil
		}
	}
}

// counters tells whether kernels may wait by themselves: only where workgroups
// are known to start in the order of their dispatches. Where each dispatch is
// timed they must not overlap.
func (o *Options) counters(d *vk.DeviceInfo) bool { return o.waits(d.Ordered()) }

// waits is counters for a device that is ordered, or not.
func (o *Options) waits(ordered bool) bool {
	return !o.Timestamps && (o.Sync == "counter" || o.Sync != "barrier" && ordered)
}

func (o *Options) fill(m *model.Model) {
	if o.Context <= 0 || o.Context > m.Context && !o.BeyondModel {
		o.Context = m.Context
	}
	o.groups, o.Slots = o.Slots, max(2, o.Slots)
	if o.Progress == nil {
		o.Progress = func(string, uint64, uint64) {}
	}
}

// fillRest sets what depends on the other options.
func (o *Options) fillRest() {
	if o.Buckets == nil {
		o.Buckets = RunBuckets()
	}
	if o.Cache <= 0 {
		o.Cache = o.Context
	}
	for _, b := range o.Buckets {
		if !o.Batch {
			o.Sequences = max(o.Sequences, b.Outs)
		}
	}
}

// load uploads the weights, loads the plans and starts the goroutines.
func (e *Engine) load(o Options) error {
	if err := e.fits(); err != nil {
		return err
	}
	var ws []vk.Weight
	seen := map[string]bool{}
	for i := range e.Plans[0].Tensors {
		t := &e.Plans[0].Tensors[i]
		if t.Role != graph.Weight || t.Data != nil || seen[t.Name] {
			continue
		}
		seen[t.Name] = true
		ft, _ := e.Model.File.Tensor(t.Name)
		ws = append(ws, vk.Weight{Name: t.Name, Data: ft.Data, Type: t.Type})
	}
	err := e.rt.Upload(ws, func(done, all uint64) { o.Progress("weights", done, all) })
	if errors.Is(err, fault.Err) {
		err = fmt.Errorf("%s: %w", e.Model.File.Path(), err)
	}
	// That the file was written to meanwhile says more than what came of it; and
	// what was read of it is worth nothing.
	if err := cmp.Or(e.Model.File.Changed(), err); err != nil {
		return err
	}
	progs, err := e.rt.Load(e.Plans, e.slots)
	if err != nil {
		return err
	}
	for _, p := range progs {
		e.programs = append(e.programs, p)
	}
	if o.CountExperts {
		e.counts = newExpertCounts(e.Plans[0], e.Model.TopK)
	}
	ctx, cancel := context.WithCancel(context.Background())
	e.cancel = cancel
	e.backend = newBackend(e.programs, e.Segments())
	hooks, err := e.observe(o)
	if err != nil {
		cancel()
		return err
	}
	e.flow = flow.Start(ctx, e.Segments(), e.slots, e.backend, hooks)
	return nil
}

// Close ends the flow's goroutines and frees the device.
func (e *Engine) Close() error {
	err := e.flow.Close()
	e.cancel()
	return errors.Join(err, e.rt.Close())
}

// Segments tells how many goroutines and submits a step passes.
func (e *Engine) Segments() int { return len(e.Plans[0].Segments) }

// bucket is the smallest plan with room for rows, or the largest of all.
func (e *Engine) bucket(rows int) int {
	for i, b := range e.buckets {
		if rows <= b.Rows {
			return i
		}
	}
	return len(e.buckets) - 1
}

// Reads that a ticket may ask for, in the order of qwen3moe.Build's Readable.
const (
	readSampled = 1 << 0
	readLogits  = 1 << 1
	readCounts  = 1 << 2
)

// fill writes a step into the next slot, which it returns.
func (e *Engine) fill(plan int, rows []graph.StepRow, outs, pageList []uint32) (slot int, err error) {
	slot = int(e.step % uint64(e.slots))
	buf, err := e.programs[plan].Input(slot, "step")
	if err != nil {
		return 0, err
	}
	b := e.buckets[plan]
	l := graph.StepLayout{Rows: b.Rows, Outs: b.Outs, Pages: e.list}
	if len(e.words) < l.Words() {
		e.words = make([]uint32, l.Words())
	}
	l.Fill(e.words, rows, outs, pageList)
	put := func(from, n int) {
		for i := from; i < from+n; i++ {
			binary.LittleEndian.PutUint32(buf[4*i:], e.words[i])
		}
	}
	put(0, graph.StepHeader+graph.StepRowWords*len(rows))
	put(l.OutsAt(), len(outs))
	put(l.PagesAt(), len(pageList))
	e.step++
	return slot, nil
}

// enqueue writes a step into the next slot and starts it. At most Slots steps
// may be in flight.
func (e *Engine) enqueue(plan int, rows []graph.StepRow, outs, pageList []uint32, read uint64) error {
	slot, err := e.fill(plan, rows, outs, pageList)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Token&graph.FromSampled != 0 {
			e.backend.follow(e.step)
			break
		}
	}
	if e.counts != nil {
		e.counts.rows(e.decoding, len(rows))
		read |= readCounts
	}
	t := graph.Ticket{Step: e.step, Slot: slot, Plan: plan, Read: read}
	defer e.span(rowHost, "enqueue", e.enqueued(t, len(rows)), t)
	return e.flow.Enqueue(t)
}

// next waits for the oldest step in flight.
func (e *Engine) next() (graph.Ticket, error) {
	begin := e.begin()
	t, err := e.flow.Next()
	e.span(rowHost, "wait for a step", begin, t)
	if err == nil && e.counts != nil {
		err = e.takeCounts(t)
	}
	return t, err
}

// sampled returns the tokens that a finished step sampled.
func (e *Engine) sampled(t graph.Ticket) ([]uint32, error) {
	b, err := e.read(t, qwen3moe.Sampled)
	if err != nil {
		return nil, err
	}
	out := make([]uint32, len(b)/4)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return out, nil
}

func (e *Engine) read(t graph.Ticket, name string) ([]byte, error) {
	p := e.Plans[t.Plan]
	id := p.Find(name)
	if id == graph.NoTensor {
		return nil, fmt.Errorf("plan %s has no tensor %s", p.Name, name)
	}
	return e.programs[t.Plan].Read(t.Slot, id)
}
