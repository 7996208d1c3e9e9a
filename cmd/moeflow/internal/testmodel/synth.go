package testmodel

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/model"
	"moeflow/gguf"
	"moeflow/gguf/ggufwrite"
	"moeflow/gguf/quant"
)

// Synth describes a small qwen3moe file of random weights.
type Synth struct {
	Name                           string
	Layers, Hidden, Heads, KV, Dim int
	Experts, TopK, Width, Vocab    int
	Tied                           bool
	Kind                           quant.Type            // of every matrix but the router
	Kinds                          map[string]quant.Type // of single tensors, by name without ".weight"
	Meta                           map[string]any        // further keys, or others; nil leaves one out
	Drop                           []string              // tensors left out
	Shape                          map[string][]uint64   // tensors of another shape
}

// byteTokens is the least vocabulary: a token for each byte.
func byteTokens() []string {
	var out []string
	next := rune(256)
	for b := range rune(256) {
		r := b
		if !(b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae) {
			r, next = next, next+1
		}
		out = append(out, string(r))
	}
	return out
}

// Write makes the file's bytes. The same description gives the same bytes.
func (s Synth) Write(t testing.TB) []byte {
	t.Helper()
	b, err := s.Writer().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Writer is the file before it is written.
func (s Synth) Writer() *ggufwrite.Writer {
	w := &ggufwrite.Writer{}
	meta := map[string]any{
		"general.architecture": "qwen3moe", "general.name": s.Name,
		"qwen3moe.block_count": uint32(s.Layers), "qwen3moe.embedding_length": uint32(s.Hidden), "qwen3moe.context_length": uint32(256),
		"qwen3moe.attention.head_count": uint32(s.Heads), "qwen3moe.attention.head_count_kv": uint32(s.KV),
		"qwen3moe.attention.key_length": uint32(s.Dim), "qwen3moe.attention.value_length": uint32(s.Dim),
		"qwen3moe.attention.layer_norm_rms_epsilon": float32(1e-6), "qwen3moe.rope.freq_base": float32(1e6),
		"qwen3moe.expert_count": uint32(s.Experts), "qwen3moe.expert_used_count": uint32(s.TopK),
		"qwen3moe.expert_feed_forward_length": uint32(s.Width),
		"tokenizer.ggml.model":                "gpt2", "tokenizer.ggml.pre": "qwen2", "tokenizer.ggml.tokens": byteTokens(), "tokenizer.ggml.merges": []string{"a b"},
	}
	for k, v := range s.Meta {
		meta[k] = v
	}
	for _, k := range slices.Sorted(maps.Keys(meta)) {
		if v := meta[k]; v != nil {
			w.Set(k, v)
		}
	}
	s.tensors(w)
	return w
}

func (s Synth) tensors(w *ggufwrite.Writer) {
	rng := rand.New(rand.NewPCG(7, uint64(s.Hidden*s.Dim+s.Experts)))
	n, q, kv := uint64(s.Hidden), uint64(s.Heads*s.Dim), uint64(s.KV*s.Dim)
	d, e, f, v := uint64(s.Dim), uint64(s.Experts), uint64(s.Width), uint64(s.Vocab)
	add := func(name string, kind quant.Type, shape ...uint64) {
		for _, x := range s.Drop {
			if x == name {
				return
			}
		}
		if k, ok := s.Kinds[name]; ok {
			kind = k
		}
		if x := s.Shape[name]; x != nil {
			shape = x
		}
		size := uint64(1)
		for _, x := range shape {
			size *= x
		}
		// Matrices keep the size of what they multiply; norms are about 1.
		scale, mean := 1/math.Sqrt(float64(shape[0])), 0.0
		switch {
		case strings.HasSuffix(name, "norm"):
			scale, mean = 0.2, 1
		case name == "token_embd" || strings.HasSuffix(name, "gate_inp"):
			scale *= 4
		}
		x := make([]float32, size)
		for i := range x {
			x[i] = float32(mean + scale*rng.NormFloat64())
		}
		w.Tensor(name+".weight", kind, x, shape...)
	}
	add("token_embd", s.Kind, n, v)
	for i := range s.Layers {
		b := fmt.Sprintf("blk.%d.", i)
		add(b+"attn_norm", quant.F32, n)
		add(b+"attn_q", s.Kind, n, q)
		add(b+"attn_k", s.Kind, n, kv)
		add(b+"attn_v", s.Kind, n, kv)
		add(b+"attn_output", s.Kind, q, n)
		add(b+"attn_q_norm", quant.F32, d)
		add(b+"attn_k_norm", quant.F32, d)
		add(b+"ffn_norm", quant.F32, n)
		add(b+"ffn_gate_inp", quant.F32, n, e)
		add(b+"ffn_gate_exps", s.Kind, n, f, e)
		add(b+"ffn_up_exps", s.Kind, n, f, e)
		add(b+"ffn_down_exps", s.Kind, f, n, e)
	}
	add("output_norm", quant.F32, n)
	if !s.Tied {
		add("output", s.Kind, n, v)
	}
}

// Model opens the file.
func (s Synth) Model(t testing.TB) (*model.Model, error) {
	t.Helper()
	f, err := gguf.FromBytes("small.gguf", s.Write(t))
	if err != nil {
		return nil, err
	}
	return model.New(f)
}
