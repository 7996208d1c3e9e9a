package fault_test

import (
	"fmt"

	"moeflow/gguf/fault"
)

func Example() {
	data := []byte{1, 2, 3} // of a file's map
	sum := 0
	err := fault.Read(data, func() {
		for _, b := range data {
			sum += int(b)
		}
	})
	fmt.Println(sum, err)
	// Output: 6 <nil>
}
