package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// traceFile is a trace as far as these tests look.
type traceFile struct {
	TraceEvents []struct {
		Ph, Name string
		Pid, Tid int
		Ts       *float64
		Args     map[string]any
	}
	OtherData map[string]string
}

func readTrace(t *testing.T, path string) (f traceFile) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestTraceFile: the answer is the same as without, and the file has rows of the
// host and of the device, and a marker for each token.
func TestTraceFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.json")
	args := []string{"run", "--completion", "-p", goPrompt, "-n", "10", "--ignore-eos"}
	plain := ok(t, moeflow(t, args...))
	o := moeflow(t, append(args, "--trace", path)...)
	if got := ok(t, o); got != plain {
		t.Errorf("tracing changes the answer: %q, wanted %q", got, plain)
	}
	f := readTrace(t, path)
	rows, events := map[string]bool{}, map[string]int{}
	var text strings.Builder
	for _, e := range f.TraceEvents {
		switch {
		case e.Name == "thread_name":
			rows[e.Args["name"].(string)] = true
		case e.Ph == "i":
			text.WriteString(e.Name)
			fallthrough
		case e.Ph != "M":
			events[e.Ph+" "+e.Name]++
			if e.Ts == nil || *e.Ts < 0 {
				t.Errorf("%+v has no time", e)
			}
		}
	}
	for _, want := range []string{"host loop", "tokenizer", "sampler", "tokens", "segment 0: device", "waits for the device", "queue"} {
		if !rows[want] {
			t.Errorf("no row %q in %v", want, rows)
		}
	}
	if events["X tokenize the prompt"] != 1 || events["X detokenize"] != 10 || events["X submit"] < 10 || events["X blk.0.attention"] < 10 {
		t.Errorf("events %v", events)
	}
	if text.String() != strings.TrimSuffix(plain, "\n") && text.String() != plain {
		t.Errorf("the tokens' markers say %q, the answer is %q", text.String(), plain)
	}
	if !strings.Contains(f.OtherData["clock"], "VK_EXT_calibrated_timestamps") && !strings.Contains(f.OtherData["clock"], "submit") || f.OtherData["error"] != "" {
		t.Errorf("about the trace: %v", f.OtherData)
	}
}

// TestBadTraceFiles: what cannot be written shows before the model is loaded,
// and nothing is left where it could not be.
func TestBadTraceFiles(t *testing.T) {
	dir := t.TempDir()
	nowhere, good := filepath.Join(dir, "none", "t.json"), filepath.Join(dir, "t.json")
	if o := moeflow(t, "run", "-p", "x", "--trace", nowhere); o.code != exitUsage || !strings.HasPrefix(o.err, "moeflow: --trace: "+nowhere+": its folder cannot be used") {
		t.Errorf("exit code %d, %q", o.code, o.err)
	}
	if o := moeflow(t, "run", "-p", "x", "--trace", good, "--model", filepath.Join(dir, "none.gguf")); o.code != exitUsage {
		t.Errorf("exit code %d, %q", o.code, o.err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
