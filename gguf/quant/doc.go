// Package quant knows GGML's tensor element types: names, block sizes, how to
// decode one block.
//
// A type packs its elements in blocks: BlockSize elements in BlockBytes bytes,
// little endian, one block after the other along the first (fastest) dimension
// of a tensor. Decode gives the float32 values that GGML's own to_float gives,
// bit for bit: the float32 operations are the same and in the same order, and
// none is fused.
//
// One file holds one type: the block's layout and its decoder. A type is added
// by such a file and its entry in the table of type.go.
package quant
