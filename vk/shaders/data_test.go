package shaders_test

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"moeflow/gguf/quant"
	"moeflow/graph"
)

// source makes a case's random data, the same in every run.
type source struct{ *rand.Rand }

func newSource(name string) source {
	h := fnv.New64a()
	h.Write([]byte(name))
	return source{rand.New(rand.NewPCG(h.Sum64(), 1))}
}

// floats are normal numbers with hostile ones among them: zeros, numbers below
// the smallest normal float, and at most one in 64 of the given size.
func (s source) floats(n int, outlier float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		switch s.IntN(64) {
		case 0:
			out[i] = float32(outlier * s.NormFloat64())
		case 1:
			out[i] = 1e-40
		case 2:
			out[i] = 0
		default:
			out[i] = float32(s.NormFloat64())
		}
	}
	return out
}

// halves says where in a type's block halves lie, all other bytes being free;
// for types of one element a block the element itself must be a sound number.
var halves = map[quant.Type][]int{
	quant.Q8_0: {0}, quant.Q4_0: {0}, quant.Q4_K: {0, 2}, quant.Q5_K: {0, 2}, quant.Q6_K: {208},
}

// weights makes n elements of a type: random bytes, so that every bit pattern
// of scales and quants comes up, with halves of sound size, some of them zero,
// negative or below the smallest normal half.
func (s source) weights(typ quant.Type, n int) []byte {
	switch typ {
	case quant.F32:
		return f32Bytes(s.floats(n, 10))
	case quant.F16, quant.BF16:
		var out []byte
		for _, f := range s.floats(n, 10) {
			bits := quant.F32ToF16(f)
			if typ == quant.BF16 {
				bits = quant.F32ToBF16(f)
			}
			out = binary.LittleEndian.AppendUint16(out, bits)
		}
		return out
	}
	size, _ := typ.RowBytes(uint64(n))
	out := make([]byte, size)
	for i := range out {
		out[i] = byte(s.Uint32())
	}
	for b := 0; b < len(out); b += typ.BlockBytes() {
		for _, at := range halves[typ] {
			d := 0.01 * s.NormFloat64()
			if s.IntN(16) == 0 {
				d *= 1e-4
			}
			binary.LittleEndian.PutUint16(out[b+at:], quant.F32ToF16(float32(d)))
		}
	}
	return out
}

func f32Bytes(x []float32) []byte {
	var out []byte
	for _, f := range x {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(f))
	}
	return out
}

func u32Bytes(x []uint32) []byte {
	var out []byte
	for _, w := range x {
		out = binary.LittleEndian.AppendUint32(out, w)
	}
	return out
}

func fill(n int, word uint32) []byte {
	var out []byte
	for range n {
		out = binary.LittleEndian.AppendUint32(out, word)
	}
	return out
}

// unwritten fills outputs before a run: a NaN of its own as a float.
const unwritten = 0x7fc0dead

// tensor is one argument of a case; one without a name is absent.
type tensor struct {
	name  string
	typ   quant.Type
	shape graph.Shape
	data  []byte
}

func (s source) in(name string, outlier float64, shape ...uint64) tensor {
	return tensor{name, quant.F32, shape, f32Bytes(s.floats(count(shape), outlier))}
}

func (s source) weight(name string, typ quant.Type, shape ...uint64) tensor {
	return tensor{name, typ, shape, s.weights(typ, count(shape))}
}

func (s source) words(name string, below int, shape ...uint64) tensor {
	w := make([]uint32, count(shape))
	for i := range w {
		w[i] = uint32(s.IntN(below))
	}
	return tensor{name, quant.U32, shape, u32Bytes(w)}
}

// outTensor is an output, filled with what no kernel writes.
func outTensor(name string, shape ...uint64) tensor {
	return tensor{name, quant.F32, shape, fill(count(shape), unwritten)}
}

func count(shape graph.Shape) int {
	n, _ := shape.Elements()
	return int(n)
}

// absolute gives a float tensor of the magnitudes of t, raised by raise times
// the largest of each row: what rounding errors are in proportion to.
func absolute(t tensor, raise float64) tensor {
	if t.name == "" || t.typ == quant.U32 {
		return t
	}
	f := t.decode()
	k := int(t.shape[0])
	for r := 0; r < len(f); r += k {
		top := 0.0
		for i := range f[r : r+k] {
			f[r+i] = float32(math.Abs(float64(f[r+i])))
			top = max(top, float64(f[r+i]))
		}
		for i := range f[r : r+k] {
			f[r+i] += float32(raise * top)
		}
	}
	return tensor{t.name, quant.F32, t.shape, f32Bytes(f)}
}

// decode gives a tensor's elements.
func (t tensor) decode() []float32 {
	f := make([]float32, count(t.shape))
	if err := t.typ.Decode(f, t.data); err != nil {
		panic(err) // the case itself is unsound
	}
	return f
}
