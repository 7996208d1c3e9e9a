package vk

import (
	"slices"
	"testing"
)

// TestFragments says how the device's lanes hold matrices, and wants the
// capability where that is as the kernels have it, and nowhere else.
func TestFragments(t *testing.T) {
	r := openTest(t, Options{})
	t.Log(r.d.info.Matrices)
	if !r.d.info.matrix {
		if r.d.info.fragments {
			t.Error("fragments without matrix units")
		}
		return
	}
	seen, err := r.fragmentsSeen()
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(seen); i += 32 {
		t.Log(i/32, seen[i:i+32])
	}
	if has := slices.Contains(r.d.info.Capabilities(), "fragments"); has != slices.Equal(seen, fragmentNumbers()) {
		t.Errorf("the capability fragments is %v", has)
	}
}
