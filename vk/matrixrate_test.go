package vk

import (
	"encoding/binary"
	"math"
	"testing"

	vulkan "github.com/goki/vulkan"

	"moeflow/vk/shaders"
)

// TestMatrixRate wants a figure where there are matrix units, whose sums are
// right, and none where there are not; and no memory kept.
func TestMatrixRate(t *testing.T) {
	r := openTest(t, Options{})
	before := r.d.taken
	got, err := r.MatrixRate()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.2f TFLOP/s", got)
	if has := r.d.info.matrixRate(); has != (got > 0) || got > 10_000 {
		t.Errorf("%.2f TFLOP/s; matrix units: %v", got, has)
	}
	if r.d.taken != before {
		t.Errorf("the measurement keeps %d bytes", r.d.taken-before)
	}
	if got == 0 {
		return
	}
	m := rateProbe{r: r, rounds: 3}
	defer m.close()
	if err := m.prepare(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.launch(rateGroups); err != nil {
		t.Fatal(err)
	}
	seen, err := m.heap.alloc("the sums as the host sees them", toHost, []want{{"sums", m.y.size}})
	if err == nil {
		err = r.d.once(r.line, func(cb vulkan.CommandBuffer) {
			copyBuffer(cb, m.y.handle, seen[0].handle, m.y.offset, seen[0].offset, m.y.size)
			fence(cb)
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	ab := rateOperands()
	for _, subgroup := range []int{0, 7, rateGroups*rateSubgroups - 1} {
		for i := range 16 {
			for j := range 16 {
				v := math.Float32frombits(binary.LittleEndian.Uint32(seen[0].data[4*(256*subgroup+16*i+j):]))
				if want := rateSum(ab, i, j, 3); v != want {
					t.Fatalf("subgroup %d has %g at %d, %d, want %g", subgroup, v, i, j, want)
				}
			}
		}
	}
}

// rateSum is the element that the kernel leaves for each subgroup at row i and
// column j, exactly.
func rateSum(ab []int, i, j int, rounds uint32) float32 {
	sum := 0
	for a := range 4 {
		for b := range 2 {
			sum += rateProduct(ab, a, b, i, j)
		}
	}
	return float32(sum*int(rounds)) / 64
}

// rateProduct is an element of left matrix a times right matrix b, in 64ths.
func rateProduct(ab []int, a, b, i, j int) int {
	sum := 0
	for k := range 16 {
		sum += ab[i*rateWidth+16*a+k] * ab[(16+k)*rateWidth+16*b+j]
	}
	return sum
}

// TestRateOperands: the sums of a measurement are exact in float32, no two of its
// products are the same, since what is the same may be computed once, and the code
// is there.
func TestRateOperands(t *testing.T) {
	ab := rateOperands()
	for i := range 16 {
		for j := range 16 {
			if s := 64 * float64(rateSum(ab, i, j, rateRounds)); math.Abs(s) >= 1<<24 || s != math.Trunc(s) {
				t.Errorf("sum %d, %d is %g in 64ths", i, j, s)
			}
		}
	}
	seen := map[[256]int]bool{}
	for a := range 4 {
		for b := range 2 {
			var p [256]int
			for e := range p {
				p[e] = rateProduct(ab, a, b, e/16, e%16)
			}
			seen[p] = true
		}
	}
	if len(seen) != rateSums {
		t.Errorf("%d different products of %d", len(seen), rateSums)
	}
	// On the way no sum may leave the range either: bounded by the largest operands.
	most := 0
	for _, v := range ab {
		most = max(most, v, -v)
	}
	if top := most * most * 16 * rateSums * rateRounds; top > 1<<24 {
		t.Errorf("operands of up to %d eighths let sums reach %d 64ths, more than floats hold", most, top)
	}
	if n := rateFLOPs(1, 1); n != 8*8*2*16*16*16 {
		t.Errorf("a round of a workgroup is %g operations", n)
	}
	if code, err := shaders.MatrixRate(); err != nil || len(code) < 1000 || len(code)%4 != 0 {
		t.Errorf("%d bytes of code, %v", len(code), err)
	}
}
