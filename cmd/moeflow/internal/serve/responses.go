package serve

import (
	"net/http"

	"moeflow/tokenizer/toolcall"
)

// responses answers /v1/responses, which Codex speaks.
func (s *Server) responses(w http.ResponseWriter, r *http.Request) *apiError {
	data, err := s.body(w, r)
	if err != nil {
		return err
	}
	q, err := readResponses(data)
	if err != nil {
		return err
	}
	t, err := s.newTurn(r.Context(), q)
	if err != nil {
		return err
	}
	answers, err := t.start(r.Context())
	if err != nil {
		return err
	}
	defer answers[0].cancel()
	o := &responseItems{t: t, a: answers[0], output: []any{}}
	if q.Stream {
		o.e = s.events(w)
	}
	o.a.begin(o.take)
	err = t.follow(r.Context(), answers, o.take, o.flush)
	switch {
	case err != nil && (o.e == nil || !o.e.begun):
		return err
	case err != nil:
		note(r.Context(), err)
		failed := o.response("failed")
		failed["error"] = map[string]any{"code": "server_error", "message": err.message}
		o.send("response.failed", map[string]any{"response": failed})
		o.flush()
	case o.e == nil:
		writeJSON(w, http.StatusOK, o.response(o.status))
	}
	return nil
}

// responseItems makes the items of an answer, and writes their events if it is
// streamed.
type responseItems struct {
	t      *turn
	a      *answer
	e      *events // nil: nothing is streamed
	begun  bool
	number int   // of the next event
	output []any // items that are complete
	status string

	kind string         // of the item that is open: message, reasoning, function_call; "" if none is
	item map[string]any // it
	text []byte         // its text, or its arguments
}

func (o *responseItems) flush() {
	if o.e != nil {
		o.e.flush()
	}
}

func (o *responseItems) send(name string, fields map[string]any) {
	if o.e == nil {
		return
	}
	fields["type"], fields["sequence_number"] = name, o.number
	o.number++
	if o.e.send(name, fields); o.e.err != nil {
		o.a.cancel()
	}
}

// place is what the events of the open item have in common.
func (o *responseItems) place(fields map[string]any) map[string]any {
	fields["item_id"], fields["output_index"] = o.item["id"], len(o.output)
	if o.kind != "function_call" {
		fields["content_index"] = 0
	}
	return fields
}

// response is the whole answer as far as it is there.
func (o *responseItems) response(status string) map[string]any {
	t := o.t
	out := map[string]any{"id": "resp_" + t.id, "object": "response", "created_at": t.created, "status": status, "model": t.m.Settings.Model, "output": o.output,
		"error": nil, "incomplete_details": nil, "instructions": nil, "metadata": map[string]any{}, "parallel_tool_calls": !t.r.Live.OneCall,
		"tool_choice": "auto", "tools": []any{}, "temperature": t.m.Settings.Params(t.r).Temperature, "top_p": t.m.Settings.Params(t.r).TopP,
		"text": map[string]any{"format": map[string]any{"type": "text"}}, "usage": nil}
	if status == "incomplete" {
		out["incomplete_details"] = map[string]any{"reason": "max_output_tokens"}
	}
	if res := o.a.result; res != nil {
		out["usage"] = map[string]any{"input_tokens": len(t.ids), "input_tokens_details": map[string]any{"cached_tokens": res.Reused},
			"output_tokens": len(res.IDs), "output_tokens_details": map[string]any{"reasoning_tokens": 0}, "total_tokens": len(t.ids) + len(res.IDs)}
	}
	return out
}

// take takes a piece.
func (o *responseItems) take(p piece) {
	if !o.begun {
		o.begun = true
		o.send("response.created", map[string]any{"response": o.response("in_progress")})
		o.send("response.in_progress", map[string]any{"response": o.response("in_progress")})
	}
	switch {
	case p.wait:
		o.send("response.in_progress", map[string]any{"response": o.response("in_progress")})
	case p.event != nil:
		o.event(p.event)
	case p.finish != "":
		if len(o.output) == 0 && o.kind == "" {
			o.begin("message")
		}
		o.end()
		o.status = "completed"
		if p.finish == "length" {
			o.status = "incomplete"
		}
		o.send("response."+o.status, map[string]any{"response": o.response(o.status)})
	}
}

func (o *responseItems) event(e *toolcall.Event) {
	switch e.Kind {
	case toolcall.Content:
		o.begin("message")
		o.text = append(o.text, e.Text...)
		o.send("response.output_text.delta", o.place(map[string]any{"delta": e.Text, "logprobs": []any{}}))
	case toolcall.Reasoning:
		o.begin("reasoning")
		o.text = append(o.text, e.Text...)
		o.send("response.reasoning_text.delta", o.place(map[string]any{"delta": e.Text}))
	case toolcall.Start:
		o.end()
		o.kind = "function_call"
		o.item = map[string]any{"type": o.kind, "id": "fc_" + randomID(), "call_id": e.ID, "name": e.Name, "arguments": "", "status": "in_progress"}
		o.added()
	case toolcall.Arguments:
		o.text = append(o.text, e.Text...)
		o.send("response.function_call_arguments.delta", o.place(map[string]any{"delta": e.Text}))
	case toolcall.End:
		o.end()
	}
}

// begin opens an item with text, unless one of that kind is open.
func (o *responseItems) begin(kind string) {
	if o.kind == kind {
		return
	}
	o.end()
	o.kind = kind
	if kind == "message" {
		o.item = map[string]any{"type": kind, "id": "msg_" + randomID(), "role": "assistant", "status": "in_progress", "content": []any{}}
	} else {
		o.item = map[string]any{"type": kind, "id": "rs_" + randomID(), "summary": []any{}, "content": []any{}}
	}
	o.added()
	o.send("response.content_part.added", o.place(map[string]any{"part": o.part()}))
}

func (o *responseItems) added() {
	o.text = o.text[:0]
	o.send("response.output_item.added", map[string]any{"output_index": len(o.output), "item": o.item})
}

// part is the content of the open item.
func (o *responseItems) part() map[string]any {
	if o.kind == "message" {
		return map[string]any{"type": "output_text", "text": string(o.text), "annotations": []any{}, "logprobs": []any{}}
	}
	return map[string]any{"type": "reasoning_text", "text": string(o.text)}
}

// end closes the open item.
func (o *responseItems) end() {
	text := string(o.text)
	switch o.kind {
	case "":
		return
	case "function_call":
		o.item["arguments"] = text
		o.send("response.function_call_arguments.done", o.place(map[string]any{"arguments": text, "name": o.item["name"]}))
	default:
		name := "response.output_text.done"
		if o.kind == "reasoning" {
			name = "response.reasoning_text.done"
		}
		o.send(name, o.place(map[string]any{"text": text, "logprobs": []any{}}))
		o.send("response.content_part.done", o.place(map[string]any{"part": o.part()}))
		o.item["content"] = []any{o.part()}
	}
	if o.kind != "reasoning" {
		o.item["status"] = "completed"
	}
	o.send("response.output_item.done", map[string]any{"output_index": len(o.output), "item": o.item})
	o.output = append(o.output, o.item)
	o.kind, o.item, o.text = "", nil, nil
}
