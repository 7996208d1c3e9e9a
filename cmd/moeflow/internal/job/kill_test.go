//go:build unix

package job

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// childMark makes the test binary run a job, for tests that kill it.
const childMark = "MOEFLOW_TEST_JOB"

func TestMain(m *testing.M) {
	if os.Getenv(childMark) != "" {
		os.Exit(childMain(os.Args[1], os.Args[2], os.Args[3], os.Args[4]))
	}
	goleak.VerifyTestMain(m)
}

// childMain resumes a job and logs each prompt that it begins to compute.
func childMain(prompts, results, log, seed string) int {
	var t fatal
	n, _ := strconv.ParseUint(seed, 10, 64)
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err == nil {
		var j *Job
		if j, err = start(t, prompts, results, true); err == nil {
			_, err = j.Run(context.Background(), &fake{tok: j.Tokenizer, width: 7, seed: n, delay: 100 * time.Microsecond,
				began: func(key int) { fmt.Fprintln(f, key) }})
			err = j.end(err)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// fatal is a testing.TB of which only these two are called.
type fatal struct{ testing.TB }

func (fatal) Helper()           {}
func (fatal) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// killPrompts are the lines of the test: prompts, some of them bad.
func killPrompts() (lines []string, want map[int]string) {
	want = map[int]string{}
	for i := 1; i <= 600; i++ {
		id, prompt := fmt.Sprint("p", i), strings.Repeat("x", i%23)+fmt.Sprint("é", i)
		text := "<" + prompt + ">"
		switch i % 50 {
		case 7:
			lines, want[i] = append(lines, "{broken"), "error invalid_json_line: "
			continue
		case 13:
			id, text = "p1", "error duplicate_custom_id: "
		case 21:
			prompt, text = "FAIL", "error invalid_prompt: asked to fail"
		case 29:
			prompt, text = "BREAK", "error engine_error: "
		}
		want[i] = text
		lines = append(lines, fmt.Sprintf(`{"id":%q,"prompt":%q}`, id, prompt))
	}
	return lines, want
}

// TestKill: a job that is killed at ten random moments and resumed has each
// prompt's result once, and computes none again that it had, but for those where
// the engine failed.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "out.jsonl")
	lines, want := killPrompts()
	if err := os.WriteFile(in, []byte(strings.Join(lines, "\r\n")), 0o666); err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	finished := map[int]bool{}
	for kill := 0; kill <= 10; kill++ {
		log := filepath.Join(dir, fmt.Sprint("log", kill))
		var errs bytes.Buffer
		c := exec.Command(os.Args[0], in, out, log, fmt.Sprint(seed+uint64(kill)))
		c.Env, c.Stderr = append(os.Environ(), childMark+"=1"), &errs
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if kill < 10 {
			waitForWork(t, log)
			time.Sleep(time.Duration(rnd.IntN(80)) * time.Millisecond)
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Wait(); kill == 10 && err != nil || errs.Len() > 0 {
			t.Fatalf("run %d: %v: %s", kill, err, &errs)
		}
		for _, line := range strings.Fields(read(t, log)) {
			if n, _ := strconv.Atoi(line); finished[n] {
				t.Errorf("run %d computes line %d, which had its result", kill, n)
			}
		}
		if kill < 10 && rnd.IntN(3) == 0 {
			tear(t, out, rnd)
		}
		finished = done(t, out)
		t.Logf("run %d: %d lines have their result", kill, len(finished))
	}
	got := results(t, out)
	if len(got) != len(want) {
		t.Errorf("%d results, want %d", len(got), len(want))
	}
	for n, text := range want {
		if r, ok := got[n]; !ok || !strings.HasPrefix(r.text(), text) || r.Error == nil && r.text() != text {
			t.Errorf("line %d: %q, want %q", n, r.text(), text)
		}
	}
}

// waitForWork waits until a child computes.
func waitForWork(t *testing.T, log string) {
	t.Helper()
	for range 10000 {
		if i, err := os.Stat(log); err == nil && i.Size() > 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the child computes nothing")
}

// tear cuts the file within its last line, as a machine that goes down may.
func tear(t *testing.T, path string, rnd *rand.Rand) {
	t.Helper()
	b := []byte(read(t, path))
	last := bytes.LastIndexByte(bytes.TrimSuffix(b, []byte("\n")), '\n') + 1
	if cut := last + rnd.IntN(max(1, len(b)-last)); cut < len(b) {
		if err := os.Truncate(path, int64(cut)); err != nil {
			t.Fatal(err)
		}
		t.Logf("cut %d of %d bytes off the last line", len(b)-cut, len(b)-last)
	}
}

// done are the lines with a whole result that is not a failure of the engine.
func done(t *testing.T, path string) map[int]bool {
	t.Helper()
	found := map[int]bool{}
	for line := range strings.Lines(read(t, path)) {
		rec, _, ok := readRecord([]byte(strings.TrimSuffix(line, "\n")))
		if ok && !rec.Retry && strings.HasSuffix(line, "\n") {
			found[rec.Line] = true
		}
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
