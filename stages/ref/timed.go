package ref

import (
	"fmt"
	"time"

	"moeflow/graph"
	"moeflow/graph/backend"
)

// Programs time their dispatches by the host's clock: a tick is a nanosecond
// since the package began.
var _ backend.Timed = (*Program)(nil)

var begin = time.Now()

func now() uint64 { return uint64(time.Since(begin)) }

// Ticks gives when each dispatch of a slot's last step was computed.
func (p *Program) Ticks(slot int) ([]backend.Ticks, error) {
	s, err := p.slot(slot)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ticks == nil {
		return nil, fmt.Errorf("plan %s has run no step in slot %d to have timed", p.plan.Name, slot)
	}
	return append([]backend.Ticks(nil), s.ticks...), nil
}

// Times gives how long each took.
func (p *Program) Times(slot int) ([]time.Duration, error) {
	ticks, err := p.Ticks(slot)
	if err != nil {
		return nil, err
	}
	out := make([]time.Duration, len(ticks))
	for i, t := range ticks {
		out[i] = time.Duration(t.End - t.Begin)
	}
	return out, nil
}

// Clock is the host's own clock.
func (p *Program) Clock() (backend.Clock, error) {
	t := now()
	return backend.Clock{Tick: t, Host: begin.Add(time.Duration(t)), Within: time.Nanosecond, Period: 1, Bits: 64, How: "the host's clock"}, nil
}

// Progress tells how many segments of a step are computed, 0 of one that is not
// under way.
func (p *Program) Progress(t graph.Ticket) (int, error) {
	s, err := p.slot(t.Slot)
	if err != nil {
		return 0, err
	}
	if s.under.Load() != t.Step {
		return 0, nil
	}
	return int(s.done.Load()), nil
}
