package quant

// A Q4_K block holds 256 elements in 144 bytes (ggml-common.h, block_q4_K), as
// eight groups of 32 with a scale and a minimum each:
//
//	0    d      float16       scale of the groups' scales
//	2    dmin   float16       scale of the groups' minima
//	4    s      uint8 [12]    eight 6-bit scales and minima, see scaleMin
//	16   q      uint8 [128]   32 bytes serve two groups: low halves the even
//	                          group, high halves the odd one
//
// Element i of group g is (d·scale[g])·q − (dmin·min[g]).
func decodeQ4_K(dst []float32, src []byte) {
	for ; len(dst) > 0; dst, src = dst[256:], src[144:] {
		d, dmin := f16At(src), f16At(src[2:])
		s, qs := src[4:16], src[16:144]
		for g := 0; g < 8; g += 2 {
			d0, m0 := groupScale(d, dmin, s, g)
			d1, m1 := groupScale(d, dmin, s, g+1)
			for i, q := range qs[16*g : 16*g+32] {
				// The conversions forbid fusing the product with the difference.
				dst[32*g+i] = float32(d0*float32(q&15)) - m0
				dst[32*g+32+i] = float32(d1*float32(q>>4)) - m1
			}
		}
	}
}

// groupScale gives the scale and the minimum of group g of a Q4_K or Q5_K block.
func groupScale(d, dmin float32, s []byte, g int) (scale, min float32) {
	sc, m := scaleMin(s, g)
	return float32(d * float32(sc)), float32(dmin * float32(m))
}

// scaleMin unpacks the 6-bit scale and minimum of group g from the 12 bytes of a
// Q4_K or Q5_K block. Bytes 0-3 hold the scales of groups 0-3 and bytes 4-7
// their minima, 6 bits each; bytes 8-11 hold the low 4 bits of scale and minimum
// of groups 4-7, whose upper 2 bits fill the tops of bytes 0-3 and 4-7.
func scaleMin(s []byte, g int) (scale, min uint8) {
	if g < 4 {
		return s[g] & 63, s[g+4] & 63
	}
	return s[g+4]&15 | s[g-4]>>6<<4, s[g+4]>>4 | s[g]>>6<<4
}
