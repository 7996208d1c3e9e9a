package generate

import (
	"time"

	"moeflow/stages/sample"
)

// Request is what to generate behind a prompt.
type Request struct {
	IDs       []int32 // the prompt, at least one token; not changed, and kept until the end
	MaxTokens int     // at least 1
	Sampling  sample.Params
	IgnoreEOG bool // go on past the tokens that end a text
	// LogProbs asks for each token's log probability, and for those of the Top
	// likeliest in its place.
	LogProbs bool
	Top      int
	// Allow, if not nil, gives the tokens that may come next behind an answer so far;
	// nil is all. The loop calls it once for each token, in their order, so it must be
	// quick and must not call the loop.
	Allow func(answer []int32) sample.Mask
	// Stop, if not nil, gets each token before its event, but for the one that ends
	// the text; true ends the text behind it, as a stop string does. The loop calls
	// it, so it must be quick and must not call the loop.
	Stop func(id int32) bool
}

// LogProb is a token and the natural logarithm of its probability under softmax
// of the model's logits, before temperature, penalty or any filter.
type LogProb struct {
	ID      int32
	LogProb float32
}

// Token is one that was generated. LogProb and Top are there if they were asked
// for.
type Token struct {
	LogProb
	Top []LogProb // the likeliest, the likeliest first
}

// Finish says why a text ended.
type Finish string

const (
	FinishStop   Finish = "stop"   // the model ended the text, or Request.Stop did
	FinishLength Finish = "length" // max_tokens, or the context is full
	FinishCancel Finish = "cancelled"
)

// Result is what became of a request.
type Result struct {
	IDs    []int32 // the generated tokens
	Finish Finish  // "" if Err is set
	Tokens []Token // of IDs, if log probabilities were asked for
	Prompt int     // tokens of the prompt
	Reused int     // those of them that were in the kv cache already
	// Queued is the time until the request was let in, Prefill from there to its
	// first token, and Decode from there to the end, for Steps more tokens.
	Queued, Prefill, Decode time.Duration
	Steps                   int
	// Err says that the request failed: it alone, by logits that are no numbers, or
	// all of them, by an error of the device.
	Err error
}
