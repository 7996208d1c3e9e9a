// Package chat turns conversations into prompts through the model's own Jinja
// template, the metadata key tokenizer.chat_template of a GGUF file.
//
// The values a template gets are those that Hugging Face transformers gives it:
// messages, tools (None without any), add_generation_prompt, bos_token and
// eos_token where the model has them, and whatever else the caller adds, such as
// enable_thinking. Package jinja runs the template, bounded in time and size. It
// is ours because the one library for Go that we know of, gonja 2.9.1, gave
// another result than Python in 29 of the 86 golden cases (it has no order of
// keys, takes None for undefined and adds anything to a string), and because
// there a macro that calls itself overflows the stack, which ends the process.
package chat
