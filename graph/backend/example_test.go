package backend_test

import (
	"fmt"
	"time"

	"moeflow/graph/backend"
)

// A tick of a clock of 36 bits that has wrapped around since the clocks were
// compared.
func ExampleClock_At() {
	c := backend.Clock{Tick: 1<<36 - 5, Host: time.Unix(100, 0), Period: 10, Bits: 36}
	fmt.Println(c.At(3).Sub(c.Host))
	// Output: 80ns
}
