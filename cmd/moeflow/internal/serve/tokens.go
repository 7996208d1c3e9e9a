package serve

import (
	"encoding/json"
	"net/http"

	"moeflow/cmd/moeflow/internal/openai"
)

// rawJSON is a text that is JSON already.
func rawJSON(s string) json.RawMessage { return json.RawMessage(s) }

// tokenize turns a text, or a conversation, into tokens: content is llama-server's
// name of the text, prompt vLLM's.
func (s *Server) tokenize(w http.ResponseWriter, r *http.Request) *apiError {
	m, o, err := s.modelObject(w, r)
	if err != nil {
		return err
	}
	var ids []int32
	if o.Has("messages") {
		t, err := s.templateTurn(r, o)
		if err != nil {
			return err
		}
		ids = t.ids
	} else {
		text, ok := o.Text("content")
		if !ok {
			text, ok = o.Text("prompt")
		}
		if o.Missing("content", ok) {
			return fromOpenAI(o.Err)
		}
		ids = m.Settings.Tokenizer.Encode(text, true)
	}
	out := map[string]any{"tokens": nonNil(ids), "count": len(ids), "max_model_len": m.Context}
	if raw, _ := o.Get("with_pieces"); string(raw) == "true" {
		pieces := make([]any, len(ids))
		for i, id := range ids {
			pieces[i] = map[string]any{"id": id, "piece": m.Settings.Tokenizer.TokenText(id)}
		}
		out["tokens"] = pieces
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func nonNil(ids []int32) []int32 {
	if ids == nil {
		return []int32{}
	}
	return ids
}

// detokenize turns tokens into text.
func (s *Server) detokenize(w http.ResponseWriter, r *http.Request) *apiError {
	m, o, err := s.modelObject(w, r)
	if err != nil {
		return err
	}
	raw, ok := o.Get("tokens")
	var ids []int32
	if o.Missing("tokens", ok) {
		return fromOpenAI(o.Err)
	}
	if json.Unmarshal(raw, &ids) != nil {
		return badRequest(openai.CodeValue, "tokens", "tokens is "+openai.Shortened(string(raw))+", want a list of token ids")
	}
	text := m.Settings.Tokenizer.Decode(ids, true)
	writeJSON(w, http.StatusOK, map[string]any{"content": text, "prompt": text})
	return nil
}

// applyTemplate writes a conversation as the text that the model continues.
func (s *Server) applyTemplate(w http.ResponseWriter, r *http.Request) *apiError {
	m, o, err := s.modelObject(w, r)
	if err != nil {
		return err
	}
	t, err := s.templateTurn(r, o)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"prompt": m.Settings.Tokenizer.Decode(t.ids, true)})
	return nil
}

// templateTurn makes the prompt of a conversation that nobody answers.
func (s *Server) templateTurn(r *http.Request, o *openai.Object) (*turn, *apiError) {
	q, bad := openai.ParseLive(openai.Chat, o)
	if bad != nil {
		return nil, fromOpenAI(bad)
	}
	return s.newTurn(r.Context(), q)
}

// modelObject reads a body for the model that is served.
func (s *Server) modelObject(w http.ResponseWriter, r *http.Request) (*Model, *openai.Object, *apiError) {
	m, _, err := s.serving()
	if err != nil {
		return nil, nil, err
	}
	o, err := s.object(w, r)
	return m, o, err
}
