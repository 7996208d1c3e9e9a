package engine

import (
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
		o.Buckets = BatchBuckets(o.Sequences)
	}
	if o.Cache <= 0 {
		o.Cache = max(o.Context, o.Sequences*min(o.Context, usualLength))
	}
}

// BatchBuckets serve many sequences: every power of two, with logits for as many
// rows as there are sequences at most.
func BatchBuckets(sequences int) []Bucket {
	var out []Bucket
	most := batch.Bucket(min(sequences, batch.MaxRows))
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
