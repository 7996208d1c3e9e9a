// Package chat turns conversations into prompts through the model's own Jinja
// template, the metadata key tokenizer.chat_template of a GGUF file.
//
// The values a template gets are those that Hugging Face transformers gives it:
// messages, tools (None without any), add_generation_prompt, bos_token and
// eos_token where the model has them, and whatever else the caller adds, such as
// enable_thinking. Package jinja runs the template, bounded in time and size.
package chat
