package generate

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/graph"
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
	if err := e.CheckPrompt(r.IDs); err != nil {
		return res, err
	}
	sampler, err := sample.New(r.Sampling, e.Model.Vocab)
	if err != nil {
		return res, err
	}
	res.Reused = s.keep(r.IDs)
	g := &generation{s: s, r: r, res: &res, sampler: sampler,
		device: r.Sampling.Plain()}
	if g.read = engine.ReadLogits; g.device {
		g.read = engine.ReadSampled
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
	inFlight := 0
	for {
		begin := e.Begin()
		id, err := g.pick(t)
		if err != nil {
			return err
		}
		e.Picked(id, g.device, begin, t)
		s.known(len(g.r.IDs)+len(g.res.IDs), id)
		ended, err := g.accept(ctx, id)
		if ended || err != nil {
			if derr := e.Drain(inFlight, nil); derr != nil {
				return derr
			}
			return err
		}
		ahead := 1
		if g.device {
			ahead = e.Slots
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
		if t, err = e.Next(); err != nil {
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
	return g.s.e.Enqueue(&engine.Step{Rows: rows, Outs: []uint32{0}, Pages: g.s.e.Pool.Table(g.s.id), Read: g.read, Decode: true})
}

// pick is the token after a finished step.
func (g *generation) pick(t graph.Ticket) (int32, error) {
	if g.device {
		b, err := g.s.e.Sampled(t)
		if err != nil {
			return 0, err
		}
		return picked(binary.LittleEndian.Uint32(b), len(g.r.IDs)+len(g.res.IDs))
	}
	b, err := g.s.e.Logits(t)
	if err != nil {
		return 0, err
	}
	row := make([]float32, g.s.e.Model.Vocab)
	engine.Row(b, 0, row)
	history := append(append([]int32(nil), g.r.IDs...), g.res.IDs...)
	id, err := g.sampler.Pick(sample.Row{Logits: row, History: history, Prompt: len(g.r.IDs), Position: uint64(len(history))})
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

// One answers a single prompt on an engine that nobody else uses.
func One(ctx context.Context, e *engine.Engine, r Request) (Result, error) {
	s := NewSequence(e)
	defer s.Close()
	return s.Generate(ctx, r)
}
