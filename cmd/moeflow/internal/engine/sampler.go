package engine

import (
	"encoding/binary"

	"moeflow/graph"
	"moeflow/graph/backend"
	"moeflow/stages/qwen3moe"
	"moeflow/stages/sample"
)

// Sampler says what the device's sampler serves.
type Sampler struct {
	vocab   int
	touched int  // tokens that bias and penalties may change in a row
	search  bool // filters may keep more tokens than graph.SampleMerged
	// Constrained tells whether rows may have masks.
	Constrained bool

	words   []uint32
	greedy  []graph.SampleRow
	changes *sample.Sampler     // finds what penalties change
	list    []graph.SampleToken // of the step being made
}

// Greedy is a row that asks for the likeliest token.
func Greedy() graph.SampleRow { return graph.SampleRow{TopP: 1, Repeat: 1} }

// Ask is what a row asks for the token at a position, in a step that is enqueued next:
// ids is the sequence as far as the host knows it, of which the first prompt ids are the
// prompt's.
//
// The host tells all that it knows of the sequence at each step: which tokens the
// penalties change. Those between what it knows and the position are in flight, and the
// device has kept them. So a sequence that was evicted, or that began with pages of
// another, needs no more than any other.
func (s *Sampler) Ask(p *sample.Params, ids []int32, prompt, position int) (graph.SampleRow, error) {
	row := graph.SampleRow{Temperature: float32(p.Temperature), TopK: uint32(p.TopK), TopP: float32(p.TopP), MinP: float32(p.MinP),
		Repeat: float32(p.RepeatPenalty), Frequency: float32(p.FrequencyPenalty), Presence: float32(p.PresencePenalty),
		Draw: float32(sample.Uniform(p.Seed, uint64(position)))}
	if !p.Adjusts() {
		return row, nil
	}
	if p.RepeatPenalty != 1 {
		row.Window = uint32(p.Window(position))
	}
	if row.Window > 0 || p.FrequencyPenalty != 0 || p.PresencePenalty != 0 {
		row.Flying = uint32(position - len(ids))
	}
	var err error
	if s.changes == nil {
		if s.changes, err = sample.New(sample.Greedy(), s.vocab); err != nil {
			return row, err
		}
	}
	if err := s.changes.Use(*p); err != nil {
		return row, err
	}
	changes, err := s.changes.Changes(ids, prompt, position)
	if err != nil {
		return row, err
	}
	from := len(s.list)
	for _, c := range changes {
		s.list = append(s.list, graph.SampleToken{ID: uint32(c.ID), Count: uint32(c.Count), Repeated: c.Repeated, Bias: float32(c.Bias)})
	}
	row.Touched = s.list[from:]
	return row, nil
}

// searchedOnCPU is the largest vocabulary in which a CPU's driver searches: Mesa's ends
// the loops of a workgroup after 65,536 rounds.
const searchedOnCPU = 2 * graph.ArgMaxPartialSize

// touched is how many tokens bias and penalties may change in a step of so many output
// rows, all together.
func touched(outs int) int { return min(max(1<<14, 1<<11*outs), 1<<18) }

func newSampler(vocab int, cpu bool, buckets []Bucket) *Sampler {
	s := &Sampler{vocab: vocab, search: !cpu || vocab <= searchedOnCPU, touched: vocab}
	for _, b := range buckets {
		s.touched = min(s.touched, touched(b.Outs)/b.Outs)
	}
	return s
}

// Serves tells whether the device can pick up to n tokens of an answer behind a
// prompt of so many, with the log probabilities of the top likeliest. What the device
// cannot do the host does, from the logits.
func (s *Sampler) Serves(p *sample.Params, prompt, n, top int) bool {
	most := len(p.Bias)
	if p.RepeatPenalty != 1 {
		most += p.Window(prompt + n)
	}
	if p.FrequencyPenalty != 0 || p.PresencePenalty != 0 {
		most += n
	}
	listed := p.Temperature == 0 || p.TopK > 0 && p.TopK <= graph.SampleMerged(s.vocab) || p.TopK == 0 && p.TopP >= 1 && p.MinP <= 0
	return min(most, s.vocab) <= s.touched && (s.search || listed) && top <= graph.SampleLikeliest
}

// holdFor has a step's sampler wait for its masks, and writes them.
func (e *Engine) holdFor(t graph.Ticket, masks func(put func(int, sample.Mask)) error) error {
	buf, err := e.programs[t.Plan].Input(t.Slot, qwen3moe.Masks)
	if err != nil {
		return err
	}
	n := sample.MaskWords(e.Model.Vocab)
	put := func(out int, m sample.Mask) {
		for i := range n {
			word := ^uint32(0)
			if m != nil {
				word = m[i]
			}
			binary.LittleEndian.PutUint32(buf[4*(out*n+i):], word)
		}
	}
	e.order.hold(t.Step, func() error { return masks(put) })
	return nil
}

// fill writes what a step's output rows ask.
func (s *Sampler) fill(p backend.Program, slot, outs int, step *Step) error {
	buf, err := p.Input(slot, qwen3moe.Sampling)
	if err != nil {
		return err
	}
	rows := step.Sampling
	if rows == nil {
		for len(s.greedy) < len(step.Outs) {
			s.greedy = append(s.greedy, Greedy())
		}
		rows = s.greedy[:len(step.Outs)]
	}
	l := graph.SampleLayout{Outs: outs, Touched: touched(outs)}
	if n := l.Words(); len(s.words) < n {
		s.words = make([]uint32, n)
	}
	from, to := l.Fill(s.words, rows)
	s.list = s.list[:0]
	for _, part := range [][2]int{{0, graph.SampleRowWords * len(rows)}, {from, to}} {
		for i := part[0]; i < part[1]; i++ {
			binary.LittleEndian.PutUint32(buf[4*i:], s.words[i])
		}
	}
	return nil
}
