package serve

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/openai"
	"moeflow/tokenizer/grammar"
	"moeflow/tokenizer/toolcall"
)

// turn is a request that is answered, whatever interface it came by.
type turn struct {
	s       *Server
	m       *Model
	e       Engine
	r       *openai.Request
	id      string // of the answer, without the kind
	callID  string // what the names of calls begin with
	created int64
	begin   time.Time

	ids      []int32 // the prompt
	tools    []toolcall.Tool
	opening  string           // text of the answer that the prompt has: the beginning of a call
	thinking bool             // the prompt opened a block of thinking
	form     *grammar.Grammar // of the answer, nil if there is none

	// For the log and the metrics.
	first        time.Duration // to the first token
	made, cached int           // tokens
}

// newTurn makes the prompt of a request.
func (s *Server) newTurn(ctx context.Context, r *openai.Request) (*turn, *apiError) {
	m, e, err := s.serving()
	if err != nil {
		return nil, err
	}
	if err := s.checkModel(m, r.Model); err != nil {
		return nil, err
	}
	t := &turn{s: s, m: m, e: e, r: r, id: randomID(), callID: "call_", created: time.Now().Unix(), begin: time.Now()}
	if err := t.prompt(ctx); err != nil {
		return nil, err
	}
	noteTurn(ctx, t)
	return t, nil
}

// prompt makes the tokens that the model continues.
func (t *turn) prompt(ctx context.Context) *apiError {
	bad := t.m.Settings.Check(t.r)
	switch r := t.r; {
	case bad != nil:
	case r.Kind == openai.Chat:
		bad = t.conversation(ctx)
	case r.Live.Suffix != "":
		if t.m.Middle == nil {
			return badRequest(openai.CodeUnsupported, "suffix", "suffix is given, and the model has no tokens for filling in the middle: leave it out")
		}
		tok := t.m.Settings.Tokenizer
		t.ids = append([]int32{t.m.Middle.Before}, tok.Encode(r.Text, false)...)
		t.ids = append(append(t.ids, t.m.Middle.Behind), tok.Encode(r.Live.Suffix, false)...)
		t.ids = append(t.ids, t.m.Middle.Between)
	default:
		t.ids, bad = t.m.Settings.Prompt(ctx, r)
	}
	if bad == nil && t.r.Live.JSON {
		bad = t.formed()
	}
	if bad != nil {
		return fromOpenAI(bad)
	}
	if n := len(t.ids); n > t.m.Context {
		return badRequest(codeLength, "messages", fmt.Sprintf("This model's maximum context length is %d tokens, the prompt has %d: shorten it", t.m.Context, n))
	}
	return nil
}

// conversation makes the tokens of a conversation.
func (t *turn) conversation(ctx context.Context) *openai.Error {
	r := t.r
	text, plain, bad := t.m.Settings.Render(ctx, r, true) // no message can end its own turn
	if bad != nil {
		return bad
	}
	if raw := r.Live.RawTools; raw != nil && r.Tools != nil {
		var err error
		if t.tools, err = toolcall.ParseTools(raw); err != nil {
			return &openai.Error{Code: openai.CodeValue, Message: err.Error()}
		}
	}
	t.thinking = t.m.Format.ThinkingIn(text)
	if r.Live.Choice.Must {
		if bad := t.mustCall(); bad != nil {
			return bad
		}
		if t.thinking {
			text += "\n</think>\n\n"
			t.thinking = false
		}
		text += t.opening
	}
	t.ids = t.m.Settings.Tokenizer.EncodeAround(text, plain)
	return nil
}

// start submits a request for each answer that is wanted.
func (t *turn) start(ctx context.Context) ([]*answer, *apiError) {
	var out []*answer
	for i := range t.r.Live.N {
		a := &answer{t: t, index: i, text: openai.NewAnswer(t.m.Settings.Tokenizer, t.r)}
		a.out = t.m.Settings.Stream(t.r, t.id, t.created, a.text)
		if t.r.Kind == openai.Chat {
			a.parser = toolcall.New(toolcall.Options{Format: t.m.Format, Tools: t.tools, InThinking: t.thinking,
				ID: func(int) string { return t.callID + randomID() }})
		}
		var one context.Context
		one, a.cancel = context.WithCancel(ctx)
		var err error
		if a.stream, err = t.e.Submit(one, t.request(i)); err != nil {
			for _, a := range append(out, a) {
				a.cancel()
			}
			return nil, fromEngine(err)
		}
		out = append(out, a)
	}
	return out, nil
}

// request is what the engine gets for an answer.
func (t *turn) request(index int) generate.Request {
	s := &t.m.Settings
	p := s.Params(t.r)
	if t.r.Sampling.Seed == nil && !t.m.FixedSeed {
		p.Seed = rand.Uint64()
	}
	p.Seed += uint64(index)
	q := generate.Request{IDs: t.ids, MaxTokens: min(s.Most(t.r), t.m.Context-len(t.ids)+1), Sampling: p, IgnoreEOG: s.IgnoresEOS(t.r),
		LogProbs: t.r.LogProbs >= 0, Top: max(0, t.r.LogProbs)}
	if stops := openai.NewAnswer(s.Tokenizer, t.r); stops.Ends() { // one of its own: the engine calls it beside ours
		q.Stop = stops.Add
	}
	if t.form != nil {
		q.Allow = t.allow()
	}
	return q
}

// usage counts the tokens of all answers.
func (t *turn) usage(answers []*answer) *openai.Usage {
	cached, made := 0, 0
	for i, a := range answers {
		if a.result == nil {
			continue
		}
		if made += len(a.result.IDs); i == 0 {
			cached = a.result.Reused
		}
	}
	return openai.NewUsage(len(t.ids), cached, made)
}

// timings are those of a result, with llama-server's names.
type timings struct {
	Cached        int     `json:"cache_n"`
	Prompt        int     `json:"prompt_n"`
	PromptMS      float64 `json:"prompt_ms"`
	PromptEachMS  float64 `json:"prompt_per_token_ms"`
	PromptRate    float64 `json:"prompt_per_second"`
	Predicted     int     `json:"predicted_n"`
	PredictedMS   float64 `json:"predicted_ms"`
	PredictedEach float64 `json:"predicted_per_token_ms"`
	PredictedRate float64 `json:"predicted_per_second"`
}

func newTimings(r *generate.Result) timings {
	t := timings{Cached: r.Reused, Prompt: r.Prompt - r.Reused, PromptMS: ms(r.Prefill), Predicted: len(r.IDs), PredictedMS: ms(r.Decode)}
	if t.Prompt > 0 && t.PromptMS > 0 {
		t.PromptEachMS, t.PromptRate = t.PromptMS/float64(t.Prompt), float64(t.Prompt)/t.PromptMS*1e3
	}
	if r.Steps > 0 && t.PredictedMS > 0 { // the first token is the prompt's
		t.PredictedEach, t.PredictedRate = t.PredictedMS/float64(r.Steps), float64(r.Steps)/t.PredictedMS*1e3
	}
	return t
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
