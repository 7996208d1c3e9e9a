package sample_test

import (
	"fmt"

	"moeflow/stages/sample"
)

func Example() {
	logits := []float32{0.5, 3, 2.9, -1}
	p := sample.Params{Temperature: 0.8, TopK: 2, TopP: 1, RepeatPenalty: 1, Seed: 42}
	s, err := sample.New(p, len(logits))
	if err != nil {
		fmt.Println(err)
		return
	}
	for position := uint64(0); position < 6; position++ {
		id, err := s.Pick(sample.Row{Logits: logits, Position: position})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Print(id, " ")
	}
	// Output: 2 2 2 2 1 1
}
