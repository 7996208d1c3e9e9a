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
	counts []buffer // one a slot: see graph.Dispatch.Wait
}

// needs is what plans have in common, each tensor once.
type needs struct {
	own    []Weight // weights that the model made itself and that are not uploaded yet
	states []want
	arena  uint64
}

// survey checks the plans' tensors and adds up what they share.
func (l *loader) survey(plans []*graph.Plan) (*needs, error) {
	n := &needs{arena: graph.Alignment}
	seen := map[string]uint64{}
	for _, p := range plans {
		if len(p.Segments) == 0 {
			return nil, fmt.Errorf("plan %s has no segments: there is nothing to run", p.Name)
		}
		n.arena = max(n.arena, p.ArenaBytes)
		for i := range p.Tensors {
			t := &p.Tensors[i]
			if t.Bytes == 0 && t.Role != graph.Activation {
				return nil, fmt.Errorf("plan %s: %s has no size", p.Name, t)
			}
			if t.Role == graph.Activation && t.Offset+t.Bytes > p.ArenaBytes {
				return nil, fmt.Errorf("plan %s: %s ends at %d in an arena of %d bytes", p.Name, t, t.Offset+t.Bytes, p.ArenaBytes)
			}
			if t.Role != graph.Weight && t.Role != graph.State && t.Role != graph.Derived {
				continue
			}
			if size, ok := seen[t.Name]; ok {
				if size != t.Bytes {
					return nil, fmt.Errorf("%s has %d bytes in one plan and %d in another", t.Name, size, t.Bytes)
				}
				continue
			}
			seen[t.Name] = t.Bytes
			if t.Role != graph.Weight {
				n.states = append(n.states, want{t.Name, t.Bytes})
			} else if err := n.weight(t, l.r.weights); err != nil {
				return nil, fmt.Errorf("plan %s: %w", p.Name, err)
			}
		}
		if err := checkReads(p); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// weight checks that a weight is there, or can be made.
func (n *needs) weight(t *graph.Tensor, have map[string]buffer) error {
	size := uint64(len(t.Data))
	b, uploaded := have[t.Name]
	switch {
	case uploaded:
		size = b.size
	case t.Data == nil:
		return fmt.Errorf("weight %s was not uploaded", t.Name)
	default:
		size = StoredBytes(t.Type, size)
		n.own = append(n.own, Weight{t.Name, t.Data, t.Type})
	}
	if want := StoredBytes(t.Type, t.Bytes); size != want {
		return fmt.Errorf("weight %s has %d bytes, wanted %d for %s %s", t.Name, size, want, t.Type, t.Shape)
	}
	return nil
}

// checkReads holds the plan's reads to what a ticket and a copy can name.
func checkReads(p *graph.Plan) error {
	if len(p.Reads) > 64 {
		return fmt.Errorf("plan %s reads %d tensors back, a ticket has 64 bits for them", p.Name, len(p.Reads))
	}
	for _, id := range p.Reads {
		if id < 0 || int(id) >= len(p.Tensors) {
			return fmt.Errorf("plan %s reads tensor %d back, which it does not have", p.Name, id)
		}
		if t := &p.Tensors[id]; t.Role == graph.Activation || t.Role == graph.Weight {
			return fmt.Errorf("plan %s reads %s back, wanted a state or an output", p.Name, t)
		}
	}
	return nil
}

// shared makes what plans have in common: small weights that the model made
// itself, state, and the arenas.
func (l *loader) shared(plans []*graph.Plan) error {
	n, err := l.survey(plans)
	if err != nil {
		return err
	}
	if err := l.fits(n, plans); err != nil {
		return err
	}
	if len(n.own) > 0 {
		if err := l.r.Upload(n.own, nil); err != nil {
			return err
		}
	}
	if err := l.state(n.states); err != nil {
		return err
	}
	arenas := make([]want, l.slots)
	for i := range arenas {
		arenas[i] = want{fmt.Sprintf("the activations of slot %d", i), n.arena}
	}
	if l.arenas, err = l.r.work.alloc("activations", onDevice, arenas); err != nil {
		return err
	}
	counts := make([]want, l.slots)
	for i := range counts {
		counts[i] = want{fmt.Sprintf("the counter of slot %d", i), counterBytes}
	}
	l.counts, err = l.r.work.alloc("counters", onDevice, counts)
	return err
}

// fits checks all that is about to be taken at once, so that an error comes
// before the first allocation and names the whole need.
func (l *loader) fits(n *needs, plans []*graph.Plan) error {
	need := uint64(l.slots) * align(n.arena)
	for _, s := range n.states {
		need += align(s.size)
	}
	for _, p := range plans {
		for i := range p.Tensors {
			if p.Tensors[i].Role == graph.Output {
				need += uint64(l.slots) * align(p.Tensors[i].Bytes)
			}
		}
	}
	if free := l.r.d.free(); need > free {
		return &MemoryError{What: "the kv cache and the activations", Need: need, Have: free}
	}
	return nil
}

// state makes zeroed tensors.
func (l *loader) state(ws []want) error {
	if len(ws) == 0 {
		return nil
	}
	bufs, err := l.r.work.alloc("state", onDevice, ws)
	if err != nil {
		return err
	}
	for i, w := range ws {
		l.r.state[w.name] = bufs[i]
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
	ticks    buffer                 // host view of the queries, with Timestamps
	stamped  []vulkan.CommandBuffer // the one that copies them, with Timestamps
	counter  buffer                 // what dispatches report to
}

// counterBytes is a counter's share of memory: more than its four bytes, so that
// no two lie in one line of a cache.
const counterBytes = 256

// program makes a plan's slots.
func (l *loader) program(p *graph.Plan) (*Program, error) {
	prog := &Program{r: l.r, plan: p, last: map[uint64]uint64{}, ran: map[int]bool{}, marks: map[uint64][]uint64{}}
	for i := range l.slots {
		s := &slot{io: map[graph.TensorID]buffer{}, counter: l.counts[i]}
		prog.slots = append(prog.slots, s)
		if err := l.buffers(p, s); err != nil {
			return prog, err
		}
		rec := recorder{r: l.r, plan: p, slot: s, arena: l.arenas[i]}
		if err := rec.all(); err != nil {
			return prog, err
		}
		if i == 0 {
			if err := rec.prepare(); err != nil {
				return prog, err
			}
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
		var ws []want
		for i := range p.Tensors {
			if t := &p.Tensors[i]; t.Role == kind.role {
				ids, ws = append(ids, graph.TensorID(i)), append(ws, want{t.Name, t.Bytes})
			}
		}
		if len(ids) == 0 {
			continue
		}
		bufs, err := l.r.work.alloc(kind.what, kind.r, ws)
		if err != nil {
			return err
		}
		for i, id := range ids {
			s.io[id] = bufs[i]
		}
	}
	if l.r.opts.Timestamps {
		bufs, err := l.r.work.alloc("timestamps", toHost, []want{{"the timestamps of a slot", 8 * uint64(len(p.Dispatches)+len(p.Segments))}})
		if err != nil {
			return err
		}
		s.ticks = bufs[0]
	}
	if len(p.Reads) == 0 {
		return nil
	}
	var ws []want
	for _, id := range p.Reads {
		ws = append(ws, want{p.Tensors[id].Name, p.Tensors[id].Bytes})
	}
	var err error
	s.reads, err = l.r.work.alloc("read-backs", toHost, ws)
	return err
}
