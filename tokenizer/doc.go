// Package tokenizer turns text to tokens and back: byte-level BPE as the GGUF
// metadata tokenizer.ggml.* describes it, with the "qwen2" pre-tokenizer.
//
// Text is split at added tokens, normalized to NFC, cut into words by the
// pre-tokenizer and each word's bytes are merged by rank (Sennrich et al., arXiv
// 1508.07909; the byte alphabet is that of GPT-2). Bytes that are not UTF-8
// pass through as byte tokens, so that decoding gives them back.
package tokenizer
