package vk

import (
	"fmt"

	vulkan "github.com/goki/vulkan"

	"moeflow/graph"
)

// loader gives the tensors of plans their memory.
type loader struct {
	r      *Runtime
	slots  int
	arenas []buffer // one a slot, large enough for every plan
}

// shared makes what plans have in common: small weights that the model made
// itself, state, and the arenas.
func (l *loader) shared(plans []*graph.Plan) error {
	var own []Weight
	var states []*graph.Tensor
	arena, seen := uint64(graph.Alignment), map[string]uint64{}
	for _, p := range plans {
		arena = max(arena, p.ArenaBytes)
		for i := range p.Tensors {
			t := &p.Tensors[i]
			if t.Role != graph.Weight && t.Role != graph.State {
				continue
			}
			if size, ok := seen[t.Name]; ok {
				if size != t.Bytes {
					return fmt.Errorf("%s has %d bytes in one plan and %d in another", t.Name, size, t.Bytes)
				}
				continue
			}
			seen[t.Name] = t.Bytes
			have, uploaded := l.r.named[t.Name]
			switch {
			case t.Role == graph.State:
				states = append(states, t)
			case t.Data != nil && !uploaded:
				own = append(own, Weight{t.Name, t.Data})
			case !uploaded:
				return fmt.Errorf("weight %s was not uploaded", t.Name)
			case have.size != t.Bytes:
				return fmt.Errorf("weight %s has %d bytes, wanted %d", t.Name, have.size, t.Bytes)
			}
		}
	}
	if len(own) > 0 {
		if err := l.r.Upload(own, nil); err != nil {
			return err
		}
	}
	if err := l.state(states); err != nil {
		return err
	}
	sizes := make([]uint64, l.slots)
	for i := range sizes {
		sizes[i] = arena
	}
	var err error
	l.arenas, err = l.r.heap.alloc("activations", onDevice, sizes)
	return err
}

// state makes zeroed tensors.
func (l *loader) state(ts []*graph.Tensor) error {
	if len(ts) == 0 {
		return nil
	}
	var sizes []uint64
	for _, t := range ts {
		sizes = append(sizes, t.Bytes)
	}
	bufs, err := l.r.heap.alloc("state", onDevice, sizes)
	if err != nil {
		return err
	}
	for i, t := range ts {
		l.r.named[t.Name] = bufs[i]
	}
	return l.r.d.once(l.r.line, func(cb vulkan.CommandBuffer) {
		for _, b := range bufs {
			vulkan.CmdFillBuffer(cb, b.handle, vulkan.DeviceSize(b.offset), vulkan.DeviceSize((b.size+3)/4*4), 0)
		}
		fence(cb)
	})
}

// slot is one slot of a program: buffers and recorded commands.
type slot struct {
	io       map[graph.TensorID]buffer // inputs and outputs
	reads    []buffer                  // host views of Plan.Reads
	segments []vulkan.CommandBuffer
	copies   []vulkan.CommandBuffer // one for each of Plan.Reads
	queries  vulkan.QueryPool
}

// program makes a plan's slots.
func (l *loader) program(p *graph.Plan) (*Program, error) {
	prog := &Program{r: l.r, plan: p, last: map[uint64]uint64{}}
	for i := range l.slots {
		s := &slot{io: map[graph.TensorID]buffer{}}
		prog.slots = append(prog.slots, s)
		if err := l.buffers(p, s); err != nil {
			return prog, err
		}
		rec := recorder{r: l.r, plan: p, slot: s, arena: l.arenas[i]}
		if err := rec.all(); err != nil {
			return prog, err
		}
	}
	return prog, nil
}

// buffers makes a slot's inputs, outputs and read-backs.
func (l *loader) buffers(p *graph.Plan, s *slot) error {
	for _, kind := range []struct {
		role graph.Role
		what string
		r    reach
	}{{graph.Input, "inputs", toDevice}, {graph.Output, "outputs", onDevice}} {
		var ids []graph.TensorID
		var sizes []uint64
		for i := range p.Tensors {
			if p.Tensors[i].Role == kind.role {
				ids, sizes = append(ids, graph.TensorID(i)), append(sizes, p.Tensors[i].Bytes)
			}
		}
		if len(ids) == 0 {
			continue
		}
		bufs, err := l.r.heap.alloc(kind.what, kind.r, sizes)
		if err != nil {
			return err
		}
		for i, id := range ids {
			s.io[id] = bufs[i]
		}
	}
	if len(p.Reads) == 0 {
		return nil
	}
	var sizes []uint64
	for _, id := range p.Reads {
		sizes = append(sizes, p.Tensors[id].Bytes)
	}
	var err error
	s.reads, err = l.r.heap.alloc("read-backs", toHost, sizes)
	return err
}
