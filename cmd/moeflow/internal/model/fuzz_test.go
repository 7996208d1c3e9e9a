package model_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"moeflow/cmd/moeflow/internal/model"
	"moeflow/gguf"
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/stages/qwen3moe"
)

// anyKernel has every kernel.
type anyKernel struct{}

func (anyKernel) Lookup(graph.Kernel) (graph.KernelInfo, bool) {
	return graph.KernelInfo{Tile: [3]uint32{1, 1, 1}, Local: 32}, true
}

// FuzzModel opens files that are wrong in a few places and makes a plan of what is
// taken. There is no panic, an error names the file, and neither time nor memory
// follow a number of the file.
func FuzzModel(f *testing.F) {
	s := sound
	s.Layers = 2
	s.Meta = map[string]any{
		"tokenizer.chat_template": "{% for m in messages %}{{ m.content }}{% endfor %}", "tokenizer.ggml.token_type": make([]int32, 256),
		"tokenizer.ggml.eos_token_id": uint32(2), "tokenizer.ggml.add_bos_token": false, "general.sampling.temp": float32(0.7),
		"qwen3moe.rope.scaling.type": "linear", "qwen3moe.rope.scaling.factor": float32(2), "qwen3moe.rope.dimension_count": uint32(32),
		"qwen3moe.expert_weights_norm": true, "qwen3moe.expert_weights_scale": float32(1), "qwen3moe.vocab_size": uint32(256),
		"qwen3moe.attention.sliding_window": uint32(0), "qwen3moe.feed_forward_length": uint32(64),
	}
	w := s.Writer()
	for i := range 60 {
		f.Add([]byte{byte(i), byte(3 * i), byte(i)})
		f.Add([]byte{1, byte(i), byte(5 * i)})
		f.Add([]byte{7, byte(i), byte(i), byte(7 * i)})
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		data, err := w.Mutated(script)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		if err := plan(data); err != nil {
			if line := err.Error(); !strings.Contains(line, "m.gguf") && !strings.HasPrefix(line, "compile ") || len(line) > 100_000 {
				t.Errorf("error %.1000q", line)
			}
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 200<<20 {
			t.Errorf("%d MB for a file of %d bytes", got>>20, len(data))
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%v for a file of %d bytes", took, len(data))
		}
	})
}

// plan does what needs no device.
func plan(data []byte) error {
	f, err := gguf.FromBytes("m.gguf", data)
	if err != nil {
		return err
	}
	m, err := model.New(f)
	if err != nil {
		return err
	}
	m.Tokenizer.Decode(m.Tokenizer.Encode("func main() {<|im_end|>", true), true)
	_, _, _ = m.Name(), m.Sampling(), m.Tokenizer.EOGs()
	if _, err := m.ChatTemplate(); err != nil {
		return err
	}
	if _, err := f.Digest(); err != nil {
		return err
	}
	g, err := m.Build(qwen3moe.Options{Layout: graph.StepLayout{Rows: 4, Outs: 2, Pages: 2}, KVType: quant.F16, Positions: 128, PageSize: 64, Slots: 2})
	if err != nil {
		return err
	}
	_, err = graph.Compile(g, graph.Options{Kernels: anyKernel{}})
	return err
}
