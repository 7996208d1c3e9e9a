package models

import _ "embed"

//go:embed tiny-go-q4_k_m.gguf
var tinyGo []byte

// Shipped returns the bytes of a model that is part of the binary, by its file
// name. The bytes must not be changed.
func Shipped(name string) ([]byte, bool) {
	if name == "tiny-go-q4_k_m.gguf" {
		return tinyGo, true
	}
	return nil, false
}
