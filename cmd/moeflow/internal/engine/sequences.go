package engine

import (
	"maps"
	"slices"

	"moeflow/graph"
	"moeflow/graph/backend"
	"moeflow/stages/batch"
)

// mostSequences is how many prompts a batch has at once where nobody says and memory
// allows: beyond it, decoding gains little or, on a CPU, becomes slower. A discrete GPU
// still gains at 512.
func mostSequences(d *backend.Info) int {
	switch d.Kind {
	case "cpu":
		return 8
	case "integrated":
		return 32
	}
	return mostOuts
}

// usualLength is for how many positions a prompt and its answer the kv cache of a
// batch is made, where the device has room.
const usualLength = 2048

// fillBatch completes the options of an engine that is opened for a batch, which
// depend on the device.
func (p *Plans) fillBatch(d *backend.Info) {
	if !p.Batch {
		return
	}
	if p.Buckets == nil {
		if p.Buckets = BatchBuckets(p.Sequences, p.Deterministic); p.Alone && !p.Deterministic {
			p.Buckets = ServeBuckets(p.Sequences)
		}
		if d.Kind == "cpu" { // to which larger steps are only longer
			p.Buckets = slices.DeleteFunc(p.Buckets, func(b Bucket) bool { return b.Rows > max(128, batch.Bucket(min(p.Sequences, mostOuts))) })
		}
	}
	if p.Cache <= 0 {
		p.Cache = max(p.Context, p.Sequences*min(p.Context, usualLength))
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

// ServeBuckets serve requests that come and go, of which there may be many or one:
// those of a batch, and those of a single sequence, with logits for one row.
func ServeBuckets(sequences int) []Bucket {
	out := BatchBuckets(sequences, false)
	for _, b := range RunBuckets() {
		if !slices.Contains(out, b) {
			out = append(out, b)
		}
	}
	return out
}

// listPages is how many page numbers a step's rows may have in all: pages that
// sequences share stand in the lists of each.
func (p *Plans) listPages() int {
	pool := pages(p.Cache)
	return max(pool, min(p.Sequences*pages(p.Context), 4*pool))
}

// shrink makes the kv cache of a batch so small that it fits the device, if need
// be, and tells whether it did. It leaves no less than one whole context.
func (p *Plans) shrink(m Memory, d *backend.Info) bool {
	have := d.Memory
	if d.Free > 0 {
		have = d.Free
	}
	have -= have / 16 // for what drivers need
	if p.Memory > 0 {
		have = min(have, p.Memory)
	}
	rest := m.Total() - m.KV
	if !p.Batch || have == 0 || m.Total() <= have || rest >= have || p.Cache <= p.Context {
		return false
	}
	n := (have - rest) / (m.KV / uint64(pages(p.Cache)*PageSize))
	p.Cache = max(p.Context, int(n)/PageSize*PageSize)
	return true
}

// StepPlans says which plans steps of many sequences may use: those that have rows
// of prompts, and those that have rows of generated tokens only.
type StepPlans struct {
	Prompts, Decode []int // indices of plans, the smallest first
	// Apart: rows of both kinds are never in one step.
	Apart bool
}

// anyPlans lets a step use what fits it best.
func anyPlans(n int) StepPlans {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return StepPlans{Prompts: all, Decode: all}
}

// steadyPlans picks plans so that what is computed for a token does not depend on
// how many rows a step has. Kernels of one name compute a row in one way, whatever
// stands beside it and however many rows there are; others sum in another order.
// So all plans used for prompts have the same kernels as the largest, and all used
// for generated tokens the same as that which suits as many rows as there are
// sequences. Where those differ, the two are never in one step: then it is a
// token's position alone that decides.
func steadyPlans(plans []*graph.Plan, sequences int) StepPlans {
	last := len(plans) - 1
	at, large := last, kernels(plans[last])
	for i, p := range plans {
		if int(p.Rows) >= sequences {
			at = i
			break
		}
	}
	var s StepPlans
	usual := kernels(plans[at])
	for i, p := range plans {
		k := kernels(p)
		if maps.Equal(k, large) {
			s.Prompts = append(s.Prompts, i)
		}
		if maps.Equal(k, usual) {
			s.Decode = append(s.Decode, i)
		}
	}
	s.Apart = !maps.Equal(usual, large)
	return s
}

// only leaves the plans that are used, and counts them anew.
func (s *StepPlans) only(plans []*graph.Plan, buckets []Bucket) (p []*graph.Plan, b []Bucket) {
	to := map[int]int{}
	for i := range plans {
		if slices.Contains(s.Prompts, i) || slices.Contains(s.Decode, i) {
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
	s.Prompts, s.Decode = renumber(s.Prompts), renumber(s.Decode)
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
