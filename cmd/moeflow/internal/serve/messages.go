package serve

import (
	"net/http"

	"moeflow/tokenizer/toolcall"
)

// messages answers /v1/messages, in Anthropic's form.
func (s *Server) messages(w http.ResponseWriter, r *http.Request) *apiError {
	t, err := s.messagesTurn(w, r)
	if err != nil {
		return err
	}
	answers, err := t.start(r.Context())
	if err != nil {
		return err
	}
	a := answers[0]
	defer a.cancel()
	if t.r.Stream {
		return (&messageEvents{t: t, a: a, e: s.events(w)}).stream(r)
	}
	m, finish, err := t.collect(r.Context(), answers)
	if err != nil {
		return err
	}
	out := t.message(contentOf(m[0]))
	out["stop_reason"], out["stop_sequence"], out["usage"] = stopReason(a, finish[0]), stopSequence(a), anthropicUsage(a)
	writeJSON(w, http.StatusOK, out)
	return nil
}

// messagesTurn reads a request to /v1/messages.
func (s *Server) messagesTurn(w http.ResponseWriter, r *http.Request) (*turn, *apiError) {
	data, err := s.body(w, r)
	if err != nil {
		return nil, err
	}
	q, err := readAnthropic(data)
	if err != nil {
		return nil, err
	}
	t, err := s.newTurn(r.Context(), q)
	if err != nil {
		return nil, err
	}
	t.callID = "toolu_"
	return t, nil
}

// countTokens says how many tokens a request's prompt has.
func (s *Server) countTokens(w http.ResponseWriter, r *http.Request) *apiError {
	t, err := s.messagesTurn(w, r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"input_tokens": len(t.ids)})
	return nil
}

// message is the answer, without what only its end tells.
func (t *turn) message(content []any) map[string]any {
	return map[string]any{"id": "msg_" + t.id, "type": "message", "role": "assistant", "model": t.m.Settings.Model, "content": content,
		"stop_reason": nil, "stop_sequence": nil}
}

// contentOf are the blocks of an answer.
func contentOf(m toolcall.Message) []any {
	out := []any{}
	if m.Reasoning != "" {
		out = append(out, map[string]any{"type": "thinking", "thinking": m.Reasoning, "signature": ""})
	}
	if m.Content != "" || len(m.Calls) == 0 {
		out = append(out, map[string]any{"type": "text", "text": m.Content})
	}
	for _, c := range m.Calls {
		out = append(out, map[string]any{"type": "tool_use", "id": c.ID, "name": c.Name, "input": rawJSON(c.Arguments)})
	}
	return out
}

func stopReason(a *answer, finish string) string {
	switch {
	case finish == "tool_calls":
		return "tool_use"
	case finish == "length":
		return "max_tokens"
	case a.text.StoppedBy() != "":
		return "stop_sequence"
	}
	return "end_turn"
}

func stopSequence(a *answer) any {
	if s := a.text.StoppedBy(); s != "" {
		return s
	}
	return nil
}

// anthropicUsage counts tokens as Anthropic does: what was in the cache is not among
// the input tokens.
func anthropicUsage(a *answer) map[string]any {
	return map[string]any{"input_tokens": len(a.t.ids) - a.result.Reused, "cache_read_input_tokens": a.result.Reused, "cache_creation_input_tokens": 0,
		"output_tokens": len(a.result.IDs)}
}

// messageEvents writes the events of a streamed answer. Blocks follow one another.
type messageEvents struct {
	t     *turn
	a     *answer
	e     *events
	block int    // number of the block that is open, or of the next one
	open  string // its type, "" if none is open
}

func (m *messageEvents) stream(r *http.Request) *apiError {
	m.a.begin(m.take)
	err := m.t.follow(r.Context(), []*answer{m.a}, m.take, m.e.flush)
	if err != nil && !m.e.begun {
		return err
	}
	if err != nil {
		note(r.Context(), err)
		m.e.send("error", err.anthropic(requestID(r.Context())))
	}
	m.e.flush()
	return nil
}

func (m *messageEvents) send(name string, fields map[string]any) {
	fields["type"] = name
	m.e.send(name, fields)
}

// take writes a piece.
func (m *messageEvents) take(p piece) {
	if !m.e.begun {
		start := m.t.message([]any{})
		start["usage"] = map[string]any{"input_tokens": len(m.t.ids), "output_tokens": 0, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
		m.send("message_start", map[string]any{"message": start})
	}
	switch {
	case p.wait:
		m.send("ping", map[string]any{})
	case p.event != nil:
		m.event(p.event)
	case p.finish != "":
		if m.block == 0 && m.open == "" {
			m.begin("text", map[string]any{"type": "text", "text": ""})
		}
		m.end()
		m.send("message_delta", map[string]any{"delta": map[string]any{"stop_reason": stopReason(m.a, p.finish), "stop_sequence": stopSequence(m.a)}, "usage": anthropicUsage(m.a)})
		m.send("message_stop", map[string]any{})
	}
	if m.e.err != nil {
		m.a.cancel()
	}
}

func (m *messageEvents) event(e *toolcall.Event) {
	switch e.Kind {
	case toolcall.Content:
		m.begin("text", map[string]any{"type": "text", "text": ""})
		m.delta(map[string]any{"type": "text_delta", "text": e.Text})
	case toolcall.Reasoning:
		m.begin("thinking", map[string]any{"type": "thinking", "thinking": "", "signature": ""})
		m.delta(map[string]any{"type": "thinking_delta", "thinking": e.Text})
	case toolcall.Start:
		m.end()
		m.begin("tool_use", map[string]any{"type": "tool_use", "id": e.ID, "name": e.Name, "input": map[string]any{}})
	case toolcall.Arguments:
		m.delta(map[string]any{"type": "input_json_delta", "partial_json": e.Text})
	case toolcall.End:
		m.end()
	}
}

// begin opens a block, unless one of that type is open.
func (m *messageEvents) begin(kind string, block map[string]any) {
	if m.open == kind {
		return
	}
	m.end()
	m.open = kind
	m.send("content_block_start", map[string]any{"index": m.block, "content_block": block})
}

func (m *messageEvents) delta(d map[string]any) {
	m.send("content_block_delta", map[string]any{"index": m.block, "delta": d})
}

// end closes the block that is open.
func (m *messageEvents) end() {
	if m.open == "" {
		return
	}
	m.send("content_block_stop", map[string]any{"index": m.block})
	m.open = ""
	m.block++
}
