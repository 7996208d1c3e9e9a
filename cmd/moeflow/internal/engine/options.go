package engine

import (
	"slices"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/graph/backend"
	"moeflow/vk/shaders"
)

// Options choose how a model is loaded, with which plans, and who observes.
type Options struct {
	Load    Load
	Plans   Plans
	Observe Observe
}

// Load says on what a model runs.
type Load struct {
	// Open opens the device, with timestamps or without.
	Open     func(timestamps bool) (backend.Device, error)
	Slots    int                                 // steps in flight; at least 2 is used
	Progress func(what string, done, all uint64) // may be nil
}

// Plans say what is compiled for the device.
type Plans struct {
	Granularity graph.Granularity
	KVType      quant.Type
	KVAuto      bool   // KVType is chosen by what fits the memory: see Resolve
	Memory      uint64 // the most to be taken of the device's memory; 0: 90% of it
	Context     int    // positions that a sequence can have; 0: the model's own
	BeyondModel bool   // Context may exceed what the model was trained for: a cache for several sequences
	Cache       int    // positions of the kv cache, all sequences together; 0: Context
	Batch       bool   // for many sequences: Buckets and Cache, where they are 0, suit them
	Sequences   int    // the most that run at once; 0: of a batch what suits the device, else one
	// Alone says that a sequence of a batch may often be alone: then there are plans for
	// one too.
	Alone bool
	// Deterministic has a batch compute every row with the same kernels, however
	// many rows there are: what a prompt gets does not depend on the others. A
	// step of few rows may take longer.
	Deterministic bool
	Buckets       []Bucket // step sizes; nil: RunBuckets
	NoFuse        bool
	Without       []string // precisions that no kernel may have (see shaders.Choice); nil is q8
	Sync          string   // barrier, counter or auto; "" is auto
	Pretend       []string // capabilities that the device is taken to have, so that kernels for GPUs are tested without one
	CountExperts  bool     // the device counts how often each expert is chosen
	// Sampler has the device pick tokens by all that sample.Params ask, as far as
	// Engine.Sampler says; without it, the device picks the likeliest one. A CPU has no
	// sampler unless SamplerOnCPU asks for it: the host reads its logits at no cost, and
	// compiling the sampler's kernels takes a CPU's driver seconds.
	Sampler, SamplerOnCPU bool
	// Constraints gives the sampler masks of allowed tokens, and a segment of its own,
	// so that it can wait for a mask while other work goes on.
	Constraints bool
}

// Observe says who sees what the engine does.
type Observe struct {
	Timestamps bool // time every dispatch: see backend.Timed
	// Observers make the observers of an engine whose plans are loaded, before
	// its first step.
	Observers []func(*Engine) (Observer, error)
}

// fill sets what depends on the model alone.
func (o *Options) fill(context int) {
	p := &o.Plans
	if p.Context <= 0 || p.Context > context && !p.BeyondModel {
		p.Context = context
	}
	if o.Load.Progress == nil {
		o.Load.Progress = func(string, uint64, uint64) {}
	}
}

// slots is how many steps are in flight.
func (l *Load) slots() int { return max(2, l.Slots) }

// fillRest sets what depends on the other options.
func (p *Plans) fillRest() {
	if p.Buckets == nil {
		p.Buckets = RunBuckets()
	}
	if p.Cache <= 0 {
		p.Cache = p.Context
	}
	for _, b := range p.Buckets {
		if !p.Batch {
			p.Sequences = max(p.Sequences, b.Outs)
		}
	}
}

// counters tells whether kernels may wait by themselves: only on devices that are
// known to start workgroups in the order of their dispatches. Where each dispatch
// is timed they must not overlap.
func (o *Options) counters(ordered bool) bool {
	return !o.Observe.Timestamps && (o.Plans.Sync == "counter" || o.Plans.Sync != "barrier" && ordered)
}

// kernels is which kernels are wanted on a class of devices.
func (p *Plans) kernels(c *shaders.Class) shaders.Choice {
	without := p.Without
	if without == nil {
		without = []string{"q8"}
	}
	has := slices.Concat(c.Has, p.Pretend)
	if slices.Contains(p.Pretend, "gpu") { // then it is no CPU
		has = slices.DeleteFunc(has, func(c string) bool { return c == "cpu" })
	}
	if slices.Contains(without, "f16") { // all arithmetic in float32: no matrix units at all
		has = slices.DeleteFunc(has, func(c string) bool { return c == "coopmat" })
	}
	return shaders.Choice{Has: has, Without: without, Processors: c.Processors}
}
