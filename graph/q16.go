package graph

import (
	"encoding/binary"
	"math"
)

// Activations as 16-bit fixed point are rows of sixteens of elements: within each
//
//	x = scale · (256·high + low), high and low signed bytes, |256·high + low| <= 32512
//
// so that an element is off by at most the largest of its sixteen divided by 65024.
// A row of S sixteens is, in 32-bit words,
//
//	word 4·s + i           the high bytes of elements 16·s + 4·i .. 16·s + 4·i + 3
//	word 4·S + 4·s + i     their low bytes
//	word 8·S + 2·s         the scale of sixteen s, as the bits of a float
//	word 8·S + 2·s + 1     the sum of its sixteen integers 256·high + low
//
// and rows follow each other.

// Q16Max is the largest integer of an element.
const Q16Max = 32512

// Q16Words is how many words a row of n elements takes.
func Q16Words(n uint64) uint64 { return n / 16 * 10 }

// StoreQ16 writes a row of elements.
func StoreQ16(words []uint32, row []float64) {
	sixteens := len(row) / 16
	for s := range sixteens {
		top := float32(0)
		for _, v := range row[16*s : 16*s+16] {
			top = max(top, float32(math.Abs(v)))
		}
		scale := float32(0)
		if top > 1e-30 {
			scale = top * (1.0 / Q16Max)
		}
		var high, low [16]byte
		sum := 0
		for i, v := range row[16*s : 16*s+16] {
			x := 0
			if scale > 0 {
				x = int(math.RoundToEven(v / float64(scale)))
			}
			sum += x
			high[i], low[i] = byte((x+128)>>8), byte(x)
		}
		for i := range 4 {
			words[4*s+i] = binary.LittleEndian.Uint32(high[4*i:])
			words[4*sixteens+4*s+i] = binary.LittleEndian.Uint32(low[4*i:])
		}
		words[8*sixteens+2*s], words[8*sixteens+2*s+1] = math.Float32bits(scale), uint32(sum)
	}
}

// Fixed is a row of n elements.
func Fixed(words []uint32, n int) []float64 {
	row := make([]float64, n)
	for i := range row {
		word, shift := i/4, i%4*8
		high, low := int8(words[word]>>shift), int8(words[n/4+word]>>shift)
		scale := math.Float32frombits(words[n/2+i/16*2])
		row[i] = float64(scale) * float64(256*int(high)+int(low))
	}
	return row
}
