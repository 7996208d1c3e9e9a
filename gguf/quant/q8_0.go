package quant

// A Q8_0 block holds 32 elements in 34 bytes (ggml-common.h, block_q8_0):
//
//	0   d   float16      the scale
//	2   q   int8 [32]    element i is d·q[i]
func decodeQ8_0(dst []float32, src []byte) {
	for ; len(dst) > 0; dst, src = dst[32:], src[34:] {
		d := f16At(src)
		for i, q := range src[2:34] {
			dst[i] = float32(int8(q)) * d
		}
	}
}
