package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/npy"
)

const goPrompt = "package main\n\nimport \"fmt\"\n\nfunc main() {\n"

// golden gives ids of the golden archive as the command line takes and prints
// them.
func golden(t *testing.T, name, sep string) string {
	t.Helper()
	all, err := npy.ReadArchive("../../../../models/golden/golden.npz")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(all[name].Int32), " ", sep), "[]")
}

// TestRunPrompts: the same prompt by each way in; results on stdout, timing on
// stderr.
func TestRunPrompts(t *testing.T) {
	want := strings.Join(strings.Fields(golden(t, "go_greedy", " "))[:16], " ") + "\n"
	file := write(t, "prompt.txt", goPrompt)
	common := []string{"--completion", "-n", "16", "--ignore-eos", "--print-ids"}
	for name, o := range map[string]outcome{
		"--prompt":        moeflow(t, append([]string{"run", "--prompt", goPrompt}, common...)...),
		"config":          moeflow(t, append([]string{"run", "tiny", "-p", goPrompt}, common...)...),
		"--ids":           moeflow(t, append([]string{"run", "--ids", golden(t, "go_ids", ",")}, common...)...),
		"-":               moeflowWith(t, goPrompt, append([]string{"run", "-"}, common...)...),
		"--prompt-file":   moeflow(t, append([]string{"run", "--prompt-file", file}, common...)...),
		"--prompt-file -": moeflowWith(t, goPrompt, append([]string{"run", "tiny.toml", "-f", "-"}, common...)...),
		"--set":           moeflow(t, "run", "--completion", "-p", goPrompt, "--set", "run.max_tokens=16", "--ignore-eos", "--print-ids", "--set", "pipeline.granularity=layer"),
	} {
		if got := ok(t, o); got != want {
			t.Errorf("%s: printed %q, wanted %q", name, got, want)
		}
		if !strings.Contains(o.err, "prompt 11 tokens (0 reused)") || !strings.Contains(o.err, "generated 16 tokens") ||
			!strings.HasPrefix(o.err, "the answer was cut at 16 tokens") || !strings.HasSuffix(o.err, "finish: length\n") || strings.Count(o.err, "\n") != 2 {
			t.Errorf("%s: stderr %q", name, o.err)
		}
	}
}

func TestRunText(t *testing.T) {
	ids := strings.Join(strings.Fields(golden(t, "go_greedy", " "))[:24], " ")
	want := ok(t, moeflowWith(t, ids, "tokenize", "--decode"))
	if want == "" {
		t.Fatal("the golden ids have no text")
	}
	if got := ok(t, moeflow(t, "run", "--completion", "-p", goPrompt, "-n", "24", "--ignore-eos")); strings.TrimSuffix(got, "\n") != strings.TrimSuffix(want, "\n") {
		t.Errorf("printed %q, the tokens are %q", got, want)
	}
	// Sampling by seed.
	draw := func(seed string) string {
		return ok(t, moeflow(t, "run", "--completion", "-p", goPrompt, "-n", "12", "--temp", "1.2", "--top-k", "40", "--top-p", "0.95", "--min-p", "0.01", "--repeat-penalty", "1.1", "--seed", seed))
	}
	a, b, c := draw("1"), draw("1"), draw("2")
	if a != b || a == c {
		t.Errorf("seed 1: %q and %q, seed 2: %q", a, b, c)
	}
	// Special tokens are parsed, unless they are asked for as plain text.
	special, raw := moeflow(t, "run", "--completion", "-p", "<|im_end|>", "-n", "1"), moeflow(t, "run", "--completion", "-p", "<|im_end|>", "-n", "1", "--raw")
	if !strings.Contains(special.err, "prompt 1 tokens") || strings.Contains(raw.err, "prompt 1 tokens") {
		t.Errorf("with special tokens: %s, as plain text: %s", special.err, raw.err)
	}
	long := moeflow(t, "run", "-p", "x", "-n", "1", "--set", "context.length=4096")
	if !strings.HasPrefix(long.err, "warning: context.length 4096 is more than the 2048") || long.code != 0 {
		t.Errorf("a context beyond the model's: %q", long.err)
	}
}

// TestRunAnywhere: no config, no files, no project around.
func TestRunAnywhere(t *testing.T) {
	t.Chdir(t.TempDir())
	if got := ok(t, moeflow(t, "run", "--completion", "--prompt", "func main() {", "-n", "2")); !strings.HasPrefix(got, "}\n") {
		t.Errorf("printed %q", got)
	}
	left, err := os.ReadDir(".")
	if err != nil || len(left) != 0 {
		t.Errorf("left %v behind, %v", left, err)
	}
}

func TestRunChat(t *testing.T) {
	// The golden prompt in chat form is this question.
	want := strings.Join(strings.Fields(golden(t, "chat_greedy", " "))[:12], " ") + "\n"
	o := moeflow(t, "run", "--chat", "-p", "Reverse returns its argument string reversed.", "-n", "12", "--print-ids")
	if got := ok(t, o); got != want {
		t.Errorf("printed %q, wanted %q", got, want)
	}
	if !strings.Contains(o.err, "prompt 20 tokens") {
		t.Errorf("stderr %q", o.err)
	}
}

// TestInteractive talks to a session as a terminal would: turns share the kv
// cache, /clear starts anew, /bye leaves.
func TestInteractive(t *testing.T) {
	var out, errs bytes.Buffer
	in := "Reverse returns its argument\\\nstring reversed.\n\nAgain.\n/clear\nAgain.\n/bye\nnot read\n"
	a := newApp(Streams{In: strings.NewReader(in), Out: &out, Err: &errs})
	a.validation = true
	cfg, err := a.profile("")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Run.MaxTokens = 6
	s, err := a.newSession(cfg, &runFlags{verbose: true}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close(nil)
	if err := s.interactive(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(errs.String(), "generated"); n != 3 {
		t.Fatalf("%d answers, wanted 3:\n%s", n, errs.String())
	}
	lines := strings.Split(errs.String(), "\n")
	reused := make([]int, 0, 3)
	for _, l := range lines {
		var n, r int
		if _, rest, found := strings.Cut(l, ": prompt "); found {
			fmt.Sscanf(rest, "%d tokens (%d reused)", &n, &r)
			reused = append(reused, r)
		}
	}
	// The second turn reuses the first one's prompt at least, the third what
	// every conversation starts with.
	if reused[0] != 0 || reused[1] < 15 || reused[2] == 0 || reused[2] >= reused[1] {
		t.Errorf("reused tokens by turn: %v", reused)
	}
	if strings.Contains(errs.String(), "validation:") {
		t.Error(errs.String())
	}
}

func TestTimingWithoutADecodeStep(t *testing.T) {
	var errs bytes.Buffer
	s := &session{app: &app{Streams: Streams{Err: &errs}}, engine: &engine.Engine{}}
	s.timing(3, generate.Result{IDs: []int32{1}, Reused: 3, Finish: generate.FinishLength})
	if want := ": prompt 3 tokens (3 reused) -, generated 1 tokens -, finish: length\n"; errs.String() != want {
		t.Errorf("%q, wanted %q", errs.String(), want)
	}
}
