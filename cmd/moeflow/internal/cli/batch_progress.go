package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"moeflow/cmd/moeflow/internal/job"
)

// How often progress is told: on a terminal, and elsewhere.
const (
	barEvery  = 500 * time.Millisecond
	lineEvery = 10 * time.Second
)

// batchReport tells how far a batch is, on stderr: a bar on a terminal, a line
// now and then elsewhere, or lines of JSON.
type batchReport struct {
	w      io.Writer
	json   bool
	job    *job.Job
	device string
	bar    *progressbar.ProgressBar // nil unless on a terminal
	every  time.Duration
	last   job.Progress // as of the last line
}

// newBatchReport tells on w, and by a bar on bars where that is a terminal.
func newBatchReport(w, bars io.Writer, asJSON bool, j *job.Job) *batchReport {
	r := &batchReport{w: w, json: asJSON, job: j, every: lineEvery}
	if bars != nil && !asJSON {
		r.every = barEvery
		r.bar = progressbar.NewOptions(j.Total, progressbar.OptionSetWriter(bars), progressbar.OptionSetWidth(30),
			progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false))
	}
	return r
}

// begin is called once the model is loaded.
func (r *batchReport) begin(device string) {
	r.device = device
	if r.json {
		r.line(map[string]any{"event": "start", "model": r.job.Model, "device": device, "format": r.job.Format,
			"total": known(r.job.Total), "done_before": r.job.Output.Finished.Len()})
	}
}

// known is a count, nil where it is -1.
func known(n int) any {
	if n < 0 {
		return nil
	}
	return n
}

func (r *batchReport) line(v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(v)
	r.w.Write(escapeJSON(b.Bytes()))
}

// observe gets every result and step.
func (r *batchReport) observe(p job.Progress) {
	if p.Elapsed-r.last.Elapsed < r.every {
		return
	}
	in, out := rate(p.Load.PromptTokens-r.last.Load.PromptTokens, p.Elapsed-r.last.Elapsed), rate(p.Load.Generated-r.last.Load.Generated, p.Elapsed-r.last.Elapsed)
	r.last = p
	left, sure := p.Left()
	switch {
	case r.json:
		r.line(r.event("progress", p, map[string]any{"running": p.Load.Running, "waiting": p.Load.Waiting,
			"prompt_tokens_per_s": in, "completion_tokens_per_s": out, "left_s": seconds(left, sure)}))
	case r.bar != nil:
		text := fmt.Sprintf("%.0f tok/s in, %.0f out", in, out)
		if sure {
			text += fmt.Sprintf(", %s left", left.Round(time.Second))
		}
		r.bar.Describe(text)
		r.bar.Set(p.Earlier + p.Done)
	default:
		text := fmt.Sprintf("batch: %d", p.Earlier+p.Done)
		if p.Total >= 0 {
			text += fmt.Sprintf(" of %d", p.Total)
		}
		text += fmt.Sprintf(" prompts%s, %.1f tokens/s in, %.1f out", errorsOf(p.Errors), in, out)
		if sure {
			text += fmt.Sprintf(", %s left", left.Round(time.Second))
		}
		fmt.Fprintln(r.w, text)
	}
}

func seconds(d time.Duration, sure bool) any {
	if !sure {
		return nil
	}
	return d.Round(time.Millisecond).Seconds()
}

func errorsOf(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d with errors)", n)
}

// rate is tokens a second, to one decimal.
func rate[T uint64 | int](n T, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(int64(10*float64(n)/d.Seconds()+0.5)) / 10
}

// event is what all lines of JSON have, and more.
func (r *batchReport) event(name string, p job.Progress, more map[string]any) map[string]any {
	v := map[string]any{"event": name, "done": p.Earlier + p.Done, "total": known(p.Total), "done_before": p.Earlier, "errors": p.Errors, "engine_errors": p.Failed,
		"prompt_tokens": p.PromptTokens, "cached_tokens": p.CachedTokens, "completion_tokens": p.CompletionTokens, "elapsed_s": seconds(p.Elapsed, true)}
	for k, x := range more {
		v[k] = x
	}
	return v
}

// end is the summary. state is done, interrupted or failed.
func (r *batchReport) end(p job.Progress, state string) {
	in, out := rate(p.PromptTokens, p.Elapsed), rate(p.CompletionTokens, p.Elapsed)
	if r.json {
		r.line(r.event("summary", p, map[string]any{"state": state, "prompt_tokens_per_s": in, "completion_tokens_per_s": out}))
		return
	}
	if r.bar != nil {
		r.bar.Clear()
	}
	var b strings.Builder
	if r.device != "" {
		fmt.Fprintf(&b, "%s: ", r.device)
	}
	fmt.Fprintf(&b, "%d prompts%s in %s", p.Done, errorsOf(p.Errors), p.Elapsed.Round(10*time.Millisecond))
	if p.Earlier > 0 {
		fmt.Fprintf(&b, ", %d before", p.Earlier)
	}
	if rest := p.Total - p.Earlier - p.Done; rest > 0 {
		fmt.Fprintf(&b, ", %d left", rest)
	}
	fmt.Fprintf(&b, "; prompt %d tokens (%d reused) %.1f tokens/s, generated %d tokens %.1f tokens/s\n", p.PromptTokens, p.CachedTokens, in, p.CompletionTokens, out)
	io.WriteString(r.w, b.String())
}

// cutBatch knows how far a batch has come, for one that is cut off while a step
// takes too long.
type cutBatch struct {
	mu     sync.Mutex
	report *batchReport
	p      job.Progress
}

func (c *cutBatch) observe(p job.Progress) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.p = p
	c.report.observe(p)
}

func (c *cutBatch) last() job.Progress {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.p
}
