package engine

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"moeflow/graph"
	"moeflow/stages/qwen3moe"
	"moeflow/stages/sample"
)

// Request is what to generate after a prompt.
type Request struct {
	IDs       []int32 // the prompt, at least one token
	MaxTokens int
	Sampling  sample.Params
	IgnoreEOG bool // go on past the tokens that end a text
	// OnPrefill reports how many tokens of the prompt are computed; may be nil.
	OnPrefill func(done, all int)
	// OnToken gets each token as it is known, not the one that ends the text.
	// An error ends the generation.
	OnToken func(id int32) error
}

// Finish says why a generation ended.
type Finish string

const (
	FinishStop   Finish = "stop"   // the model ended the text
	FinishLength Finish = "length" // max_tokens, or the context is full
	FinishCancel Finish = "cancelled"
)

// Result describes a finished generation.
type Result struct {
	IDs     []int32 // the generated tokens
	Finish  Finish
	Reused  int // tokens of the prompt that were in the kv cache already
	Prefill time.Duration
	Decode  time.Duration
	Steps   int // decode steps that Decode covers
}

// Generate continues a prompt on a sequence. What the sequence already holds of
// the prompt's beginning is not computed again. Cancelling ctx ends after the
// token under way, with what there is and Finish "cancelled".
func (s *Sequence) Generate(ctx context.Context, r Request) (Result, error) {
	var res Result
	e := s.e
	if err := e.checkPrompt(r.IDs); err != nil {
		return res, err
	}
	sampler, err := sample.New(r.Sampling, e.Model.Vocab)
	if err != nil {
		return res, err
	}
	res.Reused = s.keep(r.IDs)
	g := &generation{s: s, r: r, res: &res, sampler: sampler,
		device: r.Sampling.Plain()}
	if g.read = readLogits; g.device {
		g.read = readSampled
	}
	start := time.Now()
	fresh := r.IDs[res.Reused:]
	t, err := s.prefill(ctx, fresh, g.read, func(done int) {
		if r.OnPrefill != nil {
			r.OnPrefill(done+res.Reused, len(r.IDs))
		}
	})
	res.Prefill = time.Since(start)
	if ctx.Err() != nil && err == ctx.Err() {
		res.Finish = FinishCancel
		return res, nil
	}
	if err != nil {
		return res, err
	}
	start = time.Now()
	err = g.decode(ctx, t)
	res.Decode = time.Since(start)
	return res, err
}

// generation is one call of Generate after its prompt.
type generation struct {
	s       *Sequence
	r       Request
	res     *Result
	sampler *sample.Sampler
	device  bool // the device picks the token, the host reads it behind
	read    uint64
}

// decode takes the prompt's last step and goes on one token a step. Where the
// device picks the tokens, the next steps are enqueued before the last token is
// read, up to the number of slots.
func (g *generation) decode(ctx context.Context, t graph.Ticket) error {
	s, e := g.s, g.s.e
	e.decoding = true
	inFlight := 0
	for {
		begin := e.begin()
		id, err := g.pick(t)
		if err != nil {
			return err
		}
		e.picked(id, g.device, begin, t)
		s.known(len(g.r.IDs)+len(g.res.IDs), id)
		ended, err := g.accept(ctx, id)
		if ended || err != nil {
			if derr := e.drain(inFlight, nil); derr != nil {
				return derr
			}
			return err
		}
		ahead := 1
		if g.device {
			ahead = e.slots
		}
		for inFlight < ahead && s.Len() < e.Context && s.Len()-len(g.r.IDs)+1 < g.r.MaxTokens {
			token := uint32(id)
			if inFlight > 0 {
				token = graph.FromSampled
			}
			if err := g.step(token, inFlight > 0); err != nil {
				return err
			}
			inFlight++
		}
		if inFlight == 0 {
			g.res.Finish = FinishLength
			return nil
		}
		if t, err = e.next(); err != nil {
			return err
		}
		inFlight--
		g.res.Steps++
	}
}

// step enqueues one decode step.
func (g *generation) step(token uint32, fromDevice bool) error {
	rows, err := g.s.rows(1, func(int) uint32 { return token })
	if err != nil {
		return err
	}
	id := int32(-1)
	if !fromDevice {
		id = int32(token)
	}
	g.s.ids = append(g.s.ids, id)
	return g.s.e.enqueue(0, rows, []uint32{0}, g.s.e.Pool.Table(g.s.id), g.read)
}

// pick is the token after a finished step.
func (g *generation) pick(t graph.Ticket) (int32, error) {
	if g.device {
		ids, err := g.s.e.sampled(t)
		if err != nil {
			return 0, err
		}
		return picked(ids[0], len(g.r.IDs)+len(g.res.IDs))
	}
	rows, err := g.s.e.logits(t, 1)
	if err != nil {
		return 0, err
	}
	history := append(append([]int32(nil), g.r.IDs...), g.res.IDs...)
	id, err := g.sampler.Pick(sample.Row{Logits: rows[0], History: history, Prompt: len(g.r.IDs), Position: uint64(len(history))})
	return id, atPosition(len(history), err)
}

// picked is the token that the device picked for a position.
func picked(id uint32, position int) (int32, error) {
	if id == graph.NoToken {
		return 0, atPosition(position, sample.ErrNotFinite)
	}
	return int32(id), nil
}

// atPosition says for which position a token could not be picked.
func atPosition(position int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("position %d: %w", position, err)
}

// accept adds a token to the result, or ends the generation.
func (g *generation) accept(ctx context.Context, id int32) (ended bool, err error) {
	if !g.r.IgnoreEOG && g.s.e.Model.Tokenizer.IsEOG(id) {
		g.res.Finish = FinishStop
		return true, nil
	}
	g.res.IDs = append(g.res.IDs, id)
	if g.r.OnToken != nil {
		if err := g.r.OnToken(id); err != nil {
			return true, err
		}
	}
	switch {
	case ctx.Err() != nil:
		g.res.Finish = FinishCancel
		return true, nil
	case len(g.res.IDs) >= g.r.MaxTokens:
		g.res.Finish = FinishLength
		return true, nil
	}
	return false, nil
}

// known notes the token at a position that was computed before the host knew
// it, so that a later prompt can share it.
func (s *Sequence) known(pos int, id int32) {
	if pos < len(s.ids) && s.ids[pos] < 0 {
		s.ids[pos] = id
	}
}

// logits are the rows of a finished step.
func (e *Engine) logits(t graph.Ticket, n int) ([][]float32, error) {
	b, err := e.read(t, qwen3moe.Logits)
	if err != nil {
		return nil, err
	}
	vocab := len(b) / 4 / e.buckets[t.Plan].Outs
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = make([]float32, vocab)
		for j := range rows[i] {
			rows[i][j] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*(i*vocab+j):]))
		}
	}
	return rows, nil
}
