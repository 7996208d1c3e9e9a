package ggufwrite_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"moeflow/gguf"
	"moeflow/gguf/ggufwrite"
	"moeflow/gguf/quant"
)

// TestMutated: an empty script changes nothing, the same script always the same,
// and of random ones some spoil a file and some do not.
func TestMutated(t *testing.T) {
	var w ggufwrite.Writer
	w.Set("a", uint32(1))
	w.Set("b", []string{"x", "y"})
	w.Set("c", "text")
	w.Tensor("t", quant.F32, make([]float32, 64), 32, 2)
	w.Tensor("u", quant.F32, make([]float32, 64), 64)
	whole, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := w.Mutated(nil); err != nil || !bytes.Equal(got, whole) {
		t.Errorf("an empty script changes the file: %v", err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var other, sound int
	for range 2000 {
		script := make([]byte, rng.IntN(20))
		for i := range script {
			script[i] = byte(rng.Uint32())
		}
		got, err := w.Mutated(script)
		again, _ := w.Mutated(script)
		if err != nil || !bytes.Equal(got, again) {
			t.Fatalf("script %v: %v", script, err)
		}
		if !bytes.Equal(got, whole) {
			other++
			if _, err := gguf.FromBytes("m", got); err == nil {
				sound++
			}
		}
	}
	if other < 1000 || sound < 100 || sound > other-100 {
		t.Errorf("%d scripts of 2000 change the file, and %d leave it sound", other, sound)
	}
	if now, _ := w.Bytes(); !bytes.Equal(now, whole) {
		t.Error("a script changed the writer itself")
	}
}
