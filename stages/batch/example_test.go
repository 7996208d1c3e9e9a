package batch_test

import (
	"fmt"

	"moeflow/stages/batch"
	"moeflow/stages/kvcache"
)

func Example() {
	cache, err := kvcache.New(16, kvcache.PageSize)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := batch.New(batch.Config{Context: 1024, Sequences: 8}, cache)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := s.Join(batch.Request{ID: 1, Prompt: []int32{7, 8, 9}, Generate: 2, OnDevice: true}); err != nil {
		fmt.Println(err)
	}
	var step batch.Step
	most := batch.Limits{Rows: batch.MaxRows, Outs: 8, Pages: 16}
	for s.Next(&step, most, most) == nil && len(step.Rows) > 0 {
		for _, r := range step.Rows {
			fmt.Print("position ", r.Position, " token ", r.Token, " sampled ", r.Sampled, "; ")
		}
		fmt.Println("bucket", batch.Bucket(len(step.Rows)))
	}
	// Output:
	// position 0 token 7 sampled false; position 1 token 8 sampled false; position 2 token 9 sampled false; bucket 4
	// position 3 token 0 sampled true; bucket 1
}
