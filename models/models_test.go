package models

import (
	"bytes"
	"fmt"
	"testing"
)

func TestShippedIsAGGUFFile(t *testing.T) {
	b, ok := Shipped("tiny-go-q4_k_m.gguf")
	if !ok || !bytes.HasPrefix(b, []byte("GGUF")) {
		t.Fatalf("the shipped model: %v, %d bytes", ok, len(b))
	}
	if _, ok := Shipped("../secret"); ok {
		t.Error("a name that does not ship was found")
	}
}

func Example() {
	b, ok := Shipped("tiny-go-q4_k_m.gguf")
	fmt.Println(ok, string(b[:4]))
	// Output: true GGUF
}
