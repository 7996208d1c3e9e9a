package sample

import "testing"

// The known answers that the authors of Philox publish with it.
func TestPhilox(t *testing.T) {
	const f = 0xffffffff
	for _, c := range []struct {
		ctr  [4]uint32
		key  [2]uint32
		want [4]uint32
	}{
		{want: [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{f, f, f, f}, [2]uint32{f, f}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{
			[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
			[2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	} {
		if got := philox(c.ctr, c.key); got != c.want {
			t.Errorf("philox(%x, %x) = %x, want %x", c.ctr, c.key, got, c.want)
		}
	}
}

func TestUniform(t *testing.T) {
	if u, want := Uniform(0, 0), float64(0x6627e8)/(1<<24); u != want {
		t.Errorf("Uniform(0, 0) = %g, want %g", u, want)
	}
	if Uniform(1, 2) == Uniform(2, 1) || Uniform(1<<32, 0) == Uniform(1, 0) || Uniform(0, 1<<32) == Uniform(0, 1) {
		t.Error("a half of the seed or of the position does not count")
	}
	sum := 0.0
	for n := range uint64(1 << 16) {
		u := Uniform(9, n)
		if u < 0 || u >= 1 {
			t.Fatalf("Uniform(9, %d) = %g, want [0, 1)", n, u)
		}
		sum += u
	}
	// Five standard deviations of the mean of 2^16 draws.
	if mean := sum / (1 << 16); mean < 0.5-0.0057 || mean > 0.5+0.0057 {
		t.Errorf("the mean of 65,536 draws is %g", mean)
	}
}
