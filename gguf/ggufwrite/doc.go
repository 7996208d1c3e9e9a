// Package ggufwrite makes small GGUF v3 files for tests: metadata, tensors
// quantized from float32 by round-to-nearest, split files, and files that are wrong
// in the way that a script says.
//
// Its quantizers are simple: each group's scale comes from its extremes, and
// every element is rounded to the nearest step. They are good enough to test
// decoders and kernels, but GGML's own search for better scales, so models that
// are to be used should be quantized by other tools. A file is built in memory.
package ggufwrite
