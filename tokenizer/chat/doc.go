// Package chat turns conversations into prompts through the model's own Jinja
// template, the metadata key tokenizer.chat_template of a GGUF file.
//
// The values a template gets are those that Hugging Face transformers gives it:
// messages, tools (None without any), add_generation_prompt, bos_token and
// eos_token where the model has them, and whatever else the caller adds, such as
// enable_thinking. Two forms that clients send are turned into what templates
// expect: arguments of calls as strings of JSON, and developer messages. Package
// jinja runs the template, bounded in time and memory. That package is ours because
// of what gonja 2.9.1, the one library for Go that we know of, was seen to do: its operators add anything to a string, None is undefined to
// it, methods of dictionaries give sorted keys, and a dictionary that a filter
// returned is not equal to itself. As it comes, with Go maps, it differed from
// Python in 29 of 86 golden cases of five templates; with ordered dictionaries
// and filters tojson, items and string of our own, in 11, of which 6 were prompts
// where Python raises an error. And a macro that calls itself overflows the stack
// there, which ends the process.
package chat
