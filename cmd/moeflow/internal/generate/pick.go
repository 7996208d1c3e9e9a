package generate

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/graph"
	"moeflow/stages/sample"
)

// pick is a row of a step whose next token is to be picked, or was.
type pick struct {
	m     *member
	out   int // which of the step's outputs
	slot  int // where the device keeps the token
	token Token
	err   error // of this request alone
}

// onDevice tells whether the device picks a request's tokens, which then stay
// there and feed the next step before the host has read them.
func onDevice(e *engine.Engine, r *Request) bool {
	if e.Sampler == nil {
		return r.Sampling.Plain() && !r.LogProbs && r.Allow == nil
	}
	return (r.Allow == nil || e.Sampler.Constrained) && e.Sampler.Serves(&r.Sampling, len(r.IDs), r.MaxTokens, r.Top)
}

// picker picks the tokens of steps: the loop knows of sampling only what stands
// here and in onDevice.
type picker struct {
	e       *engine.Engine
	workers []*worker
}

// reads is what a step has to read back for a request.
func (p *picker) reads(m *member) uint64 {
	switch {
	case !m.device:
		return engine.ReadLogits
	case m.LogProbs:
		return engine.ReadSampled | engine.ReadProbs
	}
	return engine.ReadSampled
}

// pick sets the tokens of a finished step's picks, or their errors. An error that
// is returned is the engine's.
func (p *picker) pick(t graph.Ticket, picks []pick) error {
	onDevice, err := p.readSampled(t, picks)
	if err == nil && onDevice < len(picks) {
		err = p.sample(t, picks)
	}
	return err
}

// readSampled takes the tokens that the device picked, and counts them.
func (p *picker) readSampled(t graph.Ticket, picks []pick) (n int, err error) {
	var b []byte
	for i := range picks {
		k := &picks[i]
		if !k.m.device {
			continue
		}
		if n++; b == nil {
			if b, err = p.e.Sampled(t); err != nil {
				return n, err
			}
		}
		id := binary.LittleEndian.Uint32(b[4*k.slot:])
		if id == graph.NoToken {
			k.err = atPosition(len(k.m.ids), k.m.noToken())
			continue
		}
		k.token.ID = int32(id)
		if k.m.LogProbs {
			probs, err := p.e.Probs(t)
			if err != nil {
				return n, err
			}
			k.err = atPosition(len(k.m.ids), k.readProbs(probs))
		}
	}
	return n, nil
}

// atPosition says for which position a token could not be picked.
func atPosition(position int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("position %d: %w", position, err)
}

// sample picks the tokens that the device did not pick, several rows at once.
func (p *picker) sample(t graph.Ticket, picks []pick) error {
	b, err := p.e.Logits(t)
	if err != nil {
		return err
	}
	n := min(runtime.GOMAXPROCS(0), len(picks))
	for len(p.workers) < n {
		s, err := sample.New(sample.Greedy(), p.e.Model.Vocab)
		if err != nil {
			return err
		}
		p.workers = append(p.workers, &worker{s, make([]float32, p.e.Model.Vocab)})
	}
	var at atomic.Int64
	var wg sync.WaitGroup
	work := func(w *worker) {
		for {
			i := int(at.Add(1)) - 1
			if i >= len(picks) {
				return
			}
			if k := &picks[i]; !k.m.device && !k.m.ended {
				k.err = atPosition(len(k.m.ids), w.pick(k, b))
			}
		}
	}
	for _, w := range p.workers[1:n] {
		wg.Go(func() { work(w) })
	}
	work(p.workers[0])
	wg.Wait()
	return nil
}

// worker is what one goroutine needs to pick tokens.
type worker struct {
	sampler *sample.Sampler
	logits  []float32
}

// pick picks one token from a step's logits.
func (w *worker) pick(k *pick, b []byte) (err error) {
	engine.Row(b, k.out, w.logits)
	m := k.m
	if err := w.sampler.Use(m.Sampling); err != nil {
		return err
	}
	row := sample.Row{Logits: w.logits, History: m.ids, Prompt: len(m.IDs), Position: uint64(len(m.ids))}
	if m.Allow != nil {
		row.Allowed = m.Allow(m.ids[len(m.IDs):])
	}
	if k.token.ID, err = w.sampler.Pick(row); err != nil || !m.LogProbs {
		return err
	}
	ids := append(sample.Likeliest(w.logits, m.Top), k.token.ID)
	probs, err := sample.LogProbs(w.logits, ids)
	if err != nil {
		return err
	}
	n := len(ids) - 1
	k.token.LogProb.LogProb = float32(probs[n])
	for i, id := range ids[:n] {
		k.token.Top = append(k.token.Top, LogProb{id, float32(probs[i])})
	}
	return nil
}
