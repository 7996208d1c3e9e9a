package enginetest_test

import (
	"fmt"

	"moeflow/cmd/moeflow/internal/enginetest"
)

func ExampleOpenReference() {
	d, err := enginetest.OpenReference(false)
	fmt.Println(d.Info().Kind, err)
	// Output: cpu <nil>
}
