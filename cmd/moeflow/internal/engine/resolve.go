package engine

import (
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/gguf/quant"
	"moeflow/graph/backend"
)

// budget is how much of a device's memory may be planned with: what the options
// allow, or 90% of all that it has. What happens to be free decides nothing, so that a
// job's answers do not depend on what else is open.
func (p *Plans) budget(d *backend.Info) uint64 {
	if p.Memory > 0 {
		return p.Memory
	}
	return d.Memory / 10 * 9
}

// Resolve sets what is chosen by the device: the type of the kv cache, if that is
// wanted, and of a batch the number of sequences. What it sets depends on the model, the
// device's memory and kind and the options alone.
//
// The cache is f16 if the weights and a cache of that type fit the budget: one of
// Context positions, and of usualLength more for each sequence of a batch; else q8_0,
// where the model's heads are whole blocks of it.
func (p *Plans) Resolve(m *model.Model, d *backend.Info) error {
	if !p.KVAuto && (!p.Batch || p.Sequences > 0) {
		return nil
	}
	types := []quant.Type{p.KVType}
	if p.KVAuto {
		types = []quant.Type{quant.F16, quant.Q8_0}
	}
	most := 0
	if p.Batch {
		if most = p.Sequences; most <= 0 {
			most = mostSequences(d)
		}
	}
	room := most
	for i, typ := range types {
		fits, n, err := p.room(m, d, typ, most)
		if err != nil && i > 0 {
			break // heads that are no whole blocks of this type: the one before it stays
		}
		if err != nil {
			return err
		}
		if p.KVType, room = typ, n; fits {
			break
		}
	}
	if p.Batch && p.Sequences <= 0 {
		p.Sequences = min(most, max(leastSequences, room))
	}
	p.KVAuto = false
	return nil
}

// leastSequences is how many prompts a batch has at once on a device whose memory is
// short: those that do not fit wait.
const leastSequences = 8

// room tells whether a kv cache of a type fits the budget, and with how many
// sequences, at most so many.
func (p *Plans) room(m *model.Model, d *backend.Info, typ quant.Type, most int) (fits bool, sequences int, err error) {
	context := p.Context
	if context <= 0 || context > m.Context && !p.BeyondModel {
		context = m.Context
	}
	need, err := Needs(m, Options{Plans: Plans{KVType: typ, Context: context, BeyondModel: p.BeyondModel, Buckets: []Bucket{{1, 1}}}})
	if err != nil || d.Memory == 0 { // a device that does not say how much it has
		return true, most, err
	}
	have, least := p.budget(d), need.Weights+need.KV
	if have < least {
		return false, 0, nil
	}
	each := need.KV / uint64(pages(context)) * uint64(pages(min(context, usualLength)))
	sequences = int(min(uint64(most), (have-least)/max(1, each)))
	return sequences == most, sequences, nil
}
