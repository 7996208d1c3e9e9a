package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"moeflow/gguf/ggufwrite"
	"moeflow/gguf/quant"
)

// hostile is a name that sets a terminal's title, clears its screen, goes on in
// another line and turns the text after it around.
const hostile = "\x1b]0;title\x07\x1b[2J\u009b31mRED\r\nline\u202e\x7f"

// TestNamesOfFiles: what a file calls itself and its parts is shown escaped, on
// stdout and stderr, in text and in JSON.
func TestNamesOfFiles(t *testing.T) {
	var w ggufwrite.Writer
	w.Set("general.architecture", "qwen3moe")
	w.Set("general.name", hostile)
	w.Set("general.license", hostile)
	w.Set("general."+hostile, "value")
	w.Tensor(hostile, quant.F32, make([]float32, 8), 8)
	w.Tensor("blk.0."+hostile, quant.F32, make([]float32, 8), 4, 2)
	b, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, "names.gguf", string(b))
	const shown = `\x1b]0;title\x07\x1b[2J\u009b31mRED\r\nline\u202e\x7f`
	var in struct {
		Name     string
		Metadata map[string]string
		Tensors  []struct{ Name string }
	}
	text, asJSON := moeflow(t, "inspect", file), moeflow(t, "inspect", file, "--json")
	if err := json.Unmarshal([]byte(ok(t, asJSON)), &in); err != nil {
		t.Fatal(err)
	}
	if in.Name != hostile || in.Metadata["general."+hostile] != "value" || in.Tensors[0].Name != hostile {
		t.Errorf("JSON says %+v", in)
	}
	for _, want := range []string{"\n  " + shown + " F32 ", "\n  general." + shown + " = value\n", "\n  general.license = " + shown + "\n"} {
		if !strings.Contains(text.out, want) {
			t.Errorf("inspect does not show %q:\n%q", want, text.out)
		}
	}
	for _, o := range []outcome{text, asJSON, moeflow(t, "run", "-p", "x", "--model", file), moeflow(t, "graph", "--model", file),
		moeflow(t, "run", hostile, "-p", "x"), moeflow(t, "run", "-p", "x", "--model", hostile), moeflow(t, "run", "-f", hostile),
		moeflow(t, "batch", hostile), moeflow(t, hostile), moeflow(t, "run", "--"+hostile), moeflow(t, "run", "-p", "x", "--set", hostile)} {
		for _, r := range o.out + o.err {
			if r != '\n' && (unicode.IsControl(r) || r == '\u202e') {
				t.Errorf("%q is printed: %q%q", r, o.out, o.err)
				break
			}
		}
		if strings.Count(o.err, "\n") > 1 {
			t.Errorf("more than one line: %q", o.err)
		}
	}
}
