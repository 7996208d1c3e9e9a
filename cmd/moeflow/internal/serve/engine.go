package serve

import (
	"context"

	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/openai"
	"moeflow/tokenizer/grammar"
	"moeflow/tokenizer/toolcall"
)

// Engine computes requests, many at once. Its methods may be called from any
// goroutine.
type Engine interface {
	// Submit lets a request wait for its turn; its errors are those of
	// generate.Loop.Submit. When ctx ends, the request ends.
	Submit(ctx context.Context, r generate.Request) (Stream, error)
	Stats() generate.Stats
}

// Stream is the events of a request, the last of which has the result. Events wait
// in the stream: a slow reader holds up nobody. generate.Stream is one.
type Stream interface {
	// Ready has a value when there may be events.
	Ready() <-chan struct{}
	// Take gives the events that are there now, which may be none.
	Take() []generate.Event
}

// Model is what is served.
type Model struct {
	// Settings has the model's name, its tokenizer and template, and what requests
	// leave out.
	Settings openai.Settings
	Aliases  []string // other names
	// Format is the form of calls and thinking that the template teaches.
	Format  toolcall.Format
	Context int // tokens that a prompt and its answer can have together
	Created int64
	// Middle are the tokens around what is to be filled in; nil if the model has none.
	Middle *Middle
	// Vocabulary is for answers in JSON; nil: none are served.
	Vocabulary *grammar.Vocabulary
	// FixedSeed says that requests without a seed get that of Settings; otherwise each
	// gets a random one.
	FixedSeed bool
}

// Middle are the tokens that stand before the text before, the text behind, and
// the text that is wanted between them.
type Middle struct{ Before, Behind, Between int32 }
