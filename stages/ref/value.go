package ref

import (
	"encoding/binary"
	"fmt"
	"math"

	"moeflow/gguf/quant"
	"moeflow/graph"
)

// value is a tensor's contents: words of index tensors, floats of activations,
// bytes of weights and of the kv cache.
type value struct {
	t      *graph.Tensor
	words  []uint32
	floats []float64
	bytes  []byte
}

// size is a tensor's size in bytes, or an error for a shape that has none.
func size(t *graph.Tensor) (uint64, error) {
	if len(t.Shape) == 0 {
		return 0, fmt.Errorf("tensor %s has no shape", t.Name)
	}
	row, err := t.Type.RowBytes(t.Shape[0])
	if err != nil {
		return 0, fmt.Errorf("tensor %s: %w", t.Name, err)
	}
	rest, ok := graph.Shape(t.Shape[1:]).Elements()
	n, ok2 := graph.Shape{row, rest}.Elements()
	if !ok || !ok2 || n > math.MaxInt64 {
		return 0, fmt.Errorf("tensor %s of shape %s is too large", t.Name, t.Shape)
	}
	return n, nil
}

// newValue makes a tensor's memory, zeroed, or of data where that is not nil.
// data is kept, not copied, where the contents are bytes.
func newValue(t *graph.Tensor, data []byte) (*value, error) {
	n, err := size(t)
	if err != nil {
		return nil, err
	}
	if data != nil && uint64(len(data)) != n {
		return nil, fmt.Errorf("tensor %s has %d bytes, wanted %d", t, len(data), n)
	}
	v := &value{t: t}
	switch {
	case t.Type == quant.U32 || t.Type == quant.I32:
		v.words = make([]uint32, n/4)
	case t.Type == quant.F32 && t.Role != graph.Weight && t.Role != graph.State:
		v.floats = make([]float64, n/4)
	case t.Type.Half() && t.Role == graph.Activation:
		v.floats = make([]float64, n/2)
	case data == nil:
		v.bytes = make([]byte, n)
	}
	if data != nil {
		v.load(data)
	}
	return v, nil
}

// load sets the contents from bytes as they lie in a device's memory.
func (v *value) load(data []byte) {
	for i := range v.words {
		v.words[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	for i := range v.floats {
		if v.t.Type.Half() {
			v.floats[i] = float64(quant.F16ToF32(binary.LittleEndian.Uint16(data[2*i:])))
			continue
		}
		v.floats[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
	}
	if v.words == nil && v.floats == nil {
		v.bytes = data
	}
}

// store gives the contents as they would lie in a device's memory.
func (v *value) store() []byte {
	var out []byte
	for _, w := range v.words {
		out = binary.LittleEndian.AppendUint32(out, w)
	}
	for _, f := range v.floats {
		if v.t.Type.Half() {
			out = binary.LittleEndian.AppendUint16(out, quant.F32ToF16(float32(f)))
			continue
		}
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(f)))
	}
	return append(out, v.bytes...)
}

// row is row r of an activation.
func (v *value) row(r int) []float64 {
	n := int(v.t.Shape[0])
	return v.floats[r*n : (r+1)*n]
}

// all decodes a whole tensor of floats, whatever its type.
func (v *value) all() ([]float64, error) {
	if v.bytes == nil {
		return v.floats, nil
	}
	n, _ := v.t.Shape.Elements()
	f := make([]float32, n)
	if err := v.t.Type.Decode(f, v.bytes); err != nil {
		return nil, fmt.Errorf("tensor %s: %w", v.t.Name, err)
	}
	out := make([]float64, n)
	for i := range f {
		out[i] = float64(f[i])
	}
	return out, nil
}

// part decodes len(dst) elements of row r from element first on. Both must be
// whole blocks.
func (v *value) part(dst []float32, r, first int) error {
	if v.bytes == nil {
		n := int(v.t.Shape[0])
		for i := range dst {
			dst[i] = float32(v.floats[r*n+first+i])
		}
		return nil
	}
	row, err := v.t.Type.RowBytes(v.t.Shape[0])
	if err != nil {
		return err
	}
	skip, err := v.t.Type.RowBytes(uint64(first))
	if err != nil {
		return err
	}
	n, err := v.t.Type.RowBytes(uint64(len(dst)))
	if err != nil {
		return err
	}
	at := uint64(r)*row + skip
	if at+n > uint64(len(v.bytes)) {
		return fmt.Errorf("tensor %s has no row %d", v.t.Name, r)
	}
	return v.t.Type.Decode(dst, v.bytes[at:at+n])
}
