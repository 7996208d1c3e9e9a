package backend

import (
	"time"

	"moeflow/graph"
)

// Timed is a program that times its dispatches, if the device was opened for it.
type Timed interface {
	// Times is how long each dispatch of a slot's last step took.
	Times(slot int) ([]time.Duration, error)
	// Ticks is when each ran, on the device's clock.
	Ticks(slot int) ([]Ticks, error)
	// Clock compares the device's clock with the host's now.
	Clock() (Clock, error)
	// Progress tells how many segments of a step are done; it does not wait.
	Progress(t graph.Ticket) (int, error)
}

// Ticks are a dispatch's begin and end on the device's clock; see Clock.
type Ticks struct{ Begin, End uint64 }

// Clock relates the device's clock, which Ticks are read from, to the host's.
type Clock struct {
	Tick   uint64        // of the device's clock
	Host   time.Time     // the same moment on the host's
	Within time.Duration // how far Host may be off
	Period float64       // nanoseconds a tick
	Bits   uint32        // after which ticks wrap around
	How    string        // the way the clocks were compared
	// Idle tells that comparing the clocks waits for all work on the device, so
	// that it should not be done while steps run.
	Idle bool
}

// At is the host's time of a tick up to half of the clock's range away. The
// clocks drift apart by some microseconds a second, so a Clock should not be old.
func (c Clock) At(tick uint64) time.Time {
	unused := 64 - c.Bits
	ticks := int64((tick-c.Tick)<<unused) >> unused
	return c.Host.Add(time.Duration(float64(ticks) * c.Period))
}
