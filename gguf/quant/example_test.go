package quant_test

import (
	"fmt"

	"moeflow/gguf/quant"
)

// One Q8_0 block: the scale 0.5 as float16, then 32 signed bytes.
func Example() {
	block := make([]byte, quant.Q8_0.BlockBytes())
	block[0], block[1] = 0x00, 0x38
	block[2], block[3] = 3, 0xfe
	x := make([]float32, quant.Q8_0.BlockSize())
	if err := quant.Q8_0.Decode(x, block); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(quant.Q8_0, x[:3])
	// Output: Q8_0 [1.5 -1 0]
}
