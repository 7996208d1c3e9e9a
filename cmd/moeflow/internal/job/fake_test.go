package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"moeflow/cmd/moeflow/internal/openai"
	"moeflow/stages/sample"
	"moeflow/tokenizer"
	"moeflow/tokenizer/chat"
)

// endID is the token that ends a text in the tests' vocabulary.
const endID = 256

// testTokenizer has a token for each byte, an end, and two of several bytes.
func testTokenizer(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	c := tokenizer.Config{Model: "gpt2", Pre: "qwen2", BOS: -1, EOS: endID, EOT: -1, Merges: []string{"a b", "ab c"}}
	next := rune(256)
	for b := range 256 {
		r := rune(b)
		if !(b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae) {
			r, next = next, next+1
		}
		c.Tokens = append(c.Tokens, string(r))
	}
	c.Tokens = append(c.Tokens, "<|im_end|>", "ab", "abc")
	c.Types = slices.Repeat([]int32{1}, len(c.Tokens))
	c.Types[endID] = 3
	tok, err := tokenizer.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

const testTemplate = `{% if tools %}[{{ tools | length }} tools]{% endif %}{% for m in messages %}{{ m.role }}: {{ m.content }}
{% endfor %}assistant:`

func testSettings(t testing.TB, f Format) Settings {
	t.Helper()
	tmpl, err := chat.New(testTemplate, chat.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Settings{Settings: openai.Settings{Model: "fake", Tokenizer: testTokenizer(t), Template: tmpl, Sampling: sample.Greedy(), MaxTokens: 1000},
		Format: f}
}

// fake answers a prompt with "<" prompt ">", a token a step, several prompts at
// once; the results depend on the requests alone, their order on seed.
type fake struct {
	tok    *tokenizer.Tokenizer
	width  int
	seed   uint64
	delay  time.Duration // of a step
	began  func(key int)
	onStep func(n int) error
	whole  bool // a prompt BREAK is answered as any other
}

type fakeRow struct {
	req  *Request
	want []int32
	res  Result
}

func (f *fake) start(r *Request) *fakeRow {
	text := f.tok.Decode(r.IDs, true)
	row := &fakeRow{req: r, want: f.tok.Encode("<"+text+">", false), res: Result{Key: r.Key, Prompt: len(r.IDs), Finish: "stop"}}
	if text == "FAIL" {
		row.res.Refused = errors.New("asked to fail")
	}
	if text == "BREAK" && !f.whole {
		row.res.Failed = errors.New("the logits are no numbers")
	}
	if r.Sampling.Temperature > 0 {
		row.want = f.tok.Encode(fmt.Sprint("drawn with ", r.Sampling.Seed), false)
	}
	return row
}

// step adds a token, and tells whether the row is at its end.
func (w *fakeRow) step() bool {
	i := len(w.res.IDs)
	if w.res.Refused != nil || w.res.Failed != nil || i == len(w.want) {
		return true
	}
	id := w.want[i]
	w.res.IDs = append(w.res.IDs, id)
	if n := w.req.LogProbs; n >= 0 {
		p := openai.TokenLogProb{LogProb: openai.LogProb{ID: id, LogProb: -0.5}}
		for k := range n {
			p.Top = append(p.Top, openai.LogProb{ID: int32(k), LogProb: float32(-k)})
		}
		w.res.LogProbs = append(w.res.LogProbs, p)
	}
	if w.req.OnToken != nil && w.req.OnToken(id) {
		return true
	}
	if len(w.res.IDs) == w.req.MaxTokens {
		w.res.Finish = "length"
		return true
	}
	return false
}

func (f *fake) Run(ctx context.Context, next func() (*Request, error), done func(Result) error, step func(Load)) error {
	rnd := rand.New(rand.NewPCG(f.seed, 1))
	var rows []*fakeRow
	ended := false
	load := Load{}
	for n := 0; ; n++ {
		for !ended && len(rows) < max(1, f.width) {
			r, err := next()
			if err != nil {
				return err
			}
			if ended = r == nil; !ended {
				if f.began != nil {
					f.began(r.Key)
				}
				rows = append(rows, f.start(r))
			}
		}
		if len(rows) == 0 {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		time.Sleep(f.delay)
		rnd.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		var err error
		rows = slices.DeleteFunc(rows, func(w *fakeRow) bool {
			if err != nil || !w.step() {
				return false
			}
			err = done(w.res)
			return true
		})
		if err == nil && f.onStep != nil {
			err = f.onStep(n)
		}
		if err != nil {
			return err
		}
		load.Running, load.Generated = len(rows), load.Generated+uint64(len(rows))
		step(load)
	}
}

// start makes a job of files, as the command does.
func start(t testing.TB, prompts, results string, resume bool) (*Job, error) {
	t.Helper()
	src, err := OpenSource(prompts)
	if err != nil {
		return nil, err
	}
	out, err := OpenOutput(results, resume)
	if err != nil {
		return nil, errors.Join(err, src.Close())
	}
	f, err := src.Format(Auto)
	if err == io.EOF {
		f, err = Text, nil
	}
	j := &Job{Settings: testSettings(t, f), Source: src, Output: out}
	j.ID = j.Identity("fake model")
	if err == nil {
		err = out.Begin(j.ID)
	}
	if err == nil {
		j.Total, err = src.Count(context.Background(), &out.Finished)
	}
	if err != nil {
		return nil, errors.Join(err, src.Close(), out.Close())
	}
	return j, nil
}

func (j *Job) end(err error) error { return errors.Join(err, j.Source.Close(), j.Output.Close()) }

// run answers a text of prompts and gives the results by line.
func run(t testing.TB, prompts string, change func(*Job)) map[int]resultLine {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, []byte(prompts), 0o666); err != nil {
		t.Fatal(err)
	}
	j, err := start(t, in, out, false)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(j)
	}
	_, err = j.Run(context.Background(), &fake{tok: j.Tokenizer, width: 4})
	if err := j.end(err); err != nil {
		t.Fatal(err)
	}
	return results(t, out)
}

// results reads a file of results; a line's second one fails the test.
func results(t testing.TB, path string) map[int]resultLine {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[int]resultLine{}
	for line := range strings.Lines(string(b)) {
		var r resultLine
		if err := json.Unmarshal([]byte(line), &r); err != nil || !strings.HasSuffix(line, "\n") {
			t.Fatalf("no result: %q: %v", line, err)
		}
		if _, twice := all[r.Record.Line]; twice {
			t.Errorf("line %d has two results", r.Record.Line)
		}
		all[r.Record.Line] = r
	}
	return all
}

// text is the answer of a result.
func (r resultLine) text() string {
	switch {
	case r.Error != nil:
		return "error " + r.Error.Code + ": " + r.Error.Message
	case r.Response.Body.Choices[0].Message != nil:
		return r.Response.Body.Choices[0].Message.Content
	}
	return *r.Response.Body.Choices[0].Text
}
