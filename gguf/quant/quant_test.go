package quant

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGolden compares with GGML's own to_float, bit for bit. A type that Decode
// serves must have a golden vector; tools/golden/quant.py makes them.
func TestGolden(t *testing.T) {
	for _, ty := range Types() {
		if ty.BlockSize() == 1 {
			continue // TestHalves and TestFloat32
		}
		t.Run(ty.String(), func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join("testdata", strings.ToLower(ty.String())+".golden"))
			if err != nil {
				t.Fatal(err)
			}
			n, size := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
			src, want := b[8:8+size], b[8+size:]
			if int(n)*4 != len(want) || n == 0 {
				t.Fatalf("%d elements in %d bytes", n, len(want))
			}
			got := make([]float32, n)
			if err := ty.Decode(got, src); err != nil {
				t.Fatal(err)
			}
			for i, g := range got {
				if w := binary.LittleEndian.Uint32(want[4*i:]); math.Float32bits(g) != w {
					t.Fatalf("element %d of block %d: %v, GGML says %v", i%ty.BlockSize(), i/ty.BlockSize(), g, math.Float32frombits(w))
				}
			}
		})
	}
}

// TestHalves compares all 65,536 values of F16 and BF16, NaNs and all, with
// GGML's by the SHA-256 of the float32 values, and takes each value back.
func TestHalves(t *testing.T) {
	src := make([]byte, 2*65536)
	for i := range 65536 {
		binary.LittleEndian.PutUint16(src[2*i:], uint16(i))
	}
	for _, c := range []struct {
		ty   Type
		back func(float32) uint16
	}{{F16, F32ToF16}, {BF16, F32ToBF16}} {
		want, err := os.ReadFile(filepath.Join("testdata", strings.ToLower(c.ty.String())+".sha256"))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, 65536)
		if err := c.ty.Decode(got, src); err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		for i, g := range got {
			h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(g)))
			if g == g && c.back(g) != uint16(i) {
				t.Fatalf("%s: %#04x is %v, which goes back to %#04x", c.ty, i, g, c.back(g))
			}
			if g != g && c.back(g)&0x7c00 != 0x7c00 {
				t.Fatalf("%s: a NaN goes back to %#04x", c.ty, c.back(g))
			}
		}
		if sum := hex.EncodeToString(h.Sum(nil)); sum != strings.TrimSpace(string(want)) {
			t.Errorf("%s: SHA-256 of all values %s, GGML's is %s", c.ty, sum, want)
		}
	}
}

// TestRoundHalf checks rounding where it is decided: ties, the largest value,
// subnormals, and what lies between them.
func TestRoundHalf(t *testing.T) {
	for _, c := range []struct {
		in   float32
		want uint16
	}{
		{1, 0x3c00}, {1 + 1.0/2048, 0x3c00}, {1 + 3.0/2048, 0x3c02}, {1 + 1.0/2047, 0x3c01},
		{65504, 0x7bff}, {65519.996, 0x7bff}, {65520, 0x7c00}, {float32(math.Inf(-1)), 0xfc00},
		{1.0 / (1 << 24), 1}, {1.0 / (1 << 25), 0}, {1.5 / (1 << 24), 2}, {-1.0 / (1 << 26), 0x8000},
		{1.0 / (1 << 14), 0x400}, {math.Float32frombits(0x387fffff), 0x400},
	} {
		if got := F32ToF16(c.in); got != c.want {
			t.Errorf("F32ToF16(%v) is %#04x, wanted %#04x", c.in, got, c.want)
		}
	}
	for _, c := range []struct {
		in   uint32
		want uint16
	}{{0x3f808000, 0x3f80}, {0x3f818000, 0x3f82}, {0x3f808001, 0x3f81}, {0x7f7fffff, 0x7f80}, {0x7f800001, 0x7fc0}} {
		if got := F32ToBF16(math.Float32frombits(c.in)); got != c.want {
			t.Errorf("F32ToBF16(%#x) is %#04x, wanted %#04x", c.in, got, c.want)
		}
	}
}

func TestFloat32(t *testing.T) {
	want := []float32{0, -1.5, math.MaxFloat32, math.SmallestNonzeroFloat32}
	var src []byte
	for _, v := range want {
		src = binary.LittleEndian.AppendUint32(src, math.Float32bits(v))
	}
	got := make([]float32, len(want))
	if err := F32.Decode(got, src); err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("element %d: %v, wanted %v", i, got[i], want[i])
		}
	}
}

func TestErrors(t *testing.T) {
	all := "F32, F16, Q4_0, Q8_0, Q4_K, Q5_K, Q6_K, BF16"
	row := func(ty Type, n uint64) error { _, err := ty.RowBytes(n); return err }
	parse := func(s string) error { _, err := ParseType(s); return err }
	for _, c := range []struct {
		err  error
		want string
	}{
		{Q8_0.Decode(make([]float32, 33), make([]byte, 34)), "Q8_0: 33 elements, wanted a multiple of its block size 32"},
		{Q4_K.Decode(make([]float32, 256), make([]byte, 143)), "Q4_K: 143 bytes for 256 elements, wanted 144"},
		{Type(17).Decode(make([]float32, 256), make([]byte, 74)), "IQ2_XS: cannot be decoded, wanted one of " + all},
		{I32.Decode(make([]float32, 1), make([]byte, 4)), "I32: cannot be decoded, wanted one of " + all},
		{Type(99).Decode(nil, nil), "type 99: cannot be decoded, wanted one of " + all},
		{row(Type(99), 1), "type 99: the size of its blocks is unknown"},
		{row(Type(4), 1), "Q4_2: the size of its blocks is unknown"},
		{row(F32, 1<<62), "F32: 4611686018427387904 elements take more bytes than 64 bits can count"},
		{parse("q9"), `unknown type "q9", wanted one of ` + all},
	} {
		if c.err == nil || c.err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", c.err, c.want)
		}
	}
}

// TestTable checks what is said of each type against itself.
func TestTable(t *testing.T) {
	for _, ty := range Types() {
		if got, err := ParseType(strings.ToLower(ty.String())); err != nil || got != ty {
			t.Errorf("ParseType(%s) is %v, %v", ty, got, err)
		}
		n := 2 * ty.BlockSize()
		if size, err := ty.RowBytes(uint64(n)); err != nil || size != 2*uint64(ty.BlockBytes()) {
			t.Errorf("%s: RowBytes(%d) is %d, %v", ty, n, size, err)
		}
	}
	for _, ty := range []Type{I32, U32} {
		if ty.Known() || ty.BlockSize() != 1 || ty.BlockBytes() != 4 {
			t.Errorf("%s: known %v, %d elements in %d bytes", ty, ty.Known(), ty.BlockSize(), ty.BlockBytes())
		}
	}
	for id, want := range map[Type]string{16: "IQ2_XXS", 39: "MXFP4", 43: "type 43", U32: "U32"} {
		if id.String() != want {
			t.Errorf("type %d is named %s, wanted %s", uint32(id), id, want)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, ty := range Types() {
		b.Run(ty.String(), func(b *testing.B) {
			dst := make([]float32, 4096)
			n, err := ty.RowBytes(uint64(len(dst)))
			if err != nil {
				b.Fatal(err)
			}
			src := make([]byte, n)
			b.SetBytes(int64(4 * len(dst)))
			for b.Loop() {
				if err := ty.Decode(dst, src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
