package quant

// A Q4_0 block holds 32 elements in 18 bytes (ggml-common.h, block_q4_0):
//
//	0   d   float16      the scale
//	2   q   uint8 [16]   element i is d·(low half of q[i] − 8),
//	                     element i+16 is d·(high half of q[i] − 8)
func decodeQ4_0(dst []float32, src []byte) {
	for ; len(dst) > 0; dst, src = dst[32:], src[18:] {
		d := f16At(src)
		for i, q := range src[2:18] {
			dst[i] = float32(int(q&15)-8) * d
			dst[i+16] = float32(int(q>>4)-8) * d
		}
	}
}
