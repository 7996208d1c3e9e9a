package engine

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"moeflow/graph"
	"moeflow/stages/qwen3moe"
	"moeflow/stages/sample"
)

// Step is one pass through the model.
type Step struct {
	Plan int // index of Plans; its bucket has room for Rows and Outs
	Rows []graph.StepRow
	// Outs lists the rows whose logits are wanted, and Pages the page numbers
	// that the rows refer to.
	Outs, Pages []uint32
	Read        uint64 // of ReadSampled, ReadLogits and ReadProbs
	// Sampling is what each of Outs asks of the sampler, if the plans have one; nil is
	// the likeliest token for all.
	Sampling []graph.SampleRow
	// Masks puts the masks of those of Outs whose Sampling is Masked, nil for all
	// tokens. It is for plans with Constraints. The sampler's goroutine calls it before
	// the sampler is submitted, so it may wait for tokens of earlier steps while the
	// device computes all before the sampler.
	Masks  func(put func(out int, m sample.Mask)) error
	Decode bool // most rows are generated tokens, no prompt's: for observers
}

// What a step may read back. ReadProbs is for plans with a sampler.
const (
	ReadSampled = 1 << iota
	ReadLogits
	ReadProbs
	readCounts
)

// readable are the tensors of these bits.
var readable = []string{qwen3moe.Sampled, qwen3moe.Logits, qwen3moe.Probs, qwen3moe.Counts}

// reads are the bits of a plan's own list of what can be read.
func reads(p *graph.Plan, bits uint64) (out uint64) {
	for i, id := range p.Reads {
		if at := slices.Index(readable, p.Tensors[id].Name); at >= 0 {
			out |= bits >> at & 1 << i
		}
	}
	return out
}

// Fill writes a step into the next slot and numbers it. The ticket is then to be
// run: Enqueue does both.
func (e *Engine) Fill(s *Step) (graph.Ticket, error) {
	slot := int(e.step % uint64(e.Slots))
	buf, err := e.programs[s.Plan].Input(slot, "step")
	if err != nil {
		return graph.Ticket{}, err
	}
	b := e.Buckets[s.Plan]
	l := graph.StepLayout{Rows: b.Rows, Outs: b.Outs, Pages: e.ListPages}
	if len(e.words) < l.Words() {
		e.words = make([]uint32, l.Words())
	}
	l.Fill(e.words, s.Rows, s.Outs, s.Pages)
	put := func(from, n int) {
		for i := from; i < from+n; i++ {
			binary.LittleEndian.PutUint32(buf[4*i:], e.words[i])
		}
	}
	put(0, graph.StepHeader+graph.StepRowWords*len(s.Rows))
	put(l.OutsAt(), len(s.Outs))
	put(l.PagesAt(), len(s.Pages))
	if e.Sampler != nil {
		if err := e.Sampler.fill(e.programs[s.Plan], slot, b.Outs, s); err != nil {
			return graph.Ticket{}, err
		}
	}
	read := s.Read
	if e.counting {
		read |= readCounts
	}
	e.step++
	return graph.Ticket{Step: e.step, Slot: slot, Plan: s.Plan, Read: reads(e.Plans[s.Plan], read)}, nil
}

// Enqueue writes a step into the next slot and starts it. At most Slots steps
// may be in flight. The step is not used after Enqueue returns.
func (e *Engine) Enqueue(s *Step) error {
	t, err := e.Fill(s)
	if err != nil {
		return err
	}
	for _, r := range s.Rows {
		if r.Token&graph.FromSampled != 0 {
			e.order.follow(e.step)
			break
		}
	}
	if s.Masks != nil {
		if err := e.holdFor(t, s.Masks); err != nil {
			return err
		}
	}
	defer e.Span(LaneHost, "enqueue", e.enqueued(t, s), t)
	return e.flow.Enqueue(t)
}

// Submitted notes that all steps so far were submitted by another way than
// Enqueue, and are done.
func (e *Engine) Submitted() { e.order.skip(e.step) }

// Next waits for the oldest step in flight.
func (e *Engine) Next() (graph.Ticket, error) {
	begin := e.Begin()
	t, err := e.flow.Next()
	e.Span(LaneHost, "wait for a step", begin, t)
	for _, x := range e.observers {
		if err == nil {
			err = x.Finished(t)
		}
	}
	return t, err
}

// Drain waits for n steps in flight, so that the slots are free, and returns
// the error that was the reason.
func (e *Engine) Drain(n int, cause error) error {
	for range n {
		if _, err := e.Next(); err != nil {
			return err
		}
	}
	return cause
}

// Sampled returns the tokens that a finished step sampled, by the slot of the
// row, as little-endian words of 32 bits. The view ends with the slot's next
// step.
func (e *Engine) Sampled(t graph.Ticket) ([]byte, error) { return e.Read(t, qwen3moe.Sampled) }

// Logits returns those of a finished step, a row for each of its Outs, as
// little-endian float32. The view ends with the slot's next step.
func (e *Engine) Logits(t graph.Ticket) ([]byte, error) { return e.Read(t, qwen3moe.Logits) }

// Probs returns what the sampler knows of the picks of a finished step, a row of
// graph.SampleProbsWords words for each of its Outs. The view ends with the slot's next
// step.
func (e *Engine) Probs(t graph.Ticket) ([]byte, error) { return e.Read(t, qwen3moe.Probs) }

// Row decodes one row of Logits into out, which has the vocabulary's length.
func Row(logits []byte, n int, out []float32) {
	row := logits[4*n*len(out):][:4*len(out)]
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(row[4*i:]))
	}
}

// Read returns what a finished step read back of a tensor.
func (e *Engine) Read(t graph.Ticket, name string) ([]byte, error) {
	p := e.Plans[t.Plan]
	id := p.Find(name)
	if id == graph.NoTensor {
		return nil, fmt.Errorf("plan %s has no tensor %s", p.Name, name)
	}
	return e.programs[t.Plan].Read(t.Slot, id)
}

// StepsBegun is how many steps were begun so far.
func (e *Engine) StepsBegun() uint64 { return e.step }
