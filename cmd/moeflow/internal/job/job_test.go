package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"moeflow/cmd/moeflow/internal/openai"
)

// texts are the answers of results by line.
func texts(all map[int]resultLine) map[int]string {
	out := map[int]string{}
	for n, r := range all {
		out[n] = r.text()
	}
	return out
}

func same(t *testing.T, got, want map[int]string) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%#v\nwant\n%#v", got, want)
	}
}

func TestFormats(t *testing.T) {
	got := run(t, "\ufeff"+batchLine("a", "chat/completions", `{"messages":[{"role":"user","content":"hi"}]}`)+"\r\n\r\n \t\n"+
		batchLine("b", "completions", `{"prompt":"yo"}`)+"\n"+batchLine("a", "completions", `{"prompt":"again"}`)+"\n"+
		batchLine("c", "completions", `{"prompt":[97,98]}`), nil)
	same(t, texts(got), map[int]string{1: "<user: hi\nassistant:>", 4: "<yo>", 6: "<" + testTokenizer(t).Decode([]int32{97, 98}, true) + ">",
		5: `error duplicate_custom_id: custom_id "a" is that of line 1 already`})
	if r := got[1]; r.ID != "batch_req_1" || *r.CustomID != "a" || r.Response.Status != 200 || r.Response.RequestID != "req_1" ||
		r.Response.Body.ID != "chatcmpl-1" || r.Response.Body.Object != "chat.completion" || r.Response.Body.Model != "fake" || r.Error != nil {
		t.Errorf("%+v", r)
	}
	if b := got[4].Response.Body; b.Object != "text_completion" || *b.Usage != *openai.NewUsage(2, 0, 4) || *b.Choices[0].Finish != "stop" {
		t.Errorf("%+v", b)
	}
	if r := got[5]; r.CustomID != nil || r.Response != nil || r.Error.Line != 5 {
		t.Errorf("a duplicate: %+v", r)
	}

	got = run(t, "{\"prompt\":\"a\"}\n{\"id\":\"x\",\"prompt\":\"b\"}\n{\"id\":\"line-4\",\"prompt\":\"c\"}\n{\"prompt\":\"d\"}", nil)
	same(t, texts(got), map[int]string{1: "<a>", 2: "<b>", 3: "<c>", 4: `error duplicate_custom_id: custom_id "line-4" is that of line 3 already`})
	if id := *got[1].CustomID; id != "line-1" {
		t.Errorf("custom_id %q", id)
	}

	got = run(t, "{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}\n{\"prompt\":\"b\"}", nil)
	same(t, texts(got), map[int]string{1: "<user: hi\nassistant:>", 2: "<b>"})
	if got[1].Response.Body.Object != "chat.completion" || got[2].Response.Body.Object != "text_completion" {
		t.Errorf("%+v", got)
	}

	// The name of a line that is no good is taken as well.
	got = run(t, "{\"id\":\"a\",\"prompt\":5}\n{\"id\":\"a\",\"prompt\":\"x\"}\n{\"id\":\"a\",\"prompt\":6}", nil)
	same(t, texts(got), map[int]string{1: "error invalid_value: prompt is 5, want a string or a list of token ids",
		2: `error duplicate_custom_id: custom_id "a" is that of line 1 already`, 3: `error duplicate_custom_id: custom_id "a" is that of line 1 already`})
	if *got[1].CustomID != "a" || got[2].CustomID != nil || got[3].CustomID != nil {
		t.Errorf("%+v", got)
	}

	got = run(t, "one\r\ntwo \n\n\nthree\nbad\xffline\none", nil)
	same(t, texts(got), map[int]string{1: "<one>", 2: "<two >", 5: "<three>", 6: "error invalid_utf8: byte 4 of the line is not UTF-8", 7: "<one>"})

	got = run(t, "one", func(j *Job) { j.Chat, j.System = true, "be short" })
	same(t, texts(got), map[int]string{1: "<system: be short\nuser: one\nassistant:>"})
	if got[1].Response.Body.Object != "chat.completion" {
		t.Errorf("%+v", got[1])
	}
	same(t, texts(run(t, "", nil)), map[int]string{})
	same(t, texts(run(t, "\n \n", nil)), map[int]string{})
}

// TestAnswers: stop strings, the most tokens, seeds, and probabilities.
func TestAnswers(t *testing.T) {
	lines := []string{
		`{"prompt":"xab","stop":"b>"}`,                   // across tokens
		`{"prompt":"xé>y","stop":["é"]}`,                 // a character of two tokens
		`{"prompt":"abcd","stop":["bcd","c"]}`,           // the one that ends first
		`{"prompt":"abcd","stop":["c","bc"]}`,            // of two that end together the longer
		`{"prompt":"abcd","stop":"<"}`,                   // at once
		`{"prompt":"abcd","max_tokens":2}`,               // cut
		`{"prompt":"é","max_tokens":2}`,                  // cut within a character
		`{"prompt":"q","temperature":1,"seed":7}`,        // its own seed
		`{"id":"s","prompt":"q","temperature":1}`,        // that of its name
		`{"prompt":"FAIL"}`,                              // fails alone
		`{"prompt":"zab","logprobs":2,"stop":"b>"}`,      // probabilities up to the cut
		`{"prompt":"q","temperature":1,"top_k":-2}`,      // bad
		`{"prompt":"aab","stop":"aab>","max_tokens":99}`, // overlaps itself
	}
	got := run(t, strings.Join(lines, "\n"), nil)
	same(t, texts(got), map[int]string{1: "<xa", 2: "<x", 3: "<ab", 4: "<a", 5: "", 6: "<abc", 7: "<\ufffd", 8: "drawn with 7",
		9: fmt.Sprint("drawn with ", seedOf(0, "s")), 10: "error invalid_prompt: asked to fail", 11: "<za",
		12: "error invalid_value: top_k is -2, want a whole number from -1 to 2147483647", 13: "<"})
	for n, finish := range map[int]string{1: "stop", 5: "stop", 6: "length", 7: "length", 8: "stop"} {
		if f := *got[n].Response.Body.Choices[0].Finish; f != finish {
			t.Errorf("line %d: finish_reason %q, want %q", n, f, finish)
		}
	}
	p, _ := got[11].Response.Body.Choices[0].LogProbs.(map[string]any)
	if want := []any{"<", "z", "ab"}; !reflect.DeepEqual(p["tokens"], want) || !reflect.DeepEqual(p["text_offset"], []any{0., 1., 2.}) ||
		!reflect.DeepEqual(p["token_logprobs"], []any{-0.5, -0.5, -0.5}) || len(p["top_logprobs"].([]any)) != 3 {
		t.Errorf("%+v", p)
	}
	got = run(t, batchLine("a", "chat/completions", `{"messages":[{"role":"user","content":"é"}],"logprobs":true,"top_logprobs":2,"max_tokens":1}`), nil)
	chat := fmt.Sprint(got[1].Response.Body.Choices[0].LogProbs)
	if want := "map[content:[map[bytes:[60] logprob:-0.5 token:< top_logprobs:[map[bytes:[0] logprob:0 token:\x00] map[bytes:[1] logprob:-1 token:\x01]]]]]"; chat != want {
		t.Errorf("%q, want %q", chat, want)
	}
}

// TestSeeds: a prompt's draws depend on the job's seed and its name, not on
// where it stands; temperature 0 is greedy whatever the job's penalty.
func TestSeeds(t *testing.T) {
	warm := func(j *Job) { j.Sampling.Temperature, j.Sampling.RepeatPenalty, j.Sampling.Seed = 0.7, 1.1, 5 }
	a := run(t, "{\"id\":\"a\",\"prompt\":\"x\"}\n{\"id\":\"b\",\"prompt\":\"x\"}", warm)
	b := run(t, "{\"id\":\"b\",\"prompt\":\"x\"}\n{\"id\":\"a\",\"prompt\":\"x\"}", warm)
	if a[1].text() != b[2].text() || a[2].text() != b[1].text() || a[1].text() == a[2].text() {
		t.Errorf("%v and %v", texts(a), texts(b))
	}
	s := testSettings(t, JSONL)
	s.Sampling.RepeatPenalty = 1.1
	zero := 0.0
	if p := s.Params(&openai.Request{Sampling: openai.Sampling{Temperature: &zero}}); p.RepeatPenalty != 1 {
		t.Errorf("%+v", p)
	}
	if p := s.Params(&openai.Request{}); p.RepeatPenalty != 1.1 {
		t.Errorf("%+v", p)
	}
}

// TestDiskFull: the error is the system's, and comes once.
func TestDiskFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Fatalf("this test needs /dev/full: %v", err)
	}
	in := filepath.Join(t.TempDir(), "in")
	os.WriteFile(in, []byte(strings.Repeat("x\n", 100)), 0o666)
	for _, bad := range []bool{false, true} {
		if bad { // already the first line's error result does not fit
			os.WriteFile(in, []byte("{\"prompt\":\"x\"}\n"+strings.Repeat("{\n", 50)), 0o666)
		}
		j, err := start(t, in, "/dev/full", false)
		if err != nil {
			t.Fatal(err)
		}
		p, err := j.Run(context.Background(), &fake{tok: j.Tokenizer, width: 8})
		if err = j.end(err); !errors.Is(err, syscall.ENOSPC) || err.Error() != "write /dev/full: no space left on device" || p.Done != 0 {
			t.Errorf("%v after %+v", err, p)
		}
	}
}

// failing takes some writes and then a part of one.
type failing struct {
	*os.File
	left int
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left--; f.left >= 0 {
		return f.File.Write(p)
	}
	n, err := f.File.Write(p[:len(p)/2])
	return n, errors.Join(err, syscall.ENOSPC)
}

// TestPartialWrite: what could be written of a line is taken back, and resuming
// does the rest.
func TestPartialWrite(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	os.WriteFile(in, []byte("a\nb\nc\nd\ne\n"), 0o666)
	j, err := start(t, in, out, false)
	if err != nil {
		t.Fatal(err)
	}
	j.Output.w = &failing{j.Output.file, 3}
	p, err := j.Run(context.Background(), &fake{tok: j.Tokenizer, width: 2})
	if err = j.end(err); !errors.Is(err, syscall.ENOSPC) || p.Done != 3 || len(results(t, out)) != 3 {
		t.Fatalf("%v after %+v", err, p)
	}
	if j, err = start(t, in, out, true); err != nil {
		t.Fatal(err)
	}
	p, err = j.Run(context.Background(), &fake{tok: j.Tokenizer, width: 2})
	if err = j.end(err); err != nil || p.Done != 2 || p.Earlier != 3 {
		t.Errorf("%v after %+v", err, p)
	}
	same(t, texts(results(t, out)), map[int]string{1: "<a>", 2: "<b>", 3: "<c>", 4: "<d>", 5: "<e>"})
}

// TestRunnerFails: errors of the runner end the job and keep what there is, a
// runner that forgets a prompt is found out, and so is one that answers twice.
func TestRunnerFails(t *testing.T) {
	lost := errors.New("device lost")
	for name, c := range map[string]struct {
		r    func(*Job) Runner
		want string
	}{
		"fails": {func(j *Job) Runner {
			return &fake{tok: j.Tokenizer, width: 3, onStep: func(n int) error {
				if n == 4 {
					return lost
				}
				return nil
			}}
		}, "device lost"},
		"forgets": {func(*Job) Runner { return forgetful{} }, "3 prompts were taken and got no result"},
		"repeats": {func(*Job) Runner { return forgetful{twice: true} }, "a result of line 1, which was not asked for or has one"},
	} {
		dir := t.TempDir()
		in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
		os.WriteFile(in, []byte("a\nb\nccc"), 0o666)
		j, err := start(t, in, out, false)
		if err != nil {
			t.Fatal(err)
		}
		p, err := j.Run(context.Background(), c.r(j))
		if err = j.end(err); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if n := len(results(t, out)); n != p.Done {
			t.Errorf("%s: %d results, %+v", name, n, p)
		}
	}
}

type forgetful struct{ twice bool }

func (f forgetful) Run(_ context.Context, next func() (*Request, error), done func(Result) error, _ func(Load)) error {
	for {
		r, err := next()
		if r == nil || err != nil {
			return err
		}
		if f.twice {
			if err := errors.Join(done(Result{Key: r.Key}), done(Result{Key: r.Key})); err != nil {
				return err
			}
		}
	}
}

func TestCancel(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	os.WriteFile(in, []byte(strings.Repeat("some prompt\n", 500)), 0o666)
	j, err := start(t, in, out, false)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	j.Observe = func(p Progress) {
		if p.Done == 20 {
			cancel()
		}
	}
	p, err := j.Run(ctx, &fake{tok: j.Tokenizer, width: 3})
	if err = j.end(err); !errors.Is(err, context.Canceled) || p.Done < 20 || p.Done > 30 || len(results(t, out)) != p.Done {
		t.Errorf("%v after %+v", err, p)
	}
}
