package serve

import (
	"context"
	"sync"
	"time"

	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/openai"
	"moeflow/tokenizer/toolcall"
)

// answer is one of a request's answers while it is made.
type answer struct {
	t      *turn
	index  int
	stream Stream
	cancel context.CancelFunc
	text   *openai.Answer
	out    *openai.Stream
	parser *toolcall.Parser     // of a conversation
	probs  []openai.ChatLogProb // of text that the parser holds back
	calls  int                  // that have ended
	ended  bool                 // nothing of it is sent any more
	result *generate.Result
	last   time.Time // when its last token came
}

// piece is what became known of an answer. One of its fields beside the answer is
// set.
type piece struct {
	a      *answer
	event  *toolcall.Event
	probs  any // log probabilities that belong to the event
	wait   bool
	finish string // the end: stop, length or tool_calls
}

// waitTick is how often a client that waits hears that its request is still there:
// some give up when they read no whole event for a while, as in a long prompt.
const waitTick = 5 * time.Second

// follow hands the pieces of answers to take as they come, and calls flush behind
// those that came together. It returns when all answers have ended or ctx has.
func (t *turn) follow(ctx context.Context, answers []*answer, take func(piece), flush func()) *apiError {
	ctx, cancel := context.WithCancel(ctx)
	var forward sync.WaitGroup
	defer forward.Wait()
	defer cancel()
	ready := answers[0].stream.Ready()
	if len(answers) > 1 {
		all := make(chan struct{}, 1)
		ready = all
		for _, a := range answers {
			forward.Go(func() {
				for {
					select {
					case <-a.stream.Ready():
					case <-ctx.Done():
						return
					}
					select {
					case all <- struct{}{}:
					default: // it is known already
					}
				}
			})
		}
	}
	tick := time.NewTicker(waitTick)
	defer tick.Stop()
	for left := len(answers); left > 0; {
		select {
		case <-ready:
		case <-tick.C:
			take(piece{a: answers[0], wait: true})
		case <-ctx.Done():
			return shuttingDown() // or nobody is there to read
		}
		for _, a := range answers {
			for _, e := range a.stream.Take() {
				err := a.event(e, take)
				if err != nil {
					return err
				}
				if e.Result != nil {
					left--
				}
			}
		}
		flush()
		tick.Reset(waitTick)
	}
	return nil
}

// begin takes what the prompt says of the answer.
func (a *answer) begin(take func(piece)) {
	if a.parser != nil && a.t.opening != "" {
		a.parsed(a.parser.Feed(a.t.opening), take)
	}
}

// event takes an event of the engine.
func (a *answer) event(e generate.Event, take func(piece)) *apiError {
	switch {
	case e.Token != nil:
		a.t.seen(a)
		if a.ended {
			return nil
		}
		b, _ := a.out.Token(e.Token.ID, logProb(*e.Token))
		a.body(b, take)
		if a.t.r.Live.OneCall && a.calls > 0 {
			a.ended = true
			a.cancel()
		}
	case e.Result != nil:
		a.result = e.Result
		a.t.counted(e.Result)
		return a.end(*e.Result, take)
	}
	return nil
}

// body takes a chunk with text.
func (a *answer) body(b *openai.Body, take func(piece)) {
	if b == nil {
		return
	}
	c := &b.Choices[0]
	if a.parser == nil {
		take(piece{a: a, event: &toolcall.Event{Kind: toolcall.Content, Text: *c.Text}, probs: c.LogProbs})
		return
	}
	if p, ok := c.LogProbs.(openai.ChatLogProbs); ok {
		a.probs = append(a.probs, p.Content...)
	}
	a.parsed(a.parser.Feed(*c.Delta.Content), take)
}

// parsed takes what the parser has read.
func (a *answer) parsed(events []toolcall.Event, take func(piece)) {
	for i := range events {
		p := piece{a: a, event: &events[i]}
		if len(a.probs) > 0 {
			p.probs, a.probs = openai.ChatLogProbs{Content: a.probs}, nil
		}
		if take(p); events[i].Kind == toolcall.End {
			if a.calls++; a.t.r.Live.OneCall {
				return
			}
		}
	}
}

// end takes the result.
func (a *answer) end(r generate.Result, take func(piece)) *apiError {
	if r.Err != nil {
		return fromEngine(r.Err)
	}
	if r.Finish == generate.FinishCancel && !a.ended {
		return shuttingDown()
	}
	if a.ended {
		take(piece{a: a, finish: "tool_calls"})
		return nil
	}
	bodies := a.out.End(string(r.Finish))
	last := bodies[len(bodies)-1]
	for _, b := range bodies[:len(bodies)-1] {
		a.body(b, take)
	}
	finish := *last.Choices[0].Finish
	if a.parser != nil {
		a.parsed(a.parser.Finish(), take)
		if a.parser.Calls() > 0 && finish == "stop" {
			finish = "tool_calls"
		}
	}
	a.ended = true
	take(piece{a: a, finish: finish})
	return nil
}

func logProb(t generate.Token) openai.TokenLogProb {
	p := openai.TokenLogProb{LogProb: openai.LogProb(t.LogProb)}
	for _, q := range t.Top {
		p.Top = append(p.Top, openai.LogProb(q))
	}
	return p
}
