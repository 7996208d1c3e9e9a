package engine

import (
	"cmp"
	"fmt"
	"slices"

	"moeflow/cmd/moeflow/internal/model"
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/stages/qwen3moe"
	"moeflow/vk/shaders"
)

// PageSize is how many positions a page of the kv cache holds.
const PageSize = 64

// Bucket is a step size that a plan is compiled for: up to Rows rows, of which
// up to Outs have their logits computed.
type Bucket struct{ Rows, Outs int }

// RunBuckets serve one sequence: single-row decode steps, and prefill chunks of
// which only the last row's logits are wanted: the more rows, the more of them
// share an expert's weights.
func RunBuckets() []Bucket { return []Bucket{{1, 1}, {8, 1}, {64, 1}, {512, 1}, {2048, 1}} }

// LogitsBuckets serve commands that look at the logits of every position.
func LogitsBuckets() []Bucket { return []Bucket{{32, 32}} }

// planOptions is what one set of plans is compiled with.
type planOptions struct {
	buckets     []Bucket
	granularity graph.Granularity
	kvType      quant.Type
	cache       int // positions
	list        int // page numbers of a step
	sequences   int // that sample
	kernels     graph.Catalog
	noFuse      bool
	counters    bool
	count       bool // how often experts are chosen
	sampler     bool
	constraints bool
}

// planOptions is what the options ask of plans, with kernels of a catalog.
func (p *Plans) planOptions(kernels graph.Catalog) planOptions {
	return planOptions{buckets: p.Buckets, granularity: p.Granularity, kvType: p.KVType, cache: p.Cache, list: p.listPages(), sequences: p.Sequences,
		kernels: kernels, noFuse: p.NoFuse, count: p.CountExperts, sampler: p.Sampler, constraints: p.Constraints}
}

// pages is how many pages hold n positions.
func pages(n int) int { return (n + PageSize - 1) / PageSize }

// compile makes the plan of each bucket, the smallest first.
func compile(m *model.Model, o planOptions) ([]*graph.Plan, error) {
	if len(o.buckets) == 0 {
		return nil, fmt.Errorf("no step sizes to compile for")
	}
	slices.SortFunc(o.buckets, func(a, b Bucket) int { return cmp.Or(cmp.Compare(a.Rows, b.Rows), cmp.Compare(a.Outs, b.Outs)) })
	rows, list := 1, max(o.list, pages(o.cache))
	for _, b := range o.buckets {
		o.sequences, rows = max(o.sequences, b.Outs), max(rows, b.Rows)
	}
	var plans []*graph.Plan
	for _, b := range o.buckets {
		g, err := m.Build(qwen3moe.Options{
			Layout: graph.StepLayout{Rows: b.Rows, Outs: b.Outs, Pages: list},
			KVType: o.kvType, Positions: pages(o.cache) * PageSize, PageSize: PageSize, MaxRows: rows, Slots: o.sequences,
			CountExperts: o.count, Sampler: o.sampler, Touched: touched(b.Outs), Masks: o.constraints,
		})
		if err != nil {
			return nil, err
		}
		c := graph.Options{Kernels: o.kernels, Granularity: o.granularity, NoFuse: o.noFuse, Counters: o.counters}
		if o.constraints {
			c.Apart = "sample"
		}
		p, err := graph.Compile(g, c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.File.Path(), err)
		}
		plans = append(plans, p)
	}
	return plans, nil
}

// Memory is what a model needs on a device, in bytes. IO is what is written and read
// back, and what is kept from step to step but for the kv cache.
type Memory struct {
	Weights, KV, Activations, IO uint64
}

// Total is the sum.
func (m Memory) Total() uint64 { return m.Weights + m.KV + m.Activations + m.IO }

// memoryOf adds up what plans need with the given number of slots.
func memoryOf(plans []*graph.Plan, slots int) Memory {
	var m Memory
	seen := map[string]bool{}
	var arena uint64
	for _, p := range plans {
		arena = max(arena, p.ArenaBytes)
		for i := range p.Tensors {
			t := &p.Tensors[i]
			bytes := t.Bytes
			if t.Role == graph.Weight {
				bytes = bytes / uint64(t.Type.BlockBytes()) * uint64(shaders.Stored(t.Type)) // padded
			}
			bytes = (bytes + graph.Alignment - 1) / graph.Alignment * graph.Alignment
			switch t.Role {
			case graph.Weight, graph.Derived, graph.State:
				if seen[t.Name] {
					continue
				}
				seen[t.Name] = true
				switch {
				case qwen3moe.IsCache(t):
					m.KV += bytes
				case t.Role == graph.State:
					m.IO += bytes
				default:
					m.Weights += bytes
				}
			case graph.Input, graph.Output:
				m.IO += bytes * uint64(slots)
			}
		}
	}
	m.Activations = arena * uint64(slots)
	return m
}

// Needs works out the device memory for options, without a device.
func Needs(m *model.Model, o Options) (Memory, error) {
	o.fill(m.Context)
	o.Plans.fillRest()
	plans, err := compile(m, o.Plans.planOptions(shaders.Catalog()))
	if err != nil {
		return Memory{}, err
	}
	return memoryOf(plans, o.Load.slots()), nil
}
