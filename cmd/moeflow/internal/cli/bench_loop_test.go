package cli

import "testing"

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		list     []float64
		quarters int
		want     float64
	}{{[]float64{4}, 2, 4}, {[]float64{3, 1, 2}, 2, 2}, {[]float64{4, 1, 3, 2}, 2, 2.5}, {[]float64{5, 4, 3, 2, 1}, 1, 2}, {[]float64{1, 9}, 3, 7}, {[]float64{1, 9}, 4, 9}} {
		if got := quantile(c.list, c.quarters); got != c.want {
			t.Errorf("%v at %d quarters is %v, wanted %v", c.list, c.quarters, got, c.want)
		}
	}
}
