package shaders_test

import (
	"encoding/binary"
	"math"

	"moeflow/gguf/quant"
	"moeflow/graph"
)

// Activations as fixed point in memory, as graph.StoreQ16 writes them.

func words(data []byte) []uint32 {
	out := make([]uint32, len(data)/4)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	return out
}

// q16Rows gives the numbers of rows of n, NaN where a sixteen's sum is not that of
// its integers.
func q16Rows(n int) func([]byte) []float64 {
	return func(data []byte) []float64 {
		var out []float64
		size := int(graph.Q16Words(uint64(n)))
		for w := words(data); len(w) > 0; w = w[size:] {
			row := graph.Fixed(w[:size], n)
			for s := range n / 16 {
				scale, sum := float64(math.Float32frombits(w[n/2+2*s])), 0.0
				for _, v := range row[16*s : 16*s+16] {
					sum += v
				}
				if total := float64(int32(w[n/2+2*s+1])) * scale; math.Abs(sum-total) > 1e-3*scale {
					row[16*s] = math.NaN()
				}
			}
			out = append(out, row...)
		}
		return out
	}
}

// q16Out is an output of rows of n, filled with what no kernel writes.
func q16Out(name string, n, rows int) tensor {
	size := graph.Q16Words(uint64(n))
	return tensor{name, quant.U32, graph.Shape{size, uint64(rows)}, fill(int(size)*rows, unwritten)}
}

// fixed is a tensor of floats whose last axis are rows, as fixed point, and the
// floats that it then stands for.
func fixed(a tensor) (packed, floats tensor) {
	rows := int(a.shape[len(a.shape)-1])
	f := a.decode()
	n := len(f) / rows
	packed = q16Out(a.name, n, rows)
	w := words(packed.data)
	size := len(w) / rows
	for r := range rows {
		row := make([]float64, n)
		for i := range row {
			row[i] = float64(f[r*n+i])
		}
		graph.StoreQ16(w[r*size:(r+1)*size], row)
		for i, v := range graph.Fixed(w[r*size:(r+1)*size], n) {
			f[r*n+i] = float32(v)
		}
	}
	packed.data, a.data = u32Bytes(w), f32Bytes(f)
	return packed, a
}

// q16Bound is a bound on numbers that are then rounded to fixed point, on the
// device and in the reference: a step more.
func q16Bound(bound func([]float64) ([]float64, error)) func([]float64) ([]float64, error) {
	return func(want []float64) ([]float64, error) {
		tol, err := bound(want)
		if err != nil {
			return nil, err
		}
		for first := 0; first < len(tol); first += 16 {
			top := 0.0
			for i := first; i < first+16; i++ {
				top = max(top, math.Abs(want[i])+tol[i])
			}
			for i := first; i < first+16; i++ {
				tol[i] += 1.01*top/32512 + 1e-30
			}
		}
		return tol, nil
	}
}
