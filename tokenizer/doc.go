// Package tokenizer turns text to tokens and back: byte-level BPE as the GGUF
// metadata tokenizer.ggml.* describes it, with the "qwen2" pre-tokenizer.
//
// Text is split at added tokens, composed (Unicode NFC), cut into words by the
// pre-tokenizer, and each word's bytes are merged by rank (Sennrich et al., arXiv
// 1508.07909; the byte alphabet is that of GPT-2). The ids are those of Hugging
// Face's tokenizer. Two things are as in llama.cpp instead, where that one has no
// choice to offer: control tokens in the text are parsed only on request, while
// user-defined ones, such as <tool_call>, always are; and bytes that are not
// UTF-8 pass through as byte tokens, so that decoding gives them back.
package tokenizer
