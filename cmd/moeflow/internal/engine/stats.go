package engine

import (
	"encoding/binary"
	"fmt"
	"sync"

	"moeflow/cmd/moeflow/internal/experts"
	"moeflow/graph"
	"moeflow/stages/qwen3moe"
)

// expertCounts adds up what the device counts. The device's counts have 32 bits
// and go on through all steps; each step brings them back, so what came since
// the step before is their difference, whether or not they wrapped around.
type expertCounts struct {
	mu   sync.Mutex
	seen []uint32 // the device's counts after the last finished step
	sum  *experts.Counts
}

// newExpertCounts takes the sizes from the plan's tensor of counts.
func newExpertCounts(p *graph.Plan, topK int) *expertCounts {
	shape := p.Tensors[p.Find(qwen3moe.Counts)].Shape
	return &expertCounts{seen: make([]uint32, shape[0]*shape[1]), sum: experts.New(int(shape[1]), int(shape[0]), topK)}
}

// rows notes that a step of n rows was started.
func (c *expertCounts) rows(decode bool, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if decode {
		c.sum.DecodeTokens += uint64(n)
	} else {
		c.sum.PrefillTokens += uint64(n)
	}
}

// takeCounts adds what a finished step counted. Prefill and decode steps are
// never in flight together, so it belongs to what runs now.
func (e *Engine) takeCounts(t graph.Ticket) error {
	b, err := e.read(t, qwen3moe.Counts)
	if err != nil {
		return err
	}
	c := e.counts
	c.mu.Lock()
	defer c.mu.Unlock()
	to := c.sum.Prefill
	if e.decoding {
		to = c.sum.Decode
	}
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

// ExpertCounts is how often each expert was chosen since the engine was opened,
// by the steps that are finished. Greedy decoding computes a step or more ahead
// of the token that ends a text; those steps count as well. It may be called
// while the engine runs. The engine must have been opened with CountExperts.
func (e *Engine) ExpertCounts() (*experts.Counts, error) {
	if e.counts == nil {
		return nil, fmt.Errorf("the engine was opened without counting experts")
	}
	c := e.counts
	c.mu.Lock()
	defer c.mu.Unlock()
	out := *c.sum
	out.Model, out.Device, out.Prefill, out.Decode = e.Model.Name(), e.Device.Name, clone(c.sum.Prefill), clone(c.sum.Decode)
	return &out, nil
}

func clone(rows [][]uint64) [][]uint64 {
	out := make([][]uint64, len(rows))
	for i := range rows {
		out[i] = append([]uint64(nil), rows[i]...)
	}
	return out
}
