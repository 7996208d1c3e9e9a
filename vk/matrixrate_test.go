package vk

import (
	"encoding/binary"
	"math"
	"testing"

	vulkan "github.com/goki/vulkan"

	"moeflow/gguf/quant"
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

// TestRateOperands: the halves are the eighths that they stand for, the sums of a
// measurement are exact in float32, and the code is there.
func TestRateOperands(t *testing.T) {
	for v := -8; v <= 8; v++ {
		if got := quant.F16ToF32(halfEighths(v)); got != float32(v)/8 {
			t.Errorf("%d eighths are %g", v, got)
		}
	}
	ab := rateOperands()
	for i := range 16 {
		for j := range 16 {
			if s := 64 * float64(rateSum(ab, i, j, rateRounds)); math.Abs(s) >= 1<<24 || s != math.Trunc(s) {
				t.Errorf("sum %d, %d is %g in 64ths", i, j, s)
			}
		}
	}
	if n := rateFLOPs(1, 1); n != 8*8*2*16*16*16 {
		t.Errorf("a round of a workgroup is %g operations", n)
	}
	if code, err := shaders.MatrixRate(); err != nil || len(code) < 1000 || len(code)%4 != 0 {
		t.Errorf("%d bytes of code, %v", len(code), err)
	}
}
