package engine

import (
	"maps"

	"moeflow/graph"
	"moeflow/stages/batch"
	"moeflow/vk"
)

// defaultSequences is how many prompts a batch has at once where nobody says:
// beyond it, a GPU's decoding gains little, and a processor's nothing.
func defaultSequences(d *vk.DeviceInfo) int {
	if d.Kind == "cpu" || d.Kind == "integrated" {
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
	}
	if o.Cache <= 0 {
		o.Cache = max(o.Context, o.Sequences*min(o.Context, usualLength))
	}
}

// steadyOuts is the least most logits of a deterministic batch: with fewer, the
// number of sequences could decide about the kernel that computes them.
const steadyOuts = 64

// BatchBuckets serve many sequences: every power of two, with logits for as many
// rows as there are sequences at most. Of a deterministic batch only some of
// them are used: see steady.
func BatchBuckets(sequences int, deterministic bool) []Bucket {
	var out []Bucket
	most := batch.Bucket(min(sequences, batch.MaxRows))
	if deterministic {
		most = max(most, steadyOuts)
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

// steady is how many of the smallest plans have other kernels than the largest:
// rows of a step of theirs might be summed in another order. Kernels of one name
// compute a row in one way, whatever stands beside it and however many there
// are; without those plans a row has one result.
func steady(plans []*graph.Plan) int {
	last := len(plans) - 1
	want := kernels(plans[last])
	for i, p := range plans {
		if maps.Equal(kernels(p), want) {
			return i
		}
	}
	return last
}

// kernels counts a plan's dispatches by kernel.
func kernels(p *graph.Plan) map[graph.Kernel]int {
	n := map[graph.Kernel]int{}
	for i := range p.Dispatches {
		n[p.Dispatches[i].Kernel]++
	}
	return n
}
