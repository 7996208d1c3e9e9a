package ggufwrite

import (
	"fmt"
	"strings"

	"moeflow/gguf/quant"
)

// Shapes are the numbers of a qwen3moe model.
type Shapes struct {
	Name                                    string
	Layers, Hidden, Heads, KVHeads, HeadDim int
	Experts, TopK, Width, Vocab             int
	// Types are those of tensors that differ from Q4_K_M's, by their name without
	// "blk.N." and ".weight".
	Types map[string]quant.Type
}

// Put adds the metadata of such a model but for its tokenizer, and its tensors as
// holes, of the types that llama.cpp's Q4_K_M gives them: Q4_K, but Q6_K for the
// output matrix and, in half of the layers, for attn_v and ffn_down.
func (s Shapes) Put(w *Writer) {
	w.Set("general.architecture", "qwen3moe")
	w.Set("general.name", s.Name)
	for k, v := range map[string]int{"block_count": s.Layers, "context_length": 262144, "embedding_length": s.Hidden,
		"attention.head_count": s.Heads, "attention.head_count_kv": s.KVHeads, "attention.key_length": s.HeadDim, "attention.value_length": s.HeadDim,
		"expert_count": s.Experts, "expert_used_count": s.TopK, "expert_feed_forward_length": s.Width} {
		w.Set("qwen3moe."+k, uint32(v))
	}
	w.Set("qwen3moe.rope.freq_base", float32(1e7))
	w.Set("qwen3moe.attention.layer_norm_rms_epsilon", float32(1e-6))
	n, q, kv, d := uint64(s.Hidden), uint64(s.Heads*s.HeadDim), uint64(s.KVHeads*s.HeadDim), uint64(s.HeadDim)
	experts, width, vocab := uint64(s.Experts), uint64(s.Width), uint64(s.Vocab)
	add := func(name string, t quant.Type, shape ...uint64) {
		if other, ok := s.Types[name[strings.LastIndexByte(name, '.')+1:]]; ok {
			t = other
		}
		w.Hole(name+".weight", t, shape...)
	}
	add("token_embd", quant.Q4_K, n, vocab)
	for i := range s.Layers {
		b, more := fmt.Sprintf("blk.%d.", i), quant.Q4_K
		if i < s.Layers/8 || i >= s.Layers*7/8 || (i-s.Layers/8)%3 == 2 {
			more = quant.Q6_K
		}
		add(b+"attn_norm", quant.F32, n)
		add(b+"ffn_norm", quant.F32, n)
		add(b+"attn_q", quant.Q4_K, n, q)
		add(b+"attn_k", quant.Q4_K, n, kv)
		add(b+"attn_v", more, n, kv)
		add(b+"attn_output", quant.Q4_K, q, n)
		add(b+"attn_q_norm", quant.F32, d)
		add(b+"attn_k_norm", quant.F32, d)
		add(b+"ffn_gate_inp", quant.F32, n, experts)
		add(b+"ffn_gate_exps", quant.Q4_K, n, width, experts)
		add(b+"ffn_up_exps", quant.Q4_K, n, width, experts)
		add(b+"ffn_down_exps", more, width, n, experts)
	}
	add("output_norm", quant.F32, n)
	add("output", quant.Q6_K, n, vocab)
}
