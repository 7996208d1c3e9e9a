package sample

import "math/bits"

// Uniform is draw n of a seed, in [0, 1) with 24 bits, so that float32 holds it
// exactly: the first word of Philox4x32-10 (Salmon, Moraes, Dror and Shaw,
// Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011) with the seed as key
// and (n, 0) as counter, low words first, shifted right by 8 and divided by
// 2^24. The text of a sequence uses as n the position of the token drawn.
func Uniform(seed, n uint64) float64 {
	x := philox([4]uint32{uint32(n), uint32(n >> 32)}, [2]uint32{uint32(seed), uint32(seed >> 32)})
	return float64(x[0]>>8) / (1 << 24)
}

// philox is ten rounds of Philox4x32.
func philox(x [4]uint32, key [2]uint32) [4]uint32 {
	for range 10 {
		hi0, lo0 := bits.Mul32(0xD2511F53, x[0])
		hi1, lo1 := bits.Mul32(0xCD9E8D57, x[2])
		x = [4]uint32{hi1 ^ x[1] ^ key[0], lo1, hi0 ^ x[3] ^ key[1], lo0}
		key[0] += 0x9E3779B9
		key[1] += 0xBB67AE85
	}
	return x
}
