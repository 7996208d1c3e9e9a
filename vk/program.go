package vk

import (
	"context"
	"fmt"
	"sync"

	vulkan "github.com/goki/vulkan"

	"moeflow/graph"
)

// Program is a plan on the device. Submit and Wait may be called from several
// goroutines; a slot must not be used for a step before its last step is done.
type Program struct {
	r     *Runtime
	plan  *graph.Plan
	slots []*slot
	mu    sync.Mutex
	last  map[uint64]uint64   // by step: the timeline value of its latest segment
	ran   map[int]bool        // by slot: whether a whole step was submitted
	marks map[uint64][]uint64 // by step, with Timestamps: each segment's timeline value
}

// Input is the memory of an input tensor of a slot, which the host may write
// while no step of the slot is running.
func (p *Program) Input(slot int, name string) ([]byte, error) {
	id := p.plan.Find(name)
	if slot < 0 || slot >= len(p.slots) || id == graph.NoTensor || p.plan.Tensors[id].Role != graph.Input {
		return nil, fmt.Errorf("plan %s has no input %s in slot %d", p.plan.Name, name, slot)
	}
	return p.slots[slot].io[id].data, nil
}

// Submit enqueues one segment of a step behind the step's segment before, on
// the device. It does not wait. The segments of a step are submitted in order,
// the last with the copies that the ticket's Read asks for.
func (p *Program) Submit(segment int, t graph.Ticket) error {
	if t.Slot < 0 || t.Slot >= len(p.slots) || segment < 0 || segment >= len(p.plan.Segments) {
		return fmt.Errorf("plan %s has no segment %d in slot %d", p.plan.Name, segment, t.Slot)
	}
	s := p.slots[t.Slot]
	cbs := []vulkan.CommandBuffer{s.segments[segment]}
	if segment == len(s.segments)-1 {
		cbs = append(cbs, s.stamped...)
		for i, cb := range s.copies {
			if t.Read&(1<<i) != 0 {
				cbs = append(cbs, cb)
			}
		}
	}
	p.mu.Lock()
	after := p.last[t.Step]
	p.mu.Unlock()
	if segment > 0 && after == 0 {
		return fmt.Errorf("plan %s: segment %d of step %d was submitted before the one ahead of it", p.plan.Name, segment, t.Step)
	}
	v, err := p.r.line.submit(after, cbs)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.last[t.Step] = v
	if p.r.opts.Timestamps {
		p.marks[t.Step] = append(p.marks[t.Step], v)
	}
	if segment == len(s.segments)-1 {
		p.ran[t.Slot] = true
	}
	p.mu.Unlock()
	return nil
}

// Wait returns when the step's last submitted segment is done, or with the
// context's error when that ends first; the step goes on and may be waited for
// again.
func (p *Program) Wait(ctx context.Context, t graph.Ticket) error {
	p.mu.Lock()
	v := p.last[t.Step]
	p.mu.Unlock()
	if v == 0 {
		return fmt.Errorf("plan %s: step %d was not submitted", p.plan.Name, t.Step)
	}
	if err := p.r.line.waitContext(ctx, v); err != nil {
		return err
	}
	p.mu.Lock()
	delete(p.last, t.Step)
	delete(p.marks, t.Step)
	p.mu.Unlock()
	return nil
}

// Read is the host's view of one of Plan.Reads, valid after Wait of a step with
// its Read bit until the slot's next step.
func (p *Program) Read(slot int, id graph.TensorID) ([]byte, error) {
	for i, r := range p.plan.Reads {
		if r == id && slot >= 0 && slot < len(p.slots) {
			return p.slots[slot].reads[i].data, nil
		}
	}
	return nil, fmt.Errorf("plan %s reads back no tensor %d in slot %d", p.plan.Name, id, slot)
}

// close frees what the heap does not.
func (p *Program) close() {
	for _, s := range p.slots {
		if s.queries != vulkan.NullQueryPool {
			vulkan.DestroyQueryPool(p.r.d.handle, s.queries, nil)
		}
		p.r.d.drop(s.segments)
		p.r.d.drop(s.copies)
		p.r.d.drop(s.stamped)
	}
}
