// Package qwen3moe assembles Qwen3-MoE from stages and GGUF metadata.
//
// The architecture is that of the Qwen3 technical report (arXiv 2505.09388):
// blocks of attention with RMSNorm on the query and key heads and of a mixture
// of SwiGLU experts without a shared one. The tensor and metadata names are
// GGUF's for the architecture "qwen3moe".
package qwen3moe
