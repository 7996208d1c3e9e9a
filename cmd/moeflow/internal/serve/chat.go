package serve

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"moeflow/cmd/moeflow/internal/openai"
	"moeflow/tokenizer/toolcall"
)

// completions answers /v1/chat/completions and /v1/completions.
func (s *Server) completions(kind openai.Kind) handler {
	return func(w http.ResponseWriter, r *http.Request) *apiError {
		o, err := s.object(w, r)
		if err != nil {
			return err
		}
		q, bad := openai.ParseLive(kind, o)
		if bad != nil {
			return fromOpenAI(bad)
		}
		t, err := s.newTurn(r.Context(), q)
		if err != nil {
			return err
		}
		answers, err := t.start(r.Context())
		if err != nil {
			return err
		}
		defer func() {
			for _, a := range answers {
				a.cancel()
			}
		}()
		if c := (&chunks{t: t, e: s.events(w), answers: answers}); q.Stream {
			return c.stream(r)
		}
		return t.whole(w, r, answers)
	}
}

// object reads a body.
func (s *Server) object(w http.ResponseWriter, r *http.Request) (*openai.Object, *apiError) {
	body, err := s.body(w, r)
	if err != nil {
		return nil, err
	}
	o, bad := openai.ReadObject(body, "the body")
	if bad != nil {
		return nil, fromOpenAI(bad)
	}
	return o, nil
}

// body reads the bytes of a body.
func (s *Server) body(w http.ResponseWriter, r *http.Request) ([]byte, *apiError) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.o.MaxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, &apiError{status: http.StatusRequestEntityTooLarge, code: "body_too_large", message: "the body has more than " + strconv.FormatInt(s.o.MaxBody, 10) + " bytes"}
	}
	if err != nil {
		return nil, badRequest(openai.CodeJSON, "", "the body ends early: "+err.Error())
	}
	return body, nil
}

// whole answers at once, when all answers are there.
func (t *turn) whole(w http.ResponseWriter, r *http.Request, answers []*answer) *apiError {
	messages, finish, err := t.collect(r.Context(), answers)
	if err != nil {
		return err
	}
	var body *openai.Body
	for i, a := range answers {
		b := t.m.Settings.Body(t.r, t.id, t.created, a.text, a.done())
		c := b.Choices[0]
		if c.Index, c.Finish = i, &finish[i]; t.r.Kind == openai.Chat {
			c.Message = message(messages[i])
		} else if t.r.Live.Echo {
			text := t.echo() + *c.Text
			c.Text = &text
		}
		if body == nil {
			body = b
			body.Choices = nil
		}
		body.Choices = append(body.Choices, c)
	}
	body.Usage, body.Timings = t.usage(answers), newTimings(answers[0].result)
	writeJSON(w, http.StatusOK, body)
	return nil
}

// collect waits for all answers.
func (t *turn) collect(ctx context.Context, answers []*answer) ([]toolcall.Message, []string, *apiError) {
	parts, finish := make([]toolcall.Collector, len(answers)), make([]string, len(answers))
	take := func(p piece) {
		if p.event != nil {
			parts[p.a.index].Add(*p.event)
		}
		if p.finish != "" {
			finish[p.a.index] = p.finish
		}
	}
	for _, a := range answers {
		a.begin(take)
	}
	if err := t.follow(ctx, answers, take, func() {}); err != nil {
		return nil, nil, err
	}
	var out []toolcall.Message
	for i := range parts {
		out = append(out, parts[i].Message())
	}
	return out, finish, nil
}

// done is the result as openai has it.
func (a *answer) done() openai.Result {
	res := openai.Result{IDs: a.result.IDs, Finish: string(a.result.Finish)}
	for _, p := range a.result.Tokens {
		res.LogProbs = append(res.LogProbs, logProb(p))
	}
	return res
}

// echo is the text of the prompt.
func (t *turn) echo() string {
	if t.r.IDs != nil {
		return t.m.Settings.Tokenizer.Decode(t.r.IDs, true)
	}
	return t.r.Text
}

func message(m toolcall.Message) *openai.Message {
	out := &openai.Message{Role: "assistant", Content: m.Content, Reasoning: m.Reasoning}
	for _, c := range m.Calls {
		out.ToolCalls = append(out.ToolCalls, openai.ToolCall{ID: c.ID, Type: "function", Function: openai.Function{Name: c.Name, Arguments: c.Arguments}})
	}
	return out
}

// chunks writes the chunks of a streamed completion.
type chunks struct {
	t       *turn
	e       *events
	answers []*answer
}

func (c *chunks) stream(r *http.Request) *apiError {
	for _, a := range c.answers {
		a.begin(func(p piece) { c.take(p) })
	}
	err := c.t.follow(r.Context(), c.answers, c.take, c.e.flush)
	if err != nil && !c.e.begun {
		return err
	}
	if err != nil {
		note(r.Context(), err)
		c.e.send("", err.openAI())
	} else if c.t.r.IncludeUsage {
		b := c.chunk(openai.Choice{})
		b.Choices, b.Usage = []openai.Choice{}, c.t.usage(c.answers)
		c.e.send("", b)
	}
	c.e.write("", []byte("[DONE]"))
	c.e.flush()
	return nil
}

// chunk is a chunk with a choice.
func (c *chunks) chunk(choice openai.Choice) *openai.Body {
	b := &openai.Body{ID: "cmpl-" + c.t.id, Object: "text_completion", Created: c.t.created, Model: c.t.m.Settings.Model, Choices: []openai.Choice{choice}}
	if c.t.r.Kind == openai.Chat {
		b.ID, b.Object = "chatcmpl-"+c.t.id, "chat.completion.chunk"
	}
	return b
}

// take writes a piece.
func (c *chunks) take(p piece) {
	if !c.e.begun && c.t.r.Kind == openai.Chat && p.wait {
		c.first()
		return
	}
	c.first()
	choice := openai.Choice{Index: p.a.index, LogProbs: p.probs}
	switch {
	case p.event != nil && c.t.r.Kind == openai.Text:
		choice.Text = &p.event.Text
	case p.event != nil && p.event.Kind == toolcall.End:
		return
	case p.event != nil:
		choice.Delta = delta(p.event)
	case c.t.r.Kind == openai.Text:
		choice.Text = new(string)
	case p.wait:
		choice.Delta = &openai.Delta{Content: new(string)}
	default:
		choice.Delta = &openai.Delta{}
	}
	b := c.chunk(choice)
	if p.finish != "" {
		b.Choices[0].Finish = &p.finish
		b.Timings = newTimings(p.a.result)
	}
	c.e.send("", b)
	if c.e.err != nil {
		p.a.cancel()
	}
}

// first writes what stands before all pieces: of a conversation the role, of a text
// its prompt, if that is wanted.
func (c *chunks) first() {
	if c.e.begun {
		return
	}
	for i := range c.answers {
		switch {
		case c.t.r.Kind == openai.Chat:
			c.e.send("", c.chunk(openai.Choice{Index: i, Delta: &openai.Delta{Role: "assistant", Content: new(string)}}))
		case c.t.r.Live.Echo:
			text := c.t.echo()
			c.e.send("", c.chunk(openai.Choice{Index: i, Text: &text}))
		}
	}
}

func delta(e *toolcall.Event) *openai.Delta {
	switch e.Kind {
	case toolcall.Reasoning:
		return &openai.Delta{Reasoning: &e.Text}
	case toolcall.Start:
		return &openai.Delta{ToolCalls: []openai.ToolCall{{Index: &e.Index, ID: e.ID, Type: "function", Function: openai.Function{Name: e.Name}}}}
	case toolcall.Arguments:
		return &openai.Delta{ToolCalls: []openai.ToolCall{{Index: &e.Index, Function: openai.Function{Arguments: e.Text}}}}
	}
	return &openai.Delta{Content: &e.Text}
}
