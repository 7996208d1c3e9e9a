package ref

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"moeflow/graph"
	"moeflow/graph/backend"
)

// Program is one loaded plan: a backend of a flow like vk's. Submit only
// records; Wait computes, in the calling goroutine.
type Program struct {
	plan  *graph.Plan
	slots []*slot
}

// slot is a private copy of the inputs and activations.
type slot struct {
	run    *Run
	inputs map[string][]byte

	mu        sync.Mutex
	submitted int // segments of the step under way
	step      uint64
	// reads are the State tensors that the last step's ticket asked for, as the
	// step left them: a later step in another slot changes the tensors.
	reads map[graph.TensorID][]byte
	ticks []backend.Ticks // of the last step's dispatches

	under atomic.Uint64 // the step that is computed
	done  atomic.Int64  // its segments that are computed
}

// Load gives plans memory: one copy of the weights, which are kept and not
// copied, one of each State tensor, shared by name, and for each plan slots
// copies of the rest. It fails for a missing or wrongly sized weight, and where
// plans disagree about a State tensor.
func Load(plans []*graph.Plan, weights map[string][]byte, slots int) ([]*Program, error) {
	shared := map[string]*value{}
	var out []*Program
	for _, p := range plans {
		prog := &Program{plan: p}
		for range slots {
			s, err := newSlot(p, weights, shared)
			if err != nil {
				return nil, fmt.Errorf("plan %s: %w", p.Name, err)
			}
			prog.slots = append(prog.slots, s)
		}
		if slots > 0 {
			if err := prog.slots[0].run.prepare(); err != nil {
				return nil, err
			}
		}
		out = append(out, prog)
	}
	return out, nil
}

func newSlot(p *graph.Plan, weights map[string][]byte, shared map[string]*value) (*slot, error) {
	s := &slot{run: &Run{plan: p, values: make([]*value, len(p.Tensors))}, inputs: map[string][]byte{}}
	for i := range p.Tensors {
		t := &p.Tensors[i]
		common := t.Role == graph.Weight || t.Role == graph.State || t.Role == graph.Derived
		if v := shared[t.Name]; common && v != nil {
			if !v.t.Shape.Equal(t.Shape) || v.t.Type != t.Type || v.t.Role != t.Role {
				return nil, fmt.Errorf("tensor %s is %s in another plan", t, v.t)
			}
			s.run.values[i] = v
			continue
		}
		data := t.Data
		if data == nil && t.Role == graph.Weight {
			if data = weights[t.Name]; data == nil {
				return nil, fmt.Errorf("no data for weight %s", t)
			}
		}
		v, err := newValue(t, data)
		if err != nil {
			return nil, err
		}
		if s.run.values[i] = v; common {
			shared[t.Name] = v
		}
		if t.Role == graph.Input {
			n, _ := size(t)
			s.inputs[t.Name] = make([]byte, n)
		}
	}
	return s, nil
}

func (p *Program) slot(i int) (*slot, error) {
	if i < 0 || i >= len(p.slots) {
		return nil, fmt.Errorf("plan %s: slot %d of %d", p.plan.Name, i, len(p.slots))
	}
	return p.slots[i], nil
}

// Input is the memory of a slot's Input tensor, to be written between a step's
// end and the next step's first Submit.
func (p *Program) Input(slot int, name string) ([]byte, error) {
	s, err := p.slot(slot)
	if err != nil {
		return nil, err
	}
	in, ok := s.inputs[name]
	if !ok {
		return nil, fmt.Errorf("plan %s has no input %q", p.plan.Name, name)
	}
	return in, nil
}

// Submit records one segment of a step. Segments must come in order.
func (p *Program) Submit(seg int, t graph.Ticket) error {
	s, err := p.slot(t.Slot)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if seg == 0 {
		s.step, s.submitted = t.Step, 0
	}
	if s.step != t.Step || s.submitted != seg || seg >= len(p.plan.Segments) {
		return fmt.Errorf("plan %s: segment %d of step %d comes after %d segments of step %d",
			p.plan.Name, seg, t.Step, s.submitted, s.step)
	}
	s.submitted++
	return nil
}

// Wait computes the step, all of whose segments must have been submitted. Steps
// must be waited for in the order in which they follow each other.
func (p *Program) Wait(ctx context.Context, t graph.Ticket) error {
	s, err := p.slot(t.Slot)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.step != t.Step || s.submitted != len(p.plan.Segments) {
		return fmt.Errorf("plan %s: step %d waits in slot %d, which has %d of %d segments of step %d",
			p.plan.Name, t.Step, t.Slot, s.submitted, len(p.plan.Segments), s.step)
	}
	for i := range p.plan.Tensors {
		if in, ok := s.inputs[p.plan.Tensors[i].Name]; ok {
			s.run.values[i].load(in)
		}
	}
	s.done.Store(0)
	s.under.Store(t.Step)
	defer s.under.Store(0)
	s.ticks = make([]backend.Ticks, len(p.plan.Dispatches))
	for _, seg := range p.plan.Segments {
		for i := seg.First; i < seg.Last; i++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			from := now()
			if err := s.run.Run(i, i+1); err != nil {
				return err
			}
			s.ticks[i] = backend.Ticks{Begin: from, End: now()}
		}
		s.done.Add(1)
	}
	s.submitted, s.reads = 0, map[graph.TensorID][]byte{}
	for i, id := range p.plan.Reads {
		if t.Read&(1<<i) != 0 && p.plan.Tensors[id].Role == graph.State {
			s.reads[id] = s.run.Bytes(id)
		}
	}
	return nil
}

// Read is a State or Output tensor, as little-endian bytes: an Output and what
// the ticket asked for as the slot's last step left it, any other State as it is
// now.
func (p *Program) Read(slot int, id graph.TensorID) ([]byte, error) {
	s, err := p.slot(slot)
	if err != nil {
		return nil, err
	}
	if id < 0 || int(id) >= len(s.run.values) {
		return nil, fmt.Errorf("plan %s has no tensor %d", p.plan.Name, id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept := s.reads[id]; kept != nil {
		return kept, nil
	}
	return s.run.Bytes(id), nil
}
