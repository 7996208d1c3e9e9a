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
	"moeflow/tokenizer"
)

// answer streams the continuation of ids to stdout and the timing to stderr.
func (s *session) answer(ctx context.Context, ids []int32) error {
	res, _, err := s.stream(ctx, ids)
	if err != nil {
		return promptError(err)
	}
	s.timing(len(ids), res)
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
	mu     sync.Mutex
	w      io.Writer
	text   strings.Builder
	tokens int
	ended  bool
}

// put prints what a token adds.
func (p *printed) put(text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens++
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
// the answer has ended or its reader takes no more. It tells how many tokens were
// printed.
func (p *printed) cutOff() (tokens int, cut bool) {
	if !p.mu.TryLock() {
		return 0, false
	}
	defer p.mu.Unlock()
	return p.tokens, !p.ended && p.finish("") == nil
}

// stream generates and prints, and returns the text as well.
func (s *session) stream(ctx context.Context, ids []int32) (generate.Result, string, error) {
	dec := s.engine.Model.Tokenizer.NewDecoder()
	out := &printed{w: s.Out}
	defer s.last.add(func() {
		if n, cut := out.cutOff(); cut {
			s.timing(len(ids), generate.Result{IDs: make([]int32, n), Finish: generate.FinishCancel})
		}
	})()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events, err := s.loop.Submit(ctx, generate.Request{IDs: ids, MaxTokens: s.cfg.Run.MaxTokens, Sampling: s.params, IgnoreEOG: s.flags.ignoreEOS})
	if err != nil {
		return generate.Result{}, "", err
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
			if failed = out.put(s.piece(dec, e.Token.ID, out.tokens == 0)); failed != nil {
				cancel()
			}
		}
	}
	if err := cmp.Or(failed, res.Err); err != nil {
		return res, "", err
	}
	tail := ""
	if !s.flags.printID {
		tail = dec.Flush()
	}
	text := out.text.String()
	return res, text, out.end(tail)
}

// piece is what a token adds to what is printed.
func (s *session) piece(dec *tokenizer.Decoder, id int32, first bool) string {
	switch {
	case !s.flags.printID:
		defer s.engine.Tokenizing("detokenize")()
		return dec.Add(id)
	case first:
		return strconv.Itoa(int(id))
	}
	return " " + strconv.Itoa(int(id))
}

// timing prints the speed of a finished answer.
func (s *session) timing(prompt int, r generate.Result) {
	rate := func(n int, sec float64) string {
		if n == 0 || sec <= 0 {
			return "-"
		}
		return fmt.Sprintf("%.1f tokens/s", float64(n)/sec)
	}
	fmt.Fprintf(s.Err, "%s: prompt %d tokens (%d reused) %s, generated %d tokens %s, finish: %s\n",
		s.engine.Device.Name, prompt, r.Reused, rate(prompt-r.Reused, r.Prefill.Seconds()),
		len(r.IDs), rate(r.Steps, r.Decode.Seconds()), r.Finish)
}
