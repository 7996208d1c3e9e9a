package generate

import (
	"encoding/binary"
	"math"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/graph"
	"moeflow/stages/sample"
)

// ask sets what the output rows of a step, those of picks, ask of the device's sampler,
// if there is one.
func (p *picker) ask(s *engine.Step, picks []pick) error {
	if p.e.Sampler == nil {
		return nil
	}
	p.touched = p.touched[:0]
	var masks []heldMask
	for i := range picks {
		m, position := picks[i].m, int(s.Rows[s.Outs[i]].Position)+1
		row, err := p.askOne(m, position)
		if err != nil {
			return err
		}
		if m.device && m.Allow != nil {
			row.Masked = true
			masks = append(masks, m.hold(picks[i].out, position))
		}
		s.Sampling = append(s.Sampling, row)
	}
	if masks != nil {
		s.Masks = func(put func(int, sample.Mask)) error {
			for _, h := range masks {
				put(h.out, <-h.mask)
			}
			return nil
		}
	}
	return nil
}

// askOne is what a request's row asks, for the token at a position. Of a request that the host picks for, the row asks for the likeliest token.
//
// The host tells all that it knows of the sequence at each step: which tokens the
// penalties change. Those between what it knows and the position are in flight, and the
// device has kept them. So a sequence that was evicted, or that began with pages of
// another, needs no more than any other.
func (p *picker) askOne(m *member, position int) (graph.SampleRow, error) {
	row := graph.SampleRow{TopP: 1, Repeat: 1}
	if !m.device {
		return row, nil
	}
	if p.sampler == nil {
		var err error
		if p.sampler, err = sample.New(sample.Greedy(), p.e.Model.Vocab); err != nil {
			return row, err
		}
	}
	q := &m.Sampling
	row = graph.SampleRow{Temperature: float32(q.Temperature), TopK: uint32(q.TopK), TopP: float32(q.TopP), MinP: float32(q.MinP),
		Repeat: float32(q.RepeatPenalty), Frequency: float32(q.FrequencyPenalty), Presence: float32(q.PresencePenalty),
		Draw: float32(sample.Uniform(q.Seed, uint64(position))), Probs: m.LogProbs, Likeliest: uint32(m.Top)}
	if q.Plain() || !q.Adjusts() {
		return row, nil
	}
	if q.RepeatPenalty != 1 {
		row.Window = uint32(q.Window(position))
	}
	if row.Window > 0 || q.FrequencyPenalty != 0 || q.PresencePenalty != 0 {
		row.Flying = uint32(position - len(m.ids))
	}
	if err := p.sampler.Use(*q); err != nil {
		return row, err
	}
	changes, err := p.sampler.Changes(m.ids, len(m.IDs), position)
	if err != nil {
		return row, err
	}
	from := len(p.touched)
	for _, c := range changes {
		p.touched = append(p.touched, graph.SampleToken{ID: uint32(c.ID), Count: uint32(c.Count), Repeated: c.Repeated, Bias: float32(c.Bias)})
	}
	row.Touched = p.touched[from:]
	return row, nil
}

// readProbs takes a pick's log probabilities from what the device says of a step.
func (k *pick) readProbs(b []byte) error {
	word := func(i int) uint32 {
		return binary.LittleEndian.Uint32(b[4*(graph.SampleProbsWords*k.out+i):])
	}
	k.token.LogProb.LogProb = math.Float32frombits(word(1))
	if l := k.token.LogProb.LogProb; l != l {
		return sample.ErrNotFinite
	}
	for i := range k.m.Top {
		if word(2+2*i) == graph.NoToken {
			break
		}
		k.token.Top = append(k.token.Top, LogProb{int32(word(2 + 2*i)), math.Float32frombits(word(3 + 2*i))})
	}
	return nil
}
