package ggufwrite

import (
	"encoding/binary"
	"fmt"
	"math"

	"moeflow/gguf/quant"
)

// Quantize encodes x, whose length must be a multiple of ty's block size, by
// rounding each element to the nearest step of its group.
func Quantize(ty quant.Type, x []float32) ([]byte, error) {
	size, err := ty.RowBytes(uint64(len(x)))
	if err != nil {
		return nil, err
	}
	block := map[quant.Type]func(dst []byte, x []float32){
		quant.F32: encodeF32, quant.F16: encodeF16, quant.BF16: encodeBF16, quant.Q8_0: encodeQ8_0,
		quant.Q4_0: encodeQ4_0, quant.Q4_K: encodeQ4_K, quant.Q5_K: encodeQ5_K, quant.Q6_K: encodeQ6_K,
	}[ty]
	if block == nil {
		return nil, fmt.Errorf("%s: cannot be written", ty)
	}
	dst := make([]byte, size)
	for i := 0; i < len(x)/ty.BlockSize(); i++ {
		block(dst[i*ty.BlockBytes():(i+1)*ty.BlockBytes()], x[i*ty.BlockSize():(i+1)*ty.BlockSize()])
	}
	return dst, nil
}

func encodeF32(dst []byte, x []float32) {
	binary.LittleEndian.PutUint32(dst, math.Float32bits(x[0]))
}

func encodeF16(dst []byte, x []float32)  { putF16(dst, x[0]) }
func encodeBF16(dst []byte, x []float32) { binary.LittleEndian.PutUint16(dst, quant.F32ToBF16(x[0])) }

// putF16 stores v as float16 and returns what was stored.
func putF16(dst []byte, v float32) float32 {
	h := quant.F32ToF16(v)
	binary.LittleEndian.PutUint16(dst, h)
	return quant.F16ToF32(h)
}

// steps is x in units of step, rounded and held within lo and hi; 0 where step
// is 0.
func steps(x, step float32, lo, hi int) int {
	if step == 0 {
		return min(max(0, lo), hi)
	}
	return int(min(max(math.RoundToEven(float64(x)/float64(step)), float64(lo)), float64(hi)))
}

func encodeQ8_0(dst []byte, x []float32) {
	d := putF16(dst, absMax(x)/127)
	for i, v := range x {
		dst[2+i] = byte(int8(steps(v, d, -127, 127)))
	}
}

// encodeQ4_0 puts the value of largest magnitude on the step -8, of which there
// is one more than on the other side.
func encodeQ4_0(dst []byte, x []float32) {
	var top float32
	for _, v := range x {
		if abs(v) > abs(top) {
			top = v
		}
	}
	d := putF16(dst, top/-8)
	for i := range 16 {
		dst[2+i] = byte(steps(x[i], d, -8, 7)+8) | byte(steps(x[i+16], d, -8, 7)+8)<<4
	}
}

func encodeQ4_K(dst []byte, x []float32) {
	for i, q := range packGroups(dst, x, 15) {
		g := i / 32
		dst[16+32*(g/2)+i%32] |= q << (4 * (g % 2))
	}
}

func encodeQ5_K(dst []byte, x []float32) {
	for i, q := range packGroups(dst, x, 31) {
		g := i / 32
		dst[16+i%32] |= q >> 4 << g
		dst[48+32*(g/2)+i%32] |= q & 15 << (4 * (g % 2))
	}
}

// packGroups fills the first 16 bytes of a Q4_K or Q5_K block (d, dmin and the
// eight 6-bit scales and minima, laid out as quant's decoder says) and returns
// each element's step, 0 to top. A group of 32 runs from its least value, or 0
// if that is less, to its largest.
func packGroups(dst []byte, x []float32, top int) (q [256]byte) {
	var scale, low [8]float32
	for g := range 8 {
		lo, hi := extremes(x[32*g : 32*g+32])
		scale[g], low[g] = (hi-lo)/float32(top), -lo
	}
	d := putF16(dst, absMax(scale[:])/63)
	dmin := putF16(dst[2:], absMax(low[:])/63)
	s := dst[4:16]
	for g := range 8 {
		sc, m := steps(scale[g], d, 0, 63), steps(low[g], dmin, 0, 63)
		if g < 4 {
			s[g] |= byte(sc)
			s[g+4] |= byte(m)
		} else {
			s[g+4] = byte(sc&15 | m&15<<4)
			s[g-4] |= byte(sc >> 4 << 6)
			s[g] |= byte(m >> 4 << 6)
		}
		for i := 32 * g; i < 32*g+32; i++ {
			q[i] = byte(steps(x[i]+dmin*float32(m), d*float32(sc), 0, top))
		}
	}
	return q
}

func encodeQ6_K(dst []byte, x []float32) {
	var scale [16]float32
	for g := range scale {
		scale[g] = absMax(x[16*g:16*g+16]) / 31
	}
	d := putF16(dst[208:], absMax(scale[:])/127)
	for e, v := range x {
		g := e / 16
		sc := steps(scale[g], d, -128, 127)
		dst[192+g] = byte(int8(sc))
		q := byte(steps(v, d*float32(sc), -32, 31) + 32)
		half, k, i := e/128, e%128/32, e%32
		dst[64*half+32*(k%2)+i] |= q & 15 << (4 * (k / 2))
		dst[128+32*half+i] |= q >> 4 << (2 * k)
	}
}

func abs(v float32) float32 { return max(v, -v) }

func absMax(x []float32) (m float32) {
	for _, v := range x {
		m = max(m, abs(v))
	}
	return m
}

// extremes is the least value of x, at most 0, and the largest, at least that.
func extremes(x []float32) (lo, hi float32) {
	hi = x[0]
	for _, v := range x {
		lo, hi = min(lo, v), max(hi, v)
	}
	return lo, hi
}
