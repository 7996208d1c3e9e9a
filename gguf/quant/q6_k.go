package quant

// A Q6_K block holds 256 elements in 210 bytes (ggml-common.h, block_q6_K), as
// sixteen groups of 16 with a scale each:
//
//	0     l   uint8 [128]   bits 0-3
//	128   h   uint8 [64]    bits 4-5
//	192   s   int8 [16]     the groups' scales
//	208   d   float16       scale of the scales
//
// Each half of the block (128 elements) takes 64 bytes of l and 32 of h. Its
// element 32k+i (k 0-3, i 0-31) has bits 0-3 in the low (k 0, 1) or high (k 2,
// 3) half of l[32(k mod 2)+i] and bits 4-5 in bits 2k, 2k+1 of h[i]. Element e
// of the block is (d·s[e/16])·(q − 32).
func decodeQ6_K(dst []float32, src []byte) {
	for ; len(dst) > 0; dst, src = dst[256:], src[210:] {
		s, d := src[192:208], f16At(src[208:])
		for e := range 256 {
			half, k, i := e/128, e%128/32, e%32
			l := src[64*half+32*(k%2)+i] >> (4 * (k / 2)) & 15
			h := src[128+32*half+i] >> (2 * k) & 3
			scale := float32(d * float32(int8(s[e/16])))
			dst[e] = scale * float32(int(l|h<<4)-32)
		}
	}
}
