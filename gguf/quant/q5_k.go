package quant

// A Q5_K block holds 256 elements in 176 bytes (ggml-common.h, block_q5_K): a
// Q4_K block with a fifth bit for each element.
//
//	0    d      float16       scale of the groups' scales
//	2    dmin   float16       scale of the groups' minima
//	4    s      uint8 [12]    eight 6-bit scales and minima, see scaleMin
//	16   h      uint8 [32]    bit g of h[i] is bit 4 of element i of group g
//	48   q      uint8 [128]   bits 0-3, laid out as in Q4_K
//
// Element i of group g is (d·scale[g])·q − (dmin·min[g]).
func decodeQ5_K(dst []float32, src []byte) {
	for ; len(dst) > 0; dst, src = dst[256:], src[176:] {
		d, dmin := f16At(src), f16At(src[2:])
		s, h, qs := src[4:16], src[16:48], src[48:176]
		for g := 0; g < 8; g += 2 {
			d0, m0 := groupScale(d, dmin, s, g)
			d1, m1 := groupScale(d, dmin, s, g+1)
			for i, q := range qs[16*g : 16*g+32] {
				q0, q1 := q&15|h[i]>>g&1<<4, q>>4|h[i]>>(g+1)&1<<4
				dst[32*g+i] = float32(d0*float32(q0)) - m0
				dst[32*g+32+i] = float32(d1*float32(q1)) - m1
			}
		}
	}
}
