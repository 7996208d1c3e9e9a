package openai

import "strings"

// Kind is which of the two endpoints a request is for.
type Kind uint8

const (
	Text Kind = 1 << iota // completions
	Chat                  // chat/completions
	both = Text | Chat
)

func (k Kind) String() string {
	if k == Chat {
		return "chat/completions"
	}
	return "completions"
}

// field is what becomes of a field that clients send.
type field struct {
	kinds Kind
	// read serves it; nil if it is not served.
	read func(*Object, *Request)
	// plain are the values, as JSON, with which a field that is not served asks for
	// nothing, so that it is taken. null always is.
	plain []string
	// instead is the field that serves the same, or what else to give.
	instead string
}

func served(k Kind, read func(*Object, *Request)) field { return field{kinds: k, read: read} }

// unless is a field that is not served, but for values that ask for nothing.
func unless(k Kind, plain ...string) field { return field{kinds: k, plain: plain} }

func use(instead string) field { return field{kinds: both, instead: instead} }

// fields are those that change an answer, or its form.
var fields = map[string]field{
	"messages": served(Chat, readMessages), "tools": served(Chat, readTools), "prompt": served(Text, readPrompt),
	"max_tokens": served(both, readMaxTokens), "max_completion_tokens": served(both, readMaxTokens),
	"temperature": served(both, func(o *Object, r *Request) { r.Sampling.Temperature = o.number("temperature", 0, 100) }),
	"top_p":       served(both, readTopP),
	"min_p":       served(both, func(o *Object, r *Request) { r.Sampling.MinP = o.number("min_p", 0, 1) }),
	"top_k":       served(both, readTopK), "seed": served(both, readSeed),
	"repeat_penalty": served(both, readRepeat), "repetition_penalty": served(both, readRepeat), "repeat_last_n": served(both, readRepeat),
	"frequency_penalty": served(both, func(o *Object, r *Request) {
		r.Sampling.FrequencyPenalty = o.number("frequency_penalty", -maxPenalty, maxPenalty)
	}),
	"presence_penalty": served(both, func(o *Object, r *Request) {
		r.Sampling.PresencePenalty = o.number("presence_penalty", -maxPenalty, maxPenalty)
	}),
	"logit_bias": served(both, readBias),
	"ignore_eos": served(both, func(o *Object, r *Request) { r.IgnoreEOS = o.flag("ignore_eos") }),
	"stop":       served(both, readStop), "stop_token_ids": served(both, readStopIDs),
	"include_stop_str_in_output": served(both, func(o *Object, r *Request) { r.KeepStop = o.is("include_stop_str_in_output", true) }),
	"skip_special_tokens":        served(both, func(o *Object, r *Request) { r.Special = o.is("skip_special_tokens", false) }),
	"logprobs":                   served(both, readLogProbs), "top_logprobs": served(Chat, readLogProbs),
	"chat_template_kwargs": served(Chat, readVariables), "enable_thinking": served(Chat, readVariable("enable_thinking")),
	"reasoning_effort":      served(Chat, readVariable("reasoning_effort")),
	"add_generation_prompt": served(Chat, func(o *Object, r *Request) { r.NoGenerationPrompt = o.is("add_generation_prompt", false) }),
	"stream":                served(both, func(o *Object, r *Request) { r.Stream = o.is("stream", true) }),
	"stream_options":        served(both, readStreamOptions),

	// OpenAI's.
	"n": unless(both, "1"), "best_of": unless(both, "1"), "echo": unless(both, "false"), "suffix": unless(Text, `""`),
	"functions": unless(Chat, "[]"), "function_call": unless(Chat, `"none"`, `"auto"`), "tool_choice": unless(Chat, `"auto"`, `"none"`),
	"response_format": unless(both, `{"type":"text"}`), "modalities": unless(Chat, `["text"]`), "audio": unless(Chat),
	"web_search_options": unless(Chat), "verbosity": unless(both, `"medium"`),

	// Of vLLM and SGLang.
	"use_beam_search": unless(both, "false"), "length_penalty": unless(both, "1"), "early_stopping": unless(both, "false"),
	"min_tokens": unless(both, "0"), "min_new_tokens": unless(both, "0"), "truncate_prompt_tokens": unless(both), "prompt_logprobs": unless(both),
	"allowed_token_ids": unless(both, "[]"), "bad_words": unless(both, "[]"), "logits_processors": unless(both, "[]"),
	"continue_final_message": unless(Chat, "false"), "documents": unless(Chat, "[]"), "chat_template": unless(Chat),
	"guided_json": unless(both), "guided_regex": unless(both), "guided_choice": unless(both), "guided_grammar": unless(both),
	"guided_whitespace_pattern": unless(both), "structured_outputs": unless(both, "{}"), "structural_tag": unless(both), "ebnf": unless(both),
	"regex": unless(both, `""`), "return_tokens_as_token_ids": unless(both, "false"), "return_token_ids": unless(both, "false"),
	"prompt_embeds": unless(both), "vllm_xargs": unless(both, "{}"), "extra_args": unless(both, "{}"), "extra_body": {both, nil, []string{"{}"}, "its fields beside the others"},
	"kv_transfer_params": unless(both, "{}"), "thinking_token_budget": unless(both), "thinking_budget": unless(both), "add_special_tokens": served(both, readAddSpecial),
	"stop_regex": unless(both, `""`, "[]"), "no_stop_trim": unless(both, "false"), "custom_logit_processor": unless(both), "custom_params": unless(both),
	"lora_path": unless(both), "return_hidden_states": unless(both, "false"), "logprob_token_ids": unless(both, "[]"),
	"repetition_detection": unless(both),

	// Of llama.cpp.
	"dynatemp_range": unless(both, "0"), "top_n_sigma": unless(both, "-1", "0"), "xtc_probability": unless(both, "0"), "typical_p": unless(both, "1", "0"),
	"typ_p": unless(both, "1", "0"), "tfs_z": unless(both, "1"), "penalize_nl": unless(both, "false"), "penalty_prompt": unless(both),
	"dry_multiplier": unless(both, "0"), "mirostat": unless(both, "0"), "adaptive_target": unless(both, "-1"), "grammar": unless(both, `""`),
	"json_schema": unless(both, "{}"), "grammar_lazy": unless(both, "false"), "samplers": unless(both), "n_probs": unless(both, "0"), "min_keep": unless(both, "0"),
	"post_sampling_probs": unless(both, "false"), "t_max_predict_ms": unless(both, "0", "-1"), "n_indent": unless(both, "0"), "n_cmpl": unless(both, "1"),
	"return_tokens": unless(both, "false"), "response_fields": unless(both, "[]"), "lora": unless(both, "[]"), "image_data": unless(both, "[]"),
	"multimodal_data": unless(both, "[]"), "input_prefix": unless(both, `""`), "input_suffix": unless(both, `""`), "input_extra": unless(both, "[]"),

	// Of ollama and Text Generation Inference.
	"options": served(both, readOptions), "system_prompt": unless(both, `""`), "format": unless(both, `""`), "system": unless(both, `""`), "template": unless(both, `""`), "raw": unless(both, "false"),
	"images": unless(both, "[]"), "think": unless(both), "num_ctx": unless(both), "do_sample": unless(both, "true"), "watermark": unless(both, "false"),
	"truncate": unless(both), "decoder_input_details": unless(both, "false"), "return_full_text": unless(both, "false"), "adapter_id": unless(both),
	"penalize_newline": unless(both, "false"), "top_n_tokens": unless(both, "0"), "min_length": unless(both, "0"),
	"num_beams": unless(both, "1"), "num_return_sequences": unless(both, "1"), "no_repeat_ngram_size": unless(both, "0"), "bad_words_ids": unless(both, "[]"),

	// Other names of what is served.
	"n_predict": use("max_tokens"), "num_predict": use("max_tokens"), "max_new_tokens": use("max_tokens"), "max_output_tokens": use("max_tokens"),
	"max_tokens_to_sample": use("max_tokens"), "max_length": use("max_tokens"), "stop_sequences": use("stop"), "random_seed": use("seed"), "temp": use("temperature"),
}

// harmless are fields that change neither an answer nor its form: who asks and
// when, what is cached, how memory and time are used, and the numbers of samplers
// that are off.
var harmless = words(`
	model user id object created metadata store service_tier safety_identifier prompt_cache_key prompt_cache_retention
	parallel_tool_calls prediction include include_obfuscation
	priority request_id rid cache_salt data_parallel_rank mm_processor_kwargs media_io_kwargs include_reasoning spaces_between_special_tokens
	guided_decoding_backend separate_reasoning stream_reasoning session_id
	cache_prompt id_slot slot_id n_keep n_discard num_keep n_batch timings_per_token return_progress t_max_prompt_ms dynatemp_exponent xtc_threshold
	dry_base dry_allowed_length dry_penalty_last_n dry_sequence_breakers mirostat_tau mirostat_eta adaptive_decay preserved_tokens grammar_triggers
	reasoning_format parse_tool_calls backend_sampling
	keep_alive num_batch num_gpu main_gpu num_thread use_mmap use_mlock low_vram numa vocab_only f16_kv logits_all`)

// words is the set of the words of a text.
func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}
