package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// batchResult is what the tests read of a line of results.
type batchResult struct {
	CustomID *string `json:"custom_id"`
	Response *struct {
		Body struct {
			Object  string
			Choices []struct {
				Text     string
				Message  struct{ Content string }
				LogProbs *batchLogProbs
				Finish   string `json:"finish_reason"`
			}
			Usage struct {
				Prompt     int `json:"prompt_tokens"`
				Completion int `json:"completion_tokens"`
				Total      int `json:"total_tokens"`
				Details    struct {
					Cached int `json:"cached_tokens"`
				} `json:"prompt_tokens_details"`
			}
		}
	}
	Error *struct {
		Code, Message string
		Line          int
	}
	Moeflow struct{ Line int }
}

// batchLogProbs are those of a chat or of a text completion.
type batchLogProbs struct {
	Content []struct {
		Token   string
		LogProb float64
		Top     []struct {
			Token   string
			LogProb float64
		} `json:"top_logprobs"`
	}
	Tokens []string
	Probs  []float64            `json:"token_logprobs"`
	Top    []map[string]float64 `json:"top_logprobs"`
}

// text is a result's answer and why it ended, or its error's code.
func (r *batchResult) text() string {
	if r.Error != nil {
		return "error " + r.Error.Code
	}
	c := r.Response.Body.Choices[0]
	return c.Finish + ": " + c.Text + c.Message.Content
}

// batchResults reads results by line. A line with two results fails the test.
func batchResults(t *testing.T, text string) map[int]*batchResult {
	t.Helper()
	all := map[int]*batchResult{}
	for line := range strings.Lines(text) {
		r := &batchResult{}
		if err := json.Unmarshal([]byte(line), r); err != nil || !strings.HasSuffix(line, "\n") {
			t.Fatalf("no result: %q: %v", line, err)
		}
		if (r.Response == nil) == (r.Error == nil) || all[r.Moeflow.Line] != nil {
			t.Errorf("line %d has no or two results: %s", r.Moeflow.Line, line)
		}
		all[r.Moeflow.Line] = r
	}
	return all
}

// batchPrompts are twenty lines in OpenAI's format, of several sorts, with bad
// ones in between.
func batchPrompts() []string {
	var lines []string
	for i := range 20 {
		body := fmt.Sprintf(`{"prompt":"// Func%d returns","max_tokens":%d,"stop":["\n\n"]}`, i, 3+i%5)
		url := "completions"
		switch i % 5 {
		case 1:
			url = "chat/completions"
			body = fmt.Sprintf(`{"messages":[{"role":"user","content":"Say %d."}],"max_completion_tokens":4,"logprobs":true,"top_logprobs":2}`, i)
		case 2:
			body = fmt.Sprintf(`{"prompt":"func f%d(","max_tokens":5,"temperature":1,"seed":%d,"logprobs":1}`, i, i)
		case 3:
			body = `{"prompt":[1,2,3],"max_tokens":2,"temperature":0.8}`
		}
		line := fmt.Sprintf(`{"custom_id":"p%d","method":"POST","url":"/v1/%s","body":%s}`, i, url, body)
		switch i {
		case 4:
			line = strings.TrimSuffix(line, "}")
		case 10:
			line = strings.Replace(line, "completions", "embeddings", 1)
		case 15:
			line = strings.Replace(line, "p15", "p1", 1)
		}
		lines = append(lines, line)
	}
	return lines
}

// TestBatch: every sort of prompt at once, and the answers are those of run.
func TestBatch(t *testing.T) {
	in, out := write(t, "p.jsonl", strings.Join(batchPrompts(), "\n")), filepath.Join(t.TempDir(), "r.jsonl")
	o := moeflow(t, "batch", "tiny", in, "-o", out)
	if got := ok(t, o); got != "" || !strings.Contains(o.err, ": 20 prompts (3 with errors) in ") {
		t.Errorf("stdout %q, stderr %q", got, o.err)
	}
	got := batchResults(t, readFile(t, out))
	if len(got) != 20 || got[5].text() != "error invalid_json_line" || got[11].text() != "error invalid_url" || got[16].text() != "error duplicate_custom_id" {
		t.Errorf("%d results: %q, %q, %q", len(got), got[5].text(), got[11].text(), got[16].text())
	}
	for line, r := range got {
		if r.Error != nil {
			continue
		}
		u := r.Response.Body.Usage
		if u.Prompt < 1 || u.Completion > 7 || u.Total != u.Prompt+u.Completion || r.Response.Body.Choices[0].LogProbs != nil != (line%5 == 2 || line%5 == 3) {
			t.Errorf("line %d: %+v", line, r.Response)
		}
	}
	same := func(line int, args ...string) {
		t.Helper()
		want := strings.TrimSuffix(ok(t, moeflow(t, append([]string{"run"}, args...)...)), "\n")
		if c := got[line].Response.Body.Choices[0]; strings.TrimSuffix(c.Text+c.Message.Content, "\n") != want {
			t.Errorf("line %d: %q, run says %q", line, got[line].text(), want)
		}
	}
	same(2, "-p", "Say 1.", "-n", "4")
	same(3, "--completion", "-p", "func f2(", "-n", "5", "--temp", "1", "--seed", "2")
	same(8, "--completion", "-p", "func f7(", "-n", "5", "--temp", "1", "--seed", "7")

	// Alone, and in another order, a prompt has the same answer.
	lines := batchPrompts()
	lines[0], lines[3], lines[17] = lines[17], lines[13], lines[3]
	again := batchResults(t, ok(t, moeflowWith(t, strings.Join(lines[:4], "\r\n"), "batch", "-", "--sequences", "2")))
	for now, then := range map[int]int{1: 18, 2: 2, 3: 3, 4: 14} {
		if again[now].text() != got[then].text() {
			t.Errorf("%q, and %q among others", again[now].text(), got[then].text())
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestBatchStops: what of an answer is before a stop string does not depend on
// how it is cut into tokens.
func TestBatchStops(t *testing.T) {
	whole := batchResults(t, ok(t, moeflowWith(t, "func main() {", "batch", "-", "-n", "24", "--ignore-eos")))[1].Response.Body.Choices[0]
	if whole.Finish != "length" || len(whole.Text) < 12 {
		t.Fatalf("%+v", whole)
	}
	var lines []string
	var stops []string
	for from := 1; from < 11; from++ {
		stop := whole.Text[from : from+2]
		b, _ := json.Marshal(map[string]any{"id": fmt.Sprint(from), "prompt": "func main() {", "stop": []string{stop, "never there"}})
		lines, stops = append(lines, string(b)), append(stops, stop)
	}
	got := batchResults(t, ok(t, moeflowWith(t, strings.Join(lines, "\n"), "batch", "-", "-n", "24", "--ignore-eos")))
	for i, stop := range stops {
		before, _, _ := strings.Cut(whole.Text, stop)
		if text := got[i+1].text(); text != "stop: "+before {
			t.Errorf("up to %q: %q, want %q", stop, text, before)
		}
	}
}

// TestBatchLogProbs: at temperature 0 the token taken is the likeliest, and the
// probabilities are those of the logits.
func TestBatchLogProbs(t *testing.T) {
	in := `{"prompt":"func main() {","max_tokens":6,"logprobs":3,"ignore_eos":true}`
	p := batchResults(t, ok(t, moeflowWith(t, in, "batch", "-")))[1].Response.Body.Choices[0].LogProbs
	if len(p.Tokens) != 6 || len(p.Probs) != 6 || len(p.Top) != 6 {
		t.Fatalf("%+v", p)
	}
	for i, token := range p.Tokens {
		if len(p.Top[i]) != 3 || p.Probs[i] > 0 || p.Probs[i] < -5 {
			t.Errorf("token %d: %v of %v", i, p.Probs[i], p.Top[i])
		}
		for name, v := range p.Top[i] {
			if v > p.Probs[i] || name == token && v != p.Probs[i] {
				t.Errorf("token %d: %q has %v, of %v", i, token, p.Probs[i], p.Top[i])
			}
		}
	}
}

// TestBatchProgress: lines of JSON, each whole, of which the last is the sum.
func TestBatchProgress(t *testing.T) {
	o := moeflowWith(t, "a\nb\n\nc\n", "batch", "-", "--json", "-n", "2", "--ignore-eos", "--format", "text")
	if n := len(batchResults(t, ok(t, o))); n != 3 {
		t.Errorf("%d results", n)
	}
	var events []map[string]any
	for line := range strings.Lines(o.err) {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		events = append(events, e)
	}
	last := events[len(events)-1]
	if events[0]["event"] != "start" || events[0]["total"] != nil || last["event"] != "summary" || last["state"] != "done" || last["done"] != 3. || last["completion_tokens"] != 6. {
		t.Errorf("%v", events)
	}
}

// TestBatchErrors: what is wrong with files and flags is said before anything is
// computed or written.
func TestBatchErrors(t *testing.T) {
	dir := t.TempDir()
	in := write(t, "p.txt", "a\n")
	path := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return p
	}
	notes := path("notes", "my notes\n")
	for _, c := range []struct {
		args string // separated by |
		want string
	}{
		{"", "accepts between 1 and 2 arg(s), received 0"},
		{"|tiny", "give the file of PROMPTS, or - for standard input"},
		{"|x|" + in, `argument "x" is neither a config`},
		{"|none", "none: no such file or directory"},
		{"|" + dir, "is a folder, wanted a text file"},
		{"|" + in + "|--format|csv", `--format is "csv", want [auto openai jsonl text]`},
		{"|" + in + "|--sequences|-1", "--sequences is -1, want 1 to 4096"},
		{"|" + in + "|--resume", "--resume: give the file of results with -o"},
		{"|" + in + "|-n|0", "--max-tokens: run.max_tokens is 0"},
		{"|" + in + "|-o|" + in, "-o: " + in + " is the file of the prompt"},
		{"|" + in + "|-o|" + in + "|--resume", "-o: " + in + " is the file of the prompt"},
		{"|" + in + "|-o|" + dir, "-o: " + dir + " is a folder, want a file for the results"},
		{"|" + in + "|-o|" + filepath.Join(dir, "none", "r"), "no such file or directory"},
		{"|" + in + "|-o|" + notes, "-o: " + notes + " has 9 bytes of results already: go on with it by --resume"},
		{"|" + in + "|--resume|-o|" + notes, "-o: " + notes + ":1: no result of moeflow batch: nothing is changed"},
		{"|" + path("x.json", "{\"x\":1}\n"), `neither "custom_id" nor "prompt" nor "messages": say what the lines are with --format`},
		{"|" + path("u16", "\xff\xfea\x00"), "u16 is UTF-16 text, want lines of UTF-8: convert it with iconv"},
	} {
		o := moeflow(t, strings.Split("batch"+c.args, "|")...)
		if o.code != exitUsage || o.out != "" || strings.Count(o.err, "\n") != 1 || !strings.Contains(o.err, c.want) {
			t.Errorf("%s: exit code %d, %q%q\nwant one line with %s", c.args, o.code, o.out, o.err, c.want)
		}
	}
	if readFile(t, in) != "a\n" || readFile(t, notes) != "my notes\n" {
		t.Error("a file was changed")
	}
	// Nor is anything left where the model or the device is what is wrong, and a
	// torn result stays for the job that it is of.
	fresh, torn := filepath.Join(dir, "fresh"), path("torn", `{"id":"batch_req_1"`)
	for _, wrong := range []string{"--device=none of these", "--model=none", "--sequences=-1"} {
		for _, out := range []string{fresh, torn} {
			if o := moeflow(t, "batch", in, "--resume", "-o", out, wrong); o.code != exitUsage {
				t.Errorf("%s: exit code %d, %s", wrong, o.code, o.err)
			}
		}
	}
	if _, err := os.Stat(fresh); err == nil || readFile(t, torn) != `{"id":"batch_req_1"` {
		t.Errorf("a job that did not begin left results: %v, %q", err, readFile(t, torn))
	}
	o := moeflow(t, "batch", path("empty", "\n\n"), "-o", filepath.Join(dir, "r"))
	if o.code != 0 || !strings.HasPrefix(o.err, "warning: ") || !strings.HasSuffix(o.err, "empty has no prompts\n") {
		t.Errorf("no prompts: %+v", o)
	}
	if readFile(t, filepath.Join(dir, "r")) != "" {
		t.Error("no prompts have results")
	}
}

// TestBatchLongPrompts: a prompt beyond the context fails alone.
func TestBatchLongPrompts(t *testing.T) {
	long := strings.Repeat("func f() { return 12345 }; ", 40000)
	got := batchResults(t, ok(t, moeflowWith(t, "a\n"+long+"\nb\n", "batch", "-", "--format", "text", "-n", "1", "--ignore-eos")))
	if got[1].Error != nil || got[3].Error != nil || got[2].text() != "error invalid_prompt" || !strings.Contains(got[2].Error.Message, "the context holds ") {
		t.Errorf("%q, %q, %q: %+v", got[1].text(), got[2].text(), got[3].text(), got[2].Error)
	}
}

// TestBatchResume: options and prompts that changed are refused, and what is
// finished is not computed again.
func TestBatchResume(t *testing.T) {
	in, out := write(t, "p.txt", "a\nb\nc\n"), filepath.Join(t.TempDir(), "r")
	run := func(args ...string) outcome {
		return moeflow(t, append([]string{"batch", in, "-o", out, "--resume", "-n", "2"}, args...)...)
	}
	ok(t, run())
	whole := readFile(t, out)
	first, _, _ := strings.Cut(whole, "\n")
	if err := os.WriteFile(out, []byte(first+"\n"+whole[len(first)+1:len(first)+40]), 0o666); err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{
		"--seed=4":                              "has results of other options",
		"--sequences=3":                         "has results of other options",
		"--max-tokens=3":                        "has results of other options",
		"--temp=0.3":                            "has results of other options",
		"--raw":                                 "has results of other options",
		"--chat":                                "has results of other options",
		"--set=context.kv_type=q8_0":            "has results of another model, or one computed in another way",
		"--format=jsonl":                        "has results of other options",
		"--set=run.system=" + strconv.Quote(""): "",
	} {
		if o := run(flag); want != "" && (o.code != exitUsage || !strings.Contains(o.err, want)) {
			t.Errorf("%s: exit code %d, %s", flag, o.code, o.err)
		}
	}
	if o := run(); ok(t, o) != "" || len(batchResults(t, readFile(t, out))) != 3 || !strings.HasPrefix(readFile(t, out), first) {
		t.Errorf("%+v: %s", o, readFile(t, out))
	}
	if o := run(); !strings.HasPrefix(o.err, "0 prompts in 0s, 3 before; ") {
		t.Errorf("a third time: %+v", o)
	}
	if err := os.WriteFile(in, []byte("a\nB\nc\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if o := run(); o.code != exitUsage || !strings.Contains(o.err, "p.txt:2: the line is not the one that its result was made of") {
		t.Errorf("other prompts: %+v", o)
	}
}
