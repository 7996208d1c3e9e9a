package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/schollz/progressbar/v3"

	"moeflow/cmd/moeflow/internal/job"
)

// TestBatchReport: rates are those since the last line, the time left follows
// from this job's prompts alone, and there is no line before its time.
func TestBatchReport(t *testing.T) {
	at := func(sec, done int, in, out uint64) job.Progress {
		return job.Progress{Total: 110, Earlier: 10, Done: done, Errors: done / 10, PromptTokens: 7 * done, CompletionTokens: 3 * done,
			Load: job.Load{Running: 4, Waiting: 5, PromptTokens: in, Generated: out}, Elapsed: time.Duration(sec) * time.Second}
	}
	steps := []job.Progress{at(3, 1, 10, 10), at(10, 5, 100, 50), at(12, 6, 110, 60), at(20, 20, 300, 250)}
	report := func(asJSON, bar bool) string {
		var b bytes.Buffer
		r := newBatchReport(&b, nil, asJSON, &job.Job{Output: job.Stream("x", nil), Total: 110})
		if bar {
			r.bar = progressbar.NewOptions(110, progressbar.OptionSetWriter(&b), progressbar.OptionSetPredictTime(false), progressbar.OptionShowCount())
		}
		r.begin("card")
		for _, p := range steps {
			r.observe(p)
		}
		r.end(steps[3], "interrupted")
		return b.String()
	}
	const sum = "card: 20 prompts (2 with errors) in 20s, 10 before, 80 left; prompt 140 tokens (0 reused) 7.0 tokens/s, generated 60 tokens 3.0 tokens/s\n"
	want := "batch: 15 of 110 prompts, 10.0 tokens/s in, 5.0 out, 3m10s left\nbatch: 30 of 110 prompts (2 with errors), 20.0 tokens/s in, 20.0 out, 1m20s left\n" + sum
	if got := report(false, false); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := report(false, true); !strings.Contains(got, "20 tok/s in, 20 out, 1m20s left") || !strings.Contains(got, "(30/110)") || !strings.HasSuffix(got, sum) {
		t.Errorf("a bar: %q", got)
	}
	lines := strings.Split(strings.TrimSpace(report(true, false)), "\n")
	var e struct {
		Event   string
		Done    int
		Running int
		Left    float64 `json:"left_s"`
		In      float64 `json:"prompt_tokens_per_s"`
	}
	if err := json.Unmarshal([]byte(lines[2]), &e); err != nil || len(lines) != 4 || e.Event != "progress" || e.Done != 30 || e.Running != 4 || e.Left != 80 || e.In != 20 {
		t.Errorf("%v: %+v of %q", err, e, lines)
	}
}
