package serve_test

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"

	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/cmd/moeflow/internal/openai"
	"moeflow/cmd/moeflow/internal/serve"
	"moeflow/stages/sample"
)

// parrot is an engine that says what it was told.
type parrot struct{}

func (parrot) Stats() generate.Stats { return generate.Stats{} }

func (parrot) Submit(_ context.Context, r generate.Request) (serve.Stream, error) {
	s := said{ready: make(chan struct{}, 1), events: new([]generate.Event)}
	for _, id := range r.IDs {
		*s.events = append(*s.events, generate.Event{Token: &generate.Token{LogProb: generate.LogProb{ID: id}}})
	}
	*s.events = append(*s.events, generate.Event{Result: &generate.Result{IDs: r.IDs, Finish: generate.FinishStop, Prompt: len(r.IDs)}})
	s.ready <- struct{}{}
	return s, nil
}

type said struct {
	ready  chan struct{}
	events *[]generate.Event
}

func (s said) Ready() <-chan struct{} { return s.ready }

func (s said) Take() []generate.Event {
	out := *s.events
	*s.events = nil
	return out
}

// A server over an engine of its own.
func Example() {
	m, err := model.Open("../../../../models/tiny-go-q4_k_m.gguf")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	s := serve.New(serve.Options{})
	s.Ready(&serve.Model{Context: 100, Settings: openai.Settings{Model: "parrot", Tokenizer: m.Tokenizer, Sampling: sample.Greedy(), MaxTokens: 9}}, parrot{})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("POST", "/v1/completions", strings.NewReader(`{"prompt": "func main"}`)))
	b, _ := io.ReadAll(w.Body)
	_, rest, _ := strings.Cut(string(b), `"choices":`)
	choices, _, _ := strings.Cut(rest, `,"usage"`)
	fmt.Println(w.Code, choices)
	// Output: 200 [{"index":0,"text":"func main","logprobs":null,"finish_reason":"stop"}]
}
