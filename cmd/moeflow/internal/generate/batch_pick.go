package generate

import (
	"encoding/binary"
	"runtime"
	"sync"
	"sync/atomic"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/graph"
	"moeflow/stages/sample"
)

// collect waits for the oldest step in flight and takes its tokens.
func (r *batchRun) collect() error {
	f := &r.flights[r.collected%len(r.flights)]
	t, err := r.e.Next()
	r.collected++
	if err != nil {
		return err
	}
	begin := r.e.Begin()
	onDevice, err := r.readSampled(t, f.picks)
	if err == nil && onDevice < len(f.picks) {
		err = r.sample(t, f.picks)
	}
	if err != nil {
		return err
	}
	for i := range f.picks {
		k := &f.picks[i]
		if k.p.ended { // the step was begun before that was known
			continue
		}
		r.e.Picked(k.id, k.p.device, begin, t)
		begin = r.e.Begin()
		if err := r.accept(k); err != nil {
			return err
		}
	}
	clear(f.picks)
	r.stats.Steps++
	r.stats.Running, r.stats.Waiting = r.s.Running(), r.s.Waiting()
	if r.o.OnStep != nil {
		r.o.OnStep(r.stats)
	}
	return nil
}

// readSampled takes the tokens that the device picked, and counts them.
func (r *batchRun) readSampled(t graph.Ticket, picks []pick) (int, error) {
	n := 0
	var b []byte
	for i := range picks {
		k := &picks[i]
		if !k.p.device {
			continue
		}
		if n++; b == nil {
			var err error
			if b, err = r.e.Sampled(t); err != nil {
				return n, err
			}
		}
		k.id, k.err = picked(binary.LittleEndian.Uint32(b[4*k.slot:]), len(k.p.ids))
	}
	return n, nil
}

// picker is what one goroutine needs to pick tokens.
type picker struct {
	sampler *sample.Sampler
	logits  []float32
}

// sample picks the tokens that the device did not pick, several rows at once.
func (r *batchRun) sample(t graph.Ticket, picks []pick) error {
	b, err := r.e.Logits(t)
	if err != nil {
		return err
	}
	workers := min(runtime.GOMAXPROCS(0), len(picks))
	for len(r.pickers) < workers {
		s, err := sample.New(sample.Greedy(), r.e.Model.Vocab)
		if err != nil {
			return err
		}
		r.pickers = append(r.pickers, &picker{s, make([]float32, r.e.Model.Vocab)})
	}
	var at atomic.Int64
	var wg sync.WaitGroup
	work := func(w *picker) {
		for {
			i := int(at.Add(1)) - 1
			if i >= len(picks) {
				return
			}
			if k := &picks[i]; !k.p.device && !k.p.ended {
				w.pick(k, b)
			}
		}
	}
	for _, w := range r.pickers[1:workers] {
		wg.Go(func() { work(w) })
	}
	work(r.pickers[0])
	wg.Wait()
	return nil
}

// pick picks one token from a step's logits.
func (w *picker) pick(k *pick, b []byte) {
	engine.Row(b, k.out, w.logits)
	p := k.p
	if k.err = w.sampler.Use(p.Sampling); k.err != nil {
		return
	}
	k.id, k.err = w.sampler.Pick(sample.Row{Logits: w.logits, History: p.ids, Prompt: len(p.IDs), Position: uint64(len(p.ids))})
	if k.err = atPosition(len(p.ids), k.err); k.err != nil || p.LogProbs < 0 {
		return
	}
	ids := append(sample.Likeliest(w.logits, p.LogProbs), k.id)
	probs, err := sample.LogProbs(w.logits, ids)
	if k.err = err; err != nil {
		return
	}
	n := len(ids) - 1
	k.probs = TokenLogProb{ID: k.id, LogProb: float32(probs[n])}
	for i, id := range ids[:n] {
		k.probs.Top = append(k.probs.Top, LogProb{id, float32(probs[i])})
	}
}

// accept adds a token to its prompt, or ends it.
func (r *batchRun) accept(k *pick) error {
	p := k.p
	if k.err != nil {
		p.res.Err = k.err
		return r.finish(p, "")
	}
	if err := r.s.Push(p.id, k.id); err != nil {
		return err
	}
	if !p.IgnoreEOG && r.e.Model.Tokenizer.IsEOG(k.id) {
		return r.finish(p, FinishStop)
	}
	p.ids = append(p.ids, k.id)
	r.stats.Generated++
	if p.LogProbs >= 0 {
		p.res.LogProbs = append(p.res.LogProbs, k.probs)
	}
	generated := len(p.ids) - len(p.IDs)
	switch {
	case p.OnToken != nil && p.OnToken(k.id):
		return r.finish(p, FinishStop)
	case generated >= p.MaxTokens || len(p.ids) > r.context:
		return r.finish(p, FinishLength)
	}
	return nil
}

// finish ends a prompt and hands its result on.
func (r *batchRun) finish(p *member, why Finish) error {
	p.ended = true
	delete(r.open, p.id)
	r.s.Leave(p.id)
	p.res.Finish = why
	if n := len(p.IDs); len(p.ids) > n {
		p.res.IDs = p.ids[n:]
	}
	return r.done(p.res)
}
