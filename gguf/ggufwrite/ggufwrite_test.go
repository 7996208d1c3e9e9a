package ggufwrite_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"moeflow/gguf"
	"moeflow/gguf/ggufwrite"
	"moeflow/gguf/quant"
)

// TestQuantize takes normal values through each type and back. The bounds are
// somewhat above what round-to-nearest of that many bits gives, and far below
// what a misplaced bit or scale would.
func TestQuantize(t *testing.T) {
	bounds := map[quant.Type]float64{
		quant.F32: 0, quant.F16: 4e-4, quant.BF16: 3e-3, quant.Q8_0: 0.008,
		quant.Q6_K: 0.025, quant.Q5_K: 0.045, quant.Q4_K: 0.09, quant.Q4_0: 0.1,
	}
	r := rand.New(rand.NewPCG(1, 2))
	x, back := make([]float32, 8192), make([]float32, 8192)
	var norm float64
	for i := range x {
		x[i] = float32(r.NormFloat64()) * float32(1+i/1024) // scales differ between groups
		norm += float64(x[i]) * float64(x[i])
	}
	for _, ty := range quant.Types() {
		b, err := ggufwrite.Quantize(ty, x)
		if err != nil {
			t.Fatal(err)
		}
		if err := ty.Decode(back, b); err != nil {
			t.Fatal(err)
		}
		var sum float64
		for i := range x {
			sum += math.Pow(float64(x[i])-float64(back[i]), 2)
		}
		bound, ok := bounds[ty]
		if got := math.Sqrt(sum / norm); !ok || !(got <= bound) {
			t.Errorf("%s: relative error %.4f, wanted at most %.4f", ty, got, bound)
		}
	}
	for _, ty := range quant.Types() {
		b, err := ggufwrite.Quantize(ty, make([]float32, 256))
		if err != nil {
			t.Fatal(err)
		}
		zeros := back[:256]
		if err := ty.Decode(zeros, b); err != nil {
			t.Fatal(err)
		}
		for i, v := range zeros {
			if v != 0 {
				t.Errorf("%s: element %d of zeros comes back as %v", ty, i, v)
				break
			}
		}
	}
}

// TestRoundTrip writes every value type and reads it back through gguf.
func TestRoundTrip(t *testing.T) {
	values := map[string]any{
		"u8": uint8(255), "i8": int8(-1), "u16": uint16(65535), "i16": int16(-2), "u32": uint32(1 << 31), "i32": int32(-3),
		"f32": float32(0.1), "bool": true, "string": "héllo", "u64": uint64(1 << 63), "i64": int64(-1 << 63), "f64": 0.1,
	}
	want := map[string]any{
		"u8": uint64(255), "i8": int64(-1), "u16": uint64(65535), "i16": int64(-2), "u32": uint64(1 << 31), "i32": int64(-3),
		"f32": float32(0.1), "bool": true, "string": "héllo", "u64": uint64(1 << 63), "i64": int64(-1 << 63), "f64": 0.1,
		"strings": "string[3]", "ints": "int8[2]", "bools": "bool[1]", "general.alignment": uint64(64),
	}
	w := ggufwrite.Writer{Alignment: 64}
	for k, v := range values {
		w.Set(k, v)
	}
	w.Set("strings", []string{"", "a", "€"})
	w.Set("ints", []int8{-1, 1})
	w.Set("bools", []bool{true})
	w.Tensor("a", quant.F16, []float32{1, 2, 3}, 3)
	w.Raw("b", quant.F32, make([]byte, 8), 1, 2)
	b, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	f, err := gguf.FromBytes("m.gguf", b)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Scalars(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	a, _ := f.Tensor("a")
	if !bytes.Equal(a.Data, []byte{0, 0x3c, 0, 0x40, 0, 0x42}) || !reflect.DeepEqual(a.Shape, []uint64{3}) {
		t.Errorf("tensor a: shape %v, data % x", a.Shape, a.Data)
	}
}

func TestErrors(t *testing.T) {
	for want, set := range map[string]func(*ggufwrite.Writer){
		`key "k": cannot write a value of type int`:                      func(w *ggufwrite.Writer) { w.Set("k", 1) },
		`key "k": cannot write a value of type []int`:                    func(w *ggufwrite.Writer) { w.Set("k", []int{1}) },
		`key "k": cannot write a value of nil`:                           func(w *ggufwrite.Writer) { w.Set("k", nil) },
		`tensor "t": 2 values for shape [3]`:                             func(w *ggufwrite.Writer) { w.Tensor("t", quant.F32, make([]float32, 2), 3) },
		`tensor "t": rows of 16 are no multiple of Q8_0's block size 32`: func(w *ggufwrite.Writer) { w.Tensor("t", quant.Q8_0, make([]float32, 32), 16, 2) },
		`tensor "t": IQ2_XS: cannot be written`:                          func(w *ggufwrite.Writer) { w.Tensor("t", quant.Type(17), make([]float32, 256), 256) },
		`tensor "t": type 99: the size of its blocks is unknown`:         func(w *ggufwrite.Writer) { w.Tensor("t", quant.Type(99), make([]float32, 1), 1) },
	} {
		var w ggufwrite.Writer
		set(&w)
		if _, err := w.Bytes(); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if _, err := w.WriteSplit(filepath.Join(t.TempDir(), "m"), 2); err == nil || err.Error() != want {
			t.Errorf("split: got  %v\nwant %s", err, want)
		}
	}
	var holes ggufwrite.Writer
	holes.Hole("t", quant.F32, 4)
	if _, err := holes.Bytes(); err == nil || err.Error() != `tensor "t" has no data: only WriteSparse writes it` {
		t.Errorf("a hole in memory: %v", err)
	}
	var w ggufwrite.Writer
	if _, err := w.WriteSplit("m", 0); err == nil || err.Error() != "m: 0 parts, wanted 1 to 65535" {
		t.Errorf("0 parts: %v", err)
	}
}

// TestSparse writes a file of 500 GB and reads its header.
func TestSparse(t *testing.T) {
	var w ggufwrite.Writer
	ggufwrite.Shapes{Name: "large", Layers: 3, Hidden: 4096, Heads: 64, KVHeads: 4, HeadDim: 128, Experts: 1024, TopK: 8, Width: 16384, Vocab: 1000}.Put(&w)
	path := filepath.Join(t.TempDir(), "m.gguf")
	if err := w.WriteSparse(path); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	down, ok := f.Tensor("blk.2.ffn_down_exps.weight")
	if !ok || !reflect.DeepEqual(down.Shape, []uint64{16384, 4096, 1024}) || down.Type != quant.Q6_K || len(down.Data) != 16384*4096*1024/256*210 {
		t.Errorf("tensor %v %v of %d bytes", down.Shape, down.Type, len(down.Data))
	}
	if n, err := f.Uint("qwen3moe.expert_feed_forward_length"); err != nil || n != 16384 {
		t.Errorf("experts are %d wide: %v", n, err)
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "gguf")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	var w ggufwrite.Writer
	w.Set("general.architecture", "qwen3moe")
	w.Tensor("output_norm.weight", quant.F32, []float32{1, 0.5}, 2)
	path := filepath.Join(dir, "m.gguf")
	if err := w.WriteFile(path); err != nil {
		fmt.Println(err)
		return
	}
	f, err := gguf.Open(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	arch, err := f.String("general.architecture")
	fmt.Println(arch, err, f.Tensors()[0].Shape)
	// Output: qwen3moe <nil> [2]
}
