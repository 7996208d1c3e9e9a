package backend

import (
	"testing"
	"time"
)

// TestClockWraps: ticks of few bits before and after they wrap around.
func TestClockWraps(t *testing.T) {
	c := Clock{Tick: 5, Host: time.Unix(100, 0), Period: 10, Bits: 36}
	for tick, want := range map[uint64]time.Duration{5: 0, 8: 30, 1<<36 - 1: -60, 4: -10, 1 << 35: (1<<35 - 5) * 10} {
		if got := c.At(tick).Sub(c.Host); got != want {
			t.Errorf("tick %d is %v from the host's time, wanted %v", tick, got, want)
		}
	}
}
