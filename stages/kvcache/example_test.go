package kvcache_test

import (
	"fmt"

	"moeflow/stages/kvcache"
)

func Example() {
	c, err := kvcache.New(4, 64)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Append(1, 100), c.Table(1), c.Len(1))
	shared, err := c.Fork(2, 1, 100)
	fmt.Println(shared, err, c.Table(2))
	fmt.Println(c.Append(2, 200))
	// Output:
	// <nil> [0 1] 100
	// 64 <nil> [0]
	// kv cache is full: sequence 2 wants 200 more positions, 128 are free
}
