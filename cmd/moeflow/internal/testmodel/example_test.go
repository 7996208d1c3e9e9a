package testmodel_test

import (
	"fmt"

	"moeflow/cmd/moeflow/internal/testmodel"
)

func ExampleTop() {
	fmt.Println(testmodel.Top([]float32{0.5, 2, -1}))
	// Output: 1
}
