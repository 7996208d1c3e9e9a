package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/openai"
)

// answer prints the continuation of ids on stdout, as it comes or as JSON, and what
// is to be said of it on stderr.
func (s *session) answer(ctx context.Context, ids []int32) error {
	out := &printed{w: s.Out}
	if s.flags.json {
		out.w = io.Discard
	}
	res, err := s.stream(ctx, ids, out)
	if err != nil {
		return promptError(err)
	}
	if err := s.after(len(ids), res, out.text.String()); err != nil {
		return err
	}
	if res.Finish == generate.FinishCancel {
		return errInterrupted
	}
	return nil
}

// promptError marks what is wrong with a prompt as wrong use.
func promptError(err error) error {
	var bad *engine.PromptError
	if errors.As(err, &bad) {
		return usage{err}
	}
	return err
}

// printed is an answer as far as it was printed: text, or ids with spaces between
// them.
type printed struct {
	mu    sync.Mutex
	w     io.Writer
	text  strings.Builder
	ids   []int32
	ended bool
}

// put prints what a token adds.
func (p *printed) put(id int32, text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return nil // it was cut off
	}
	p.ids = append(p.ids, id)
	p.text.WriteString(text)
	_, err := io.WriteString(p.w, text)
	return err
}

// end prints what is left and the end of the line, once.
func (p *printed) end(text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.finish(text)
}

func (p *printed) finish(text string) error {
	if p.ended {
		return nil
	}
	p.ended = true
	if p.text.WriteString(text); !strings.HasSuffix(p.text.String(), "\n") {
		text += "\n"
	}
	_, err := io.WriteString(p.w, text)
	return err
}

// cutOff ends the printing of an answer whose next token takes too long, unless
// the answer has ended or its reader takes no more, and gives what was printed.
func (p *printed) cutOff() (ids []int32, text string, cut bool) {
	if !p.mu.TryLock() {
		return nil, "", false
	}
	defer p.mu.Unlock()
	cut = !p.ended && p.finish("") == nil
	return p.ids, p.text.String(), cut
}

// stream generates and prints. If the process must end before the answer does, what
// there is of it is reported.
func (s *session) stream(ctx context.Context, ids []int32, out *printed) (generate.Result, error) {
	defer s.last.add(func() {
		if done, text, cut := out.cutOff(); cut {
			s.after(len(ids), generate.Result{IDs: done, Finish: generate.FinishCancel}, text)
		}
	})()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	text := &answerText{s: s, answer: openai.NewAnswer(s.engine.Model.Tokenizer, &openai.Request{Stop: s.flags.stop})}
	req := generate.Request{IDs: ids, MaxTokens: s.cfg.Run.MaxTokens, Sampling: s.params, IgnoreEOG: s.flags.ignoreEOS}
	if len(s.flags.stop) > 0 {
		// An answer of its own, since the loop calls this.
		req.Stop = openai.NewAnswer(s.engine.Model.Tokenizer, &openai.Request{Stop: s.flags.stop}).Add
	}
	events, err := s.loop.Submit(ctx, req)
	if err != nil {
		return generate.Result{}, err
	}
	reading := func(done, all int) {}
	if s.bars != nil {
		reading = promptBar(s.bars)
	}
	var res generate.Result
	var failed error // to print: then the rest is not wanted
	for e := range events.Events() {
		switch {
		case e.Result != nil:
			res = *e.Result
		case failed != nil:
		case e.Token == nil:
			reading(e.Prefilled, len(ids))
		default:
			if failed = out.put(e.Token.ID, text.add(e.Token.ID)); failed != nil {
				cancel()
			}
		}
	}
	if err := cmp.Or(failed, res.Err); err != nil {
		return res, err
	}
	return res, out.end(text.rest())
}

// answerText turns tokens into what is printed of them.
type answerText struct {
	s      *session
	answer *openai.Answer
	tokens int
}

// add is what a token adds.
func (a *answerText) add(id int32) string {
	defer a.s.engine.Tokenizing("detokenize")()
	a.tokens++
	switch a.answer.Add(id); {
	case !a.s.flags.printID:
		return a.answer.Next()
	case a.tokens == 1:
		return strconv.Itoa(int(id))
	}
	return " " + strconv.Itoa(int(id))
}

// rest is what was held back.
func (a *answerText) rest() string {
	if a.s.flags.printID {
		return ""
	}
	a.answer.Finish(nil)
	return a.answer.Next()
}

// report says what became of an answer: the figures, and why it is not longer, on
// stderr, or all of it as JSON on stdout.
func (s *session) report(prompt int, r generate.Result, text string) error {
	if s.flags.json {
		return s.printJSON(s.answerJSON(prompt, r, text))
	}
	if s.flags.quiet {
		return nil
	}
	s.cut(prompt, r)
	s.timing(prompt, r)
	return nil
}

// cut says why an answer ends before the model ended it, if it does.
func (s *session) cut(prompt int, r generate.Result) {
	switch {
	case r.Finish != generate.FinishLength:
	case len(r.IDs) < s.cfg.Run.MaxTokens:
		fmt.Fprintf(s.Err, "the answer was cut: the context of %d positions is full (-c, context.length)\n", s.engine.Context)
	default:
		fmt.Fprintf(s.Err, "the answer was cut at %d tokens (-n, run.max_tokens)\n", len(r.IDs))
	}
}

// answerJSON is an answer as --json prints it.
type answerJSON struct {
	Text            string  `json:"text"`
	IDs             []int32 `json:"ids"`
	Finish          string  `json:"finish"` // stop, length or cancelled
	PromptTokens    int     `json:"prompt_tokens"`
	ReusedTokens    int     `json:"reused_tokens"`
	GeneratedTokens int     `json:"generated_tokens"`
	PromptSeconds   float64 `json:"prompt_seconds"`
	DecodeSeconds   float64 `json:"decode_seconds"`
	Seed            uint64  `json:"seed"`
	Model           string  `json:"model"`
	Device          string  `json:"device"`
}

func (s *session) answerJSON(prompt int, r generate.Result, text string) answerJSON {
	return answerJSON{Text: text, IDs: r.IDs, Finish: string(r.Finish), PromptTokens: prompt, ReusedTokens: r.Reused,
		GeneratedTokens: len(r.IDs), PromptSeconds: r.Prefill.Seconds(), DecodeSeconds: r.Decode.Seconds(),
		Seed: s.params.Seed, Model: s.engine.Model.Name(), Device: s.engine.Device.Name}
}

// timing prints the speed of a finished answer.
func (s *session) timing(prompt int, r generate.Result) {
	rate := func(n int, sec float64) string {
		if n == 0 || sec <= 0 {
			return "-"
		}
		return fmt.Sprintf("%.1f tokens/s", float64(n)/sec)
	}
	seed := ""
	if s.drawn && s.params.Temperature > 0 {
		seed = fmt.Sprintf(", seed: %d", s.params.Seed)
	}
	fmt.Fprintf(s.Err, "%s: prompt %d tokens (%d reused) %s, generated %d tokens %s, finish: %s%s\n",
		s.engine.Device.Name, prompt, r.Reused, rate(prompt-r.Reused, r.Prefill.Seconds()),
		len(r.IDs), rate(r.Steps, r.Decode.Seconds()), r.Finish, seed)
}
