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
	var masks []heldMask
	for i := range picks {
		m, position := picks[i].m, int(s.Rows[s.Outs[i]].Position)+1
		row := engine.Greedy() // of requests for which the host picks
		if m.device {
			var err error
			if row, err = p.e.Sampler.Ask(&m.Sampling, m.ids, len(m.IDs), position); err != nil {
				return err
			}
			row.Probs, row.Likeliest = m.LogProbs, uint32(m.Top)
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
