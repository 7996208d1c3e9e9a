// Package gguf reads GGUF files (v2, v3, split files) by memory map, without
// copying tensor data.
//
// A GGUF file is a header of typed metadata and tensor descriptions, followed
// by the tensors' bytes. Open reads the header alone; a tensor's Data is a view
// of the map, so its pages are read from disk when they are first used. Every
// count, length and offset of a file is checked before it is used, and an error
// is one line that names the file, the key or tensor at fault and what was
// wanted. Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
//
// Metadata is looked up by key and wanted type: String, Uint, Float, Bool,
// Strings, Ints. Tensors keeps the file's order.
package gguf
