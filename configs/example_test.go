package configs_test

import (
	"fmt"

	"moeflow/configs"
)

func ExampleOpen() {
	c, err := configs.Open("tiny", configs.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Pipeline.Granularity, *c.Sampling.Temperature, c.IsSet("sampling.top_k"))
	fmt.Println(c.Set("pipeline.granularity=tokens"))
	fmt.Println(c.Set("samplng.top_k=5"))
	// Output:
	// device 0 false
	// --set: pipeline.granularity is the text "tokens", want "stage", "layer" or "device"
	// --set: samplng.top_k is not a known key, the nearest is "sampling.top_k"
}
