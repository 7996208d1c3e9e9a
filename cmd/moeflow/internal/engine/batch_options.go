package engine

import (
	"maps"
	"slices"

	"moeflow/graph"
	"moeflow/stages/batch"
	"moeflow/vk"
)

// defaultSequences is how many prompts a batch has at once where nobody says:
// beyond it, decoding gains little or, on a CPU, becomes slower.
func defaultSequences(d *vk.DeviceInfo) int {
	switch d.Kind {
	case "cpu":
		return 8
	case "integrated":
		return 32
	}
	return 128
}

// usualLength is for how many positions a prompt and its answer the kv cache of a
// batch is made, where the device has room.
const usualLength = 2048

// fillBatch completes the options of an engine that is opened for a batch, which
// depend on the device.
func (o *Options) fillBatch(d *vk.DeviceInfo) {
	if !o.Batch {
		return
	}
	if o.Sequences <= 0 {
		o.Sequences = defaultSequences(d)
	}
	if o.Buckets == nil {
		o.Buckets = BatchBuckets(o.Sequences, o.Deterministic)
		if d.Kind == "cpu" { // to which larger steps are only longer
			o.Buckets = slices.DeleteFunc(o.Buckets, func(b Bucket) bool { return b.Rows > max(128, batch.Bucket(min(o.Sequences, mostOuts))) })
		}
	}
	if o.Cache <= 0 {
		o.Cache = max(o.Context, o.Sequences*min(o.Context, usualLength))
	}
}

// mostOuts bounds the memory for logits; more sequences take turns.
const mostOuts = 512

// BatchBuckets serve many sequences: every power of two, with logits for as many
// rows as there are sequences at most. Of a deterministic batch only some of
// them are used: see steadyPlans.
func BatchBuckets(sequences int, deterministic bool) []Bucket {
	var out []Bucket
	most := batch.Bucket(min(sequences, mostOuts))
	if deterministic {
		most = max(most, steadyRows)
	}
	for _, rows := range batch.Buckets() {
		out = append(out, Bucket{Rows: rows, Outs: min(rows, most)})
	}
	return out
}

// listPages is how many page numbers a step's rows may have in all: pages that
// sequences share stand in the lists of each.
func (o *Options) listPages() int {
	pool := pages(o.Cache)
	return max(pool, min(o.Sequences*pages(o.Context), 4*pool))
}

// shrink makes the kv cache of a batch so small that it fits the device, if need
// be, and tells whether it did. It leaves no less than one whole context.
func (o *Options) shrink(m Memory, d *vk.DeviceInfo) bool {
	have := d.Memory
	if d.Free > 0 {
		have = d.Free
	}
	have -= have / 16 // for what drivers need
	rest := m.Total() - m.KV
	if !o.Batch || have == 0 || m.Total() <= have || rest >= have || o.Cache <= o.Context {
		return false
	}
	n := (have - rest) / (m.KV / uint64(pages(o.Cache)*PageSize))
	o.Cache = max(o.Context, int(n)/PageSize*PageSize)
	return true
}

// stepPlans says which plans a batch's steps may use: those that have rows of
// prompts, and those that have rows of generated tokens only.
type stepPlans struct {
	prompts, decode []int // indices of plans, the smallest first
	// apart: rows of both kinds are never in one step.
	apart bool
}

// anyPlans lets a step use what fits it best.
func anyPlans(n int) stepPlans {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return stepPlans{prompts: all, decode: all}
}

// steadyPlans picks plans so that what is computed for a token does not depend on
// how many rows a step has. Kernels of one name compute a row in one way, whatever
// stands beside it and however many rows there are; others sum in another order.
// So all plans used for prompts have the same kernels as the largest, and all used
// for generated tokens the same as that which suits as many rows as there are
// sequences. Where those differ, the two are never in one step: then it is a
// token's position alone that decides.
func steadyPlans(plans []*graph.Plan, sequences int) stepPlans {
	last := len(plans) - 1
	at, large := last, kernels(plans[last])
	for i, p := range plans {
		if int(p.Rows) >= sequences {
			at = i
			break
		}
	}
	var s stepPlans
	usual := kernels(plans[at])
	for i, p := range plans {
		k := kernels(p)
		if maps.Equal(k, large) {
			s.prompts = append(s.prompts, i)
		}
		if maps.Equal(k, usual) {
			s.decode = append(s.decode, i)
		}
	}
	s.apart = !maps.Equal(usual, large)
	return s
}

// only leaves the plans that are used, and counts them anew.
func (s *stepPlans) only(plans []*graph.Plan, buckets []Bucket) (p []*graph.Plan, b []Bucket) {
	to := map[int]int{}
	for i := range plans {
		if slices.Contains(s.prompts, i) || slices.Contains(s.decode, i) {
			to[i] = len(p)
			p, b = append(p, plans[i]), append(b, buckets[i])
		}
	}
	renumber := func(old []int) []int {
		out := make([]int, len(old))
		for i, o := range old {
			out[i] = to[o]
		}
		return out
	}
	s.prompts, s.decode = renumber(s.prompts), renumber(s.decode)
	return p, b
}

// steadyRows is for how many rows of a deterministic batch's larger steps logits
// are computed at least: with fewer, the number of sequences could decide about
// the kernel.
const steadyRows = 64

// kernels counts a plan's dispatches by kernel.
func kernels(p *graph.Plan) map[graph.Kernel]int {
	n := map[graph.Kernel]int{}
	for i := range p.Dispatches {
		n[p.Dispatches[i].Kernel]++
	}
	return n
}
