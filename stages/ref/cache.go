package ref

import (
	"encoding/binary"
	"fmt"
	"math"

	"moeflow/gguf/quant"
)

// encoders round a run of elements into a type that a kv cache may have.
var encoders = map[quant.Type]func(dst []byte, x []float64){
	quant.F32:  encodeF32,
	quant.F16:  encodeF16,
	quant.Q8_0: encodeQ8_0,
}

// putCache writes one cache row.
func putCache(cache *value, row int, x []float64) error {
	enc, ok := encoders[cache.t.Type]
	if !ok {
		return fmt.Errorf("tensor %s: no kv cache can be of this type", cache.t)
	}
	n, err := cache.t.Type.RowBytes(uint64(len(x)))
	if err != nil {
		return err
	}
	at := uint64(row) * n
	if at+n > uint64(len(cache.bytes)) {
		return fmt.Errorf("tensor %s has no row %d", cache.t.Name, row)
	}
	enc(cache.bytes[at:at+n], x)
	return nil
}

func encodeF32(dst []byte, x []float64) {
	for i, v := range x {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(float32(v)))
	}
}

func encodeF16(dst []byte, x []float64) {
	for i, v := range x {
		binary.LittleEndian.PutUint16(dst[2*i:], quant.F32ToF16(float32(v)))
	}
}

// encodeQ8_0 rounds blocks of 32 as ggml does: the scale is the largest
// magnitude / 127, kept as a half; elements are rounded to the nearest multiple
// of the scale before that rounding, halves away from zero.
func encodeQ8_0(dst []byte, x []float64) {
	for b := 0; b*32 < len(x); b++ {
		block, out := x[b*32:b*32+32], dst[b*34:b*34+34]
		largest := float32(0)
		for _, v := range block {
			largest = max(largest, float32(math.Abs(v)))
		}
		d, inverse := largest/127, float32(0)
		if d > 0 {
			inverse = 1 / d
		}
		binary.LittleEndian.PutUint16(out, quant.F32ToF16(d))
		for i, v := range block {
			out[2+i] = byte(int8(math.Round(float64(float32(v) * inverse))))
		}
	}
}
