package job

import (
	"context"

	"moeflow/cmd/moeflow/internal/openai"
	"moeflow/stages/sample"
)

// Request is a prompt as a Runner takes it.
type Request struct {
	Key       int     // given back in Result: the number of the line
	IDs       []int32 // the prompt
	MaxTokens int
	Sampling  sample.Params
	IgnoreEOG bool // go on past tokens that end a text
	LogProbs  int  // -1: none; n: of each token, and of the n likeliest in its place
	// OnToken gets each token as it is known; true ends the answer. nil if
	// nobody asks.
	OnToken func(id int32) (stop bool)
}

// Result is the answer to a Request.
type Result struct {
	Key            int
	IDs            []int32
	Finish         string // "stop" or "length"
	LogProbs       []openai.TokenLogProb
	Prompt, Reused int // tokens of the prompt; those that were computed for another one before
	// Refused is what is wrong with this prompt: computing it again gives the
	// same. Failed is what went wrong while computing it, through no fault of the
	// prompt: a resumed job computes it again. At most one is there, and then the
	// rest means nothing.
	Refused, Failed error
}

// Load is how busy a Runner is, and what it has done since it began.
type Load struct {
	Running, Waiting                int // prompts
	PromptTokens, Generated, Reused uint64
}

// Runner answers prompts, several at once, in any order. Run takes them from
// next, which gives nil at the end, and hands each result to done once; step, if
// it is not nil, is told how busy it is. An error of next or done ends it and is
// returned; so does the context, and then unfinished prompts have no result.
type Runner interface {
	Run(ctx context.Context, next func() (*Request, error), done func(Result) error, step func(Load)) error
}
