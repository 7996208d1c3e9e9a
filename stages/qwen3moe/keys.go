package qwen3moe

import (
	"fmt"
	"slices"
	"strings"
)

// rule says what a key below the architecture's name may be, besides those that
// ReadConfig reads.
type rule struct {
	free    bool // no value changes the computation
	neutral []any
	what    string // what another value asks for, which is not computed
}

// read lists the keys that ReadConfig serves.
var read = []string{
	"block_count", "embedding_length", "context_length", "feed_forward_length", "expert_count", "expert_used_count",
	"expert_feed_forward_length", "expert_weights_norm", "expert_weights_scale", "attention.head_count",
	"attention.head_count_kv", "attention.key_length", "attention.value_length", "attention.layer_norm_rms_epsilon",
	"rope.dimension_count", "rope.freq_base", "rope.scaling.type", "rope.scaling.factor", "rope.scale_linear",
}

func free() rule { return rule{free: true} }

func unless(what string, neutral ...any) rule { return rule{neutral: neutral, what: what} }

// rules are the keys that files of this and of related architectures have, and
// that this package does not read. A value that leaves the computation as it is
// passes, any other is refused by name, and so is a key that stands in neither
// list: nobody can tell what it changes.
var rules = map[string]rule{
	"vocab_size":                           free(), // the embedding table says
	"rope.scaling.original_context_length": free(), // of YaRN and LongRoPE, which are refused
	"rope.scaling.finetuned":               free(), // how the model was made
	"rope.scaling.yarn_beta_fast":          free(), // without effect while yarn_ext_factor is 0
	"rope.scaling.yarn_beta_slow":          free(),
	"rope.scaling.yarn_ext_factor":         unless("YaRN", 0.0, -1.0),
	"rope.scaling.yarn_attn_factor":        unless("YaRN", 1.0),
	"rope.scaling.yarn_log_multiplier":     unless("YaRN", 0.0),
	"rope.scaling.attn_factor":             unless("a factor on rotated heads", 1.0),
	"rope.scaling.alpha":                   unless("a base scaled by alpha", 0.0, 1.0),
	"rope.freq_base_swa":                   free(), // without effect while sliding_window is 0
	"rope.dimension_count_swa":             free(),
	"attention.key_length_swa":             free(),
	"attention.value_length_swa":           free(),
	"attention.sliding_window":             unless("a sliding window", 0.0),
	"attention.sliding_window_pattern":     unless("a sliding window", 0.0, 1.0),
	"attention.causal":                     unless("attention to later positions", true),
	"attention.scale":                      unless("a scale of attention of its own", 0.0),
	"attention.output_scale":               unless("a factor on attention's output", 0.0, 1.0),
	"attention.value_scale":                unless("a factor on values", 0.0, 1.0),
	"attention.max_alibi_bias":             unless("ALiBi", 0.0),
	"attention.clamp_kqv":                  unless("clamped queries, keys and values", 0.0),
	"attention.temperature_scale":          unless("a temperature of attention", 0.0),
	"attention.temperature_length":         unless("a temperature of attention", 0.0),
	"attention.shared_kv_layers":           unless("layers that share a kv cache", 0.0),
	"attention.q_lora_rank":                unless("latent attention", 0.0),
	"attention.kv_lora_rank":               unless("latent attention", 0.0),
	"attn_logit_softcapping":               unless("soft-capped attention", 0.0),
	"router_logit_softcapping":             unless("a soft-capped router", 0.0),
	"final_logit_softcapping":              unless("soft-capped logits", 0.0),
	"logit_scale":                          unless("a factor on the logits", 0.0, 1.0),
	"residual_scale":                       unless("a factor on residuals", 0.0, 1.0),
	"embedding_scale":                      unless("a factor on embeddings", 0.0, 1.0),
	"embedding_length_out":                 unless("an output of another length", 0.0),
	"expert_gating_func":                   unless("a router that is not softmax (1)", 0.0, 1.0),
	"expert_group_count":                   unless("groups of experts", 0.0, 1.0),
	"expert_group_used_count":              unless("groups of experts", 0.0, 1.0),
	"expert_group_scale":                   unless("groups of experts", 0.0, 1.0),
	"experts_per_group":                    unless("groups of experts", 0.0),
	"expert_shared_count":                  unless("shared experts", 0.0),
	"expert_shared_feed_forward_length":    unless("shared experts", 0.0),
	"expert_chunk_feed_forward_length":     unless("chunked experts", 0.0),
	"leading_dense_block_count":            unless("dense layers", 0.0),
	"moe_every_n_layers":                   unless("dense layers", 0.0, 1.0),
	"interleave_moe_layer_step":            unless("dense layers", 0.0, 1.0),
	"moe_latent_size":                      unless("latent experts", 0.0),
	"swiglu_clamp_exp":                     unless("clamped experts", 0.0),
	"swiglu_clamp_shexp":                   unless("clamped experts", 0.0),
	"hidden_activation":                    unless("another activation than silu", "silu"),
	"nextn_predict_layers":                 unless("layers that predict further tokens", 0.0),
	"n_deepstack_layers":                   unless("inputs to deep layers", 0.0),
	"full_attention_interval":              unless("linear attention", 0.0, 1.0),
	"rescale_every_n_layers":               unless("rescaled layers", 0.0),
	"pooling_type":                         unless("pooled embeddings", 0.0, -1.0),
	"use_parallel_residual":                unless("parallel residuals", false),
	"swin_norm":                            unless("another order of norms", false),
	"norm_before_residual":                 unless("another order of norms", false),
}

// checkKeys refuses the first key of the file, below the architecture's name, that
// would change what the model computes and is not served.
func (r *reader) checkKeys() {
	for _, full := range r.f.Keys() {
		name, ok := strings.CutPrefix(full, Architecture+".")
		if !ok || slices.Contains(read, name) || r.err != nil {
			continue
		}
		rule, known := rules[name]
		switch {
		case !known:
			r.err = fmt.Errorf("%s: key %.80q is not known for this architecture, and may change what the model computes", r.f.Path(), full)
		case !rule.free && !slices.Contains(rule.neutral, r.value(full)):
			r.err = fmt.Errorf("%s: %s is %s, wanted %s: %s is not computed", r.f.Path(), full, show(r.value(full)), alternatives(rule.neutral), rule.what)
		}
	}
}

// value is a key's value as neutral values are written: every number a float64.
func (r *reader) value(key string) any {
	if v, err := r.f.Float(key); err == nil {
		return v
	}
	if v, err := r.f.Bool(key); err == nil {
		return v
	}
	if v, err := r.f.String(key); err == nil {
		return v
	}
	return nil
}

// show prints a value that a file holds, of bounded length and without control
// characters.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "a list"
	case string:
		return fmt.Sprintf("%.80q", v)
	}
	return fmt.Sprint(v)
}

func alternatives(values []any) string {
	var s []string
	for _, v := range values {
		s = append(s, show(v))
	}
	return strings.Join(s, " or ")
}
