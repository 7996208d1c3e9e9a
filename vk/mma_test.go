package vk

import (
	"slices"
	"testing"
)

// TestMMALayout says how the device's lanes hold matrices, and wants the
// capability where that is as the kernels have it, and nowhere else.
func TestMMALayout(t *testing.T) {
	r := openTest(t, Options{})
	t.Log(r.d.info.Matrices)
	if !r.d.info.matrix {
		if r.d.info.mma {
			t.Error("mma without matrix units")
		}
		return
	}
	seen, err := r.mmaSeen()
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(seen); i += 32 {
		t.Log(i/32, seen[i:i+32])
	}
	if has := slices.Contains(r.d.info.Capabilities(), "mma"); has != slices.Equal(seen, mmaNumbers()) {
		t.Errorf("the capability mma is %v", has)
	}
}

// TestFragmentLayout wants the layout to give every element of a matrix to one
// lane, in one place.
func TestFragmentLayout(t *testing.T) {
	numbers := mmaNumbers()
	for i, m := range mmaLanes {
		n := 32 * len(m.parts)
		part := slices.Sorted(slices.Values(numbers[:n]))
		numbers = numbers[n:]
		for e, v := range part {
			if v != float32(e) {
				t.Fatalf("matrix %d: element %g stands in the place of element %d", i, v, e)
			}
		}
	}
	if len(numbers) > 0 {
		t.Errorf("%d numbers of no matrix", len(numbers))
	}
}
