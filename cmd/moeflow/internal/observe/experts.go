package observe

import (
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/experts"
	"moeflow/graph"
	"moeflow/stages/qwen3moe"
)

// Experts adds up how often the device chooses each expert. The device's counts
// have 32 bits and go on through all steps; each step brings them back, so what
// came since the step before is their difference, whether or not they wrapped
// around. The zero value is ready for Attach.
type Experts struct {
	e *engine.Engine

	mu     sync.Mutex
	seen   []uint32 // the device's counts after the last finished step
	sum    *experts.Counts
	decode map[uint64]bool // of the steps in flight
}

// Attach makes c an observer of an engine, which must count experts.
func (c *Experts) Attach(e *engine.Engine) (engine.Observer, error) {
	p := e.Plans[0]
	id := p.Find(qwen3moe.Counts)
	if id == graph.NoTensor {
		return nil, fmt.Errorf("the engine was opened without counting experts")
	}
	shape := p.Tensors[id].Shape
	c.e, c.seen, c.decode = e, make([]uint32, shape[0]*shape[1]), map[uint64]bool{}
	c.sum = experts.New(int(shape[1]), int(shape[0]), e.Model.TopK)
	return c, nil
}

func (c *Experts) Started(t graph.Ticket, s *engine.Step) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.decode[t.Step] = s.Decode
	if n := uint64(len(s.Rows)); s.Decode {
		c.sum.DecodeTokens += n
	} else {
		c.sum.PrefillTokens += n
	}
}

// Finished adds what a step counted.
func (c *Experts) Finished(t graph.Ticket) error {
	b, err := c.e.Read(t, qwen3moe.Counts)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	to := c.sum.Prefill
	if c.decode[t.Step] {
		to = c.sum.Decode
	}
	delete(c.decode, t.Step)
	for layer := range to {
		for i := range to[layer] {
			at := layer*len(to[layer]) + i
			now := binary.LittleEndian.Uint32(b[4*at:])
			to[layer][i] += uint64(now - c.seen[at])
			c.seen[at] = now
		}
	}
	return nil
}

func (c *Experts) Hook(engine.Moment, int, graph.Ticket) {}

func (c *Experts) Span(engine.Lane, string, time.Time, graph.Ticket) {}

func (c *Experts) Token(int32, graph.Ticket) {}

// Counts is how often each expert was chosen since the engine was opened, by
// the steps that are finished. Greedy decoding computes a step or more ahead of
// the token that ends a text; those steps count as well. It may be called while
// the engine runs.
func (c *Experts) Counts() (*experts.Counts, error) {
	if c.e == nil {
		return nil, fmt.Errorf("no engine counts experts")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	out := *c.sum
	out.Model, out.Device, out.Prefill, out.Decode = c.e.Model.Name(), c.e.Device.Name, clone(c.sum.Prefill), clone(c.sum.Decode)
	return &out, nil
}

func clone(rows [][]uint64) [][]uint64 {
	out := make([][]uint64, len(rows))
	for i := range rows {
		out[i] = append([]uint64(nil), rows[i]...)
	}
	return out
}
