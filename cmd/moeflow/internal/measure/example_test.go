package measure_test

import (
	"fmt"

	"moeflow/cmd/moeflow/internal/measure"
)

// The tokens that measurements compute depend on the seed alone.
func ExampleTokens() {
	fmt.Println(measure.Tokens(4096, 3, 1), measure.Tokens(4096, 3, 1))
	// Output: [3438 3252 3853] [3438 3252 3853]
}
