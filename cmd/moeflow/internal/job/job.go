package job

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"

	"moeflow/cmd/moeflow/internal/openai"
)

// Job is a file of prompts, where their results go, and how to answer them.
type Job struct {
	Settings
	Source  *Source
	Output  *Output // after Begin
	ID      Identity
	Total   int            // prompts, -1 where that is not known
	Observe func(Progress) // told of every result and step, one call at a time; may be nil
}

// readAhead is how many prompts are tokenized before a Runner asks for them.
const readAhead = 32

// Run answers every prompt that has no result yet. It returns when all results
// are written, or at the first error that is not one of a prompt alone: those
// that were written remain. Close the output then: that syncs it.
func (j *Job) Run(ctx context.Context, r Runner) (Progress, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := &work{Job: j, items: make(chan *item, readAhead), names: map[uint64]uint32{}, open: map[int]*item{},
		meter: meter{start: time.Now(), observe: j.Observe, p: Progress{Total: j.Total}}}
	w.meter.p.Earlier = j.Output.Finished.Len()
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		w.readErr = w.read(ctx)
		close(w.items)
	}()
	err := r.Run(ctx, func() (*Request, error) { return w.next(ctx) }, w.done, w.step)
	cancel()
	if j.Source.again || err == nil {
		<-reading // a stream may keep its reader waiting for ever
	}
	if err == nil {
		err = w.lost()
	}
	return w.meter.now(), err
}

// item is a prompt on its way.
type item struct {
	customID string
	prompt   *openai.Request
	record   record
	request  *Request
	answer   *openai.Answer
}

// work is a job under way.
type work struct {
	*Job
	meter   meter
	items   chan *item
	readErr error             // set before items is closed
	names   map[uint64]uint32 // sums of custom_ids, and their lines

	mu   sync.Mutex
	open map[int]*item // prompts that the runner has
}

// read reads prompts and hands them on; lines that cannot be used get their
// result at once.
func (w *work) read(ctx context.Context) error {
	last := 0
	for ctx.Err() == nil {
		line, err := w.Source.lines.next()
		if err == io.EOF {
			return w.Source.checkEnd(last, &w.Output.Finished)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", w.Source.Name, err)
		}
		if ctx.Err() != nil { // a stream may have kept us long
			break
		}
		last = line.Number
		if err := w.Source.check(line, &w.Output.Finished); err != nil {
			return err
		}
		it, bad := w.item(ctx, line)
		switch {
		case w.Output.Finished.sum(line.Number) != 0:
		case ctx.Err() != nil: // a template that was stopped says nothing of the line
		case bad != nil:
			if err := w.fail(bad, w.record(line)); err != nil {
				return err
			}
		default:
			select {
			case w.items <- it:
			case <-ctx.Done():
			}
		}
	}
	return ctx.Err()
}

func (w *work) record(line Line) record {
	return record{Line: line.Number, Input: fmt.Sprintf("%08x", lineSum(line.Text)), Job: w.ID}
}

// item reads a line and makes a request of it, unless it is finished: then only
// its name matters.
func (w *work) item(ctx context.Context, line Line) (*item, *LineError) {
	p, bad := Parse(w.Format, line)
	id := ""
	if bad != nil {
		id = bad.CustomID
	} else {
		id = p.CustomID
	}
	// The name of a line that is no good counts too: its result has it.
	if id != "" && w.Format != Text {
		if taken := w.name(id, line.Number); taken != nil {
			return nil, taken
		}
	}
	if bad != nil {
		return nil, bad
	}
	if w.Output.Finished.sum(line.Number) != 0 {
		return nil, nil
	}
	if w.Chat && w.Format != OpenAI && len(p.IDs) == 0 {
		p.Kind = openai.Chat
	}
	req, bad := w.request(ctx, line.Number, p)
	if bad != nil {
		return nil, bad
	}
	it := &item{customID: p.CustomID, prompt: p.Request, record: w.record(line), request: req, answer: openai.NewAnswer(w.Tokenizer, p.Request)}
	if it.answer.Ends() {
		req.OnToken = it.answer.Add
	}
	p.Messages, p.Tools, p.Text, p.IDs = nil, nil, "", nil // of no use from here on
	return it, nil
}

// name notes a custom_id. One that comes twice is no name: the second prompt's
// result has none, so that it is not taken for the first one's.
func (w *work) name(customID string, line int) *LineError {
	sum := sha256.Sum256([]byte(customID))
	key := binary.LittleEndian.Uint64(sum[:])
	if first, taken := w.names[key]; taken {
		return lineErrorf(codeDuplicate, "custom_id %s is that of line %d already", openai.Quoted(customID), first)
	}
	w.names[key] = uint32(line)
	return nil
}

// next is the runner's next prompt.
func (w *work) next(ctx context.Context) (*Request, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case it, more := <-w.items:
		if !more {
			return nil, w.readErr
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.open[it.request.Key] = it
		req := it.request
		it.request = nil // the runner's from here on
		return req, nil
	}
}

// done writes a result of the runner.
func (w *work) done(res Result) error {
	w.mu.Lock()
	it := w.open[res.Key]
	delete(w.open, res.Key)
	w.mu.Unlock()
	if it == nil {
		return fmt.Errorf("a result of line %d, which was not asked for or has one", res.Key)
	}
	if res.Refused != nil {
		return w.fail(&LineError{openai.CodePrompt, res.Refused.Error(), it.customID}, it.record)
	}
	if res.Failed != nil {
		it.record.Retry = true
		return w.fail(&LineError{codeEngine, res.Failed.Error(), it.customID}, it.record)
	}
	if err := w.write(answerLine(&w.Settings, it, res)); err != nil {
		return err
	}
	w.meter.change(func(p *Progress) {
		p.Done++
		p.PromptTokens += res.Prompt
		p.CachedTokens += res.Reused
		p.CompletionTokens += len(res.IDs)
	})
	return nil
}

// fail writes the result of a line that could not be used.
func (w *work) fail(bad *LineError, rec record) error {
	if err := w.write(errorLine(bad, rec)); err != nil {
		return err
	}
	w.meter.change(func(p *Progress) {
		p.Done, p.Errors = p.Done+1, p.Errors+1
		if rec.Retry {
			p.Failed++
		}
	})
	return nil
}

func (w *work) write(r *resultLine) error {
	b, err := encodeLine(r)
	if err != nil {
		return err
	}
	return w.Output.append(b)
}

func (w *work) step(l Load) { w.meter.change(func(p *Progress) { p.Load = l }) }

// lost fails if a prompt was taken and never answered.
func (w *work) lost() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.open); n > 0 {
		return fmt.Errorf("%d prompts were taken and got no result", n)
	}
	return nil
}
