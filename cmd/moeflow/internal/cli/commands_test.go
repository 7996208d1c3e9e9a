package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/measure"
	"moeflow/cmd/moeflow/internal/npy"
	"moeflow/gguf/ggufwrite"
	"moeflow/gguf/quant"
)

func TestTokenizeRoundTrip(t *testing.T) {
	text := "func f(x int) string {\n\treturn \"héllo, 世界 🙂\"\r\n}  \n\n\n<|im_end|> end"
	file := write(t, "text.txt", text)
	plain, special := ok(t, moeflow(t, "tokenize", file)), ok(t, moeflowWith(t, text, "tokenize", "--special", "-"))
	if len(strings.Fields(special)) >= len(strings.Fields(plain)) {
		t.Errorf("%d tokens with special ones parsed, %d without", len(strings.Fields(special)), len(strings.Fields(plain)))
	}
	if got := ok(t, moeflowWith(t, plain, "tokenize", "tiny", "--decode")); got != text {
		t.Errorf("back came %q, wanted %q", got, text)
	}
	if got := ok(t, moeflowWith(t, special, "tokenize", "--decode", "--special")); got != text {
		t.Errorf("with special tokens came back %q, wanted %q", got, text)
	}
	if o := moeflowWith(t, "5 4096", "tokenize", "--decode"); o.code != 2 || !strings.Contains(o.err, "id 4096 at place 1: the vocabulary has 0 to 4095") {
		t.Errorf("an id out of range: %d, %s", o.code, o.err)
	}
}

func TestLogits(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.npy")
	if o := moeflow(t, "logits", "--ids", golden(t, "go_ids", ","), "-o", out); ok(t, o) != "" {
		t.Errorf("stdout %q", o.out)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := npy.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	all, err := npy.ReadArchive("../../../../models/golden/golden.npz")
	if err != nil {
		t.Fatal(err)
	}
	want := all["go_exact"]
	if fmt.Sprint(got.Shape) != fmt.Sprint(want.Shape) {
		t.Fatalf("shape %v, wanted %v", got.Shape, want.Shape)
	}
	for i, x := range got.Float32 {
		if d := x - want.Float32[i]; d > 0.01 || d < -0.01 {
			t.Fatalf("position %d, token %d: logit %g, wanted %g", i/want.Shape[1], i%want.Shape[1], x, want.Float32[i])
		}
	}
	before := readFile(t, out)
	if o := moeflow(t, "logits", "--ids", "1,5000", "-o", out); o.code != 2 || !strings.Contains(o.err, "token 1 of the prompt is 5000") {
		t.Errorf("an id out of range: %d, %s", o.code, o.err)
	}
	if readFile(t, out) != before {
		t.Error("a command that failed has changed the file")
	}
	if o := moeflow(t, "logits", "--ids", golden(t, "go_ids", ","), "-o", "-"); ok(t, o) != before {
		t.Errorf("standard output gets %d bytes, the file %d, or others", len(o.out), len(before))
	}
}

func TestPerplexity(t *testing.T) {
	file := write(t, "text.go", strings.Repeat(goPrompt+"\tfmt.Println(\"hello\")\n}\n", 4))
	got := ok(t, moeflow(t, "perplexity", "-c", "32", file))
	var p, dev float64
	var n, windows, size int
	if k, err := fmt.Sscanf(got, "perplexity %f ± %f over %d tokens in %d windows of %d\n", &p, &dev, &n, &windows, &size); k != 5 {
		t.Fatalf("printed %q: %v", got, err)
	}
	// Of each window of 32 the positions 16 to 30 are scored.
	if !(p > 1 && p < 30) || !(dev > 0 && dev < p) || n != 15*windows || windows < 2 || size != 32 {
		t.Errorf("printed %q", got)
	}
}

func TestInspect(t *testing.T) {
	text := ok(t, moeflow(t, "inspect", "tiny"))
	for _, want := range []string{`architecture qwen3moe  name "moeflow tiny go"  75 tensors`, "runs: yes", "layers 0-1",
		"ffn_down_exps=Q6_K", "ffn_gate_exps=Q4_K", "output_norm.weight", "context   2048, kv f16 :", "context   2048, kv q8_0:", "qwen3moe.block_count = 6"} {
		if !strings.Contains(text, want) {
			t.Errorf("inspect says nothing of %q:\n%s", want, text)
		}
	}
	var in inspection
	if err := json.Unmarshal([]byte(ok(t, moeflow(t, "inspect", "--json", "tiny-go-q4_k_m.gguf"))), &in); err != nil {
		t.Fatal(err)
	}
	var sum uint64
	for _, x := range in.Tensors {
		sum += x.Bytes
	}
	if in.Architecture != "qwen3moe" || len(in.Tensors) != 75 || sum != in.Bytes || len(in.Needs) != 2 || in.Runs != "yes" {
		t.Errorf("%s, %d tensors of %d bytes, said %d, %d needs, runs %s", in.Architecture, len(in.Tensors), sum, in.Bytes, len(in.Needs), in.Runs)
	}
	block := map[string]uint64{"f16": 64, "q8_0": 34} // bytes of 32 elements
	for _, n := range in.Needs {
		if n.Total != n.Memory.Total() || n.Memory.Weights < in.Bytes || n.Memory.KV != 6*2*256/32*block[n.KV]*uint64(n.Context) {
			t.Errorf("kv %s: %+v", n.KV, n)
		}
	}
}

// TestInspectMix: a layer of three types shows as such, and a file that cannot
// run is still shown, with the reason.
func TestInspectMix(t *testing.T) {
	var w ggufwrite.Writer
	w.Set("general.architecture", "qwen3moe")
	for i := range 4 {
		down := quant.Q4_0
		if i == 2 {
			down = quant.Q8_0
		}
		for name, kind := range map[string]quant.Type{"gate": quant.Q8_0, "up": quant.F16, "down": down} {
			w.Tensor(fmt.Sprintf("blk.%d.ffn_%s_exps.weight", i, name), kind, make([]float32, 32*32*2), 32, 32, 2)
		}
	}
	b, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	got := ok(t, moeflow(t, "inspect", write(t, "mix.gguf", string(b))))
	for _, want := range []string{
		"layers 0-1,3, 7.25 KiB each\n    ffn_down_exps=Q4_0 ffn_gate_exps=Q8_0 ffn_up_exps=F16\n",
		"layers 2, 8.25 KiB each\n    ffn_down_exps=Q8_0 ffn_gate_exps=Q8_0 ffn_up_exps=F16\n",
		"runs: no: ", `key "qwen3moe.block_count" is missing`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("inspect says nothing of %q:\n%s", want, got)
		}
	}
}

func TestDevices(t *testing.T) {
	if text := ok(t, moeflow(t, "devices")); !strings.HasPrefix(text, "* 0  ") && !strings.Contains(text, "\n* ") || !strings.Contains(text, "auto takes this one: ") {
		t.Errorf("no device is marked:\n%s", text)
	}
	var devs []struct {
		Name, Kind string
		Auto       bool
		Memory     uint64
	}
	if err := json.Unmarshal([]byte(ok(t, moeflow(t, "devices", "--json"))), &devs); err != nil {
		t.Fatal(err)
	}
	auto := 0
	for _, d := range devs {
		if d.Auto {
			auto++
		}
		if d.Name == "" || d.Kind == "" || d.Memory == 0 {
			t.Errorf("a device without name, kind or memory: %+v", d)
		}
	}
	if auto != 1 {
		t.Errorf("auto takes %d devices", auto)
	}
}

func TestBench(t *testing.T) {
	var rep benchReport
	out := ok(t, moeflow(t, "bench", "-p", "8", "-n", "4", "-r", "2", "-b", "1,3", "--granularity", "device,layer", "--json"))
	if err := json.Unmarshal([]byte(out), &rep); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	var got []string
	for _, l := range rep.Lines {
		got = append(got, fmt.Sprint(l.Test, " ", l.Granularity, " ", l.Batch, " ", l.Tokens))
		if !(l.Min > 0 && l.Min <= l.Median && l.Median <= l.Max) || l.Dispatches == 0 || (l.Segments == 1) != (l.Granularity == "device") {
			t.Errorf("%+v", l)
		}
	}
	want := "pp8 device 1 8, tg4 device 1 4, tg4 device 3 12, pp8 layer 1 8, tg4 layer 1 4, tg4 layer 3 12"
	if strings.Join(got, ", ") != want || rep.Bandwidth <= 0 || rep.Load <= 0 || rep.Device == "" || rep.Model != "moeflow tiny go" {
		t.Errorf("measured %s, wanted %s: %+v", strings.Join(got, ", "), want, rep)
	}
	rep.Kernels = nil
	out = ok(t, moeflow(t, "bench", "-p", "0", "-n", "2", "-r", "1", "-b", "1,3", "--profile", "--json"))
	if err := json.Unmarshal([]byte(out), &rep); err != nil || len(rep.Kernels) == 0 || !slices.ContainsFunc(rep.Kernels, func(k measure.KernelTime) bool { return k.Groups[1] == 3 }) {
		t.Errorf("kernels of a batch of three: %v, %+v", err, rep.Kernels)
	}
	text := ok(t, moeflow(t, "bench", "-p", "4", "-n", "0", "-r", "1"))
	if lines := strings.Split(strings.TrimSpace(text), "\n"); len(lines) != 3 || !strings.HasPrefix(lines[2], "pp4 ") {
		t.Errorf("as text:\n%s", text)
	}
}
