package batch

import "math/bits"

// MaxRows is the most rows of a step: the largest bucket.
const MaxRows = 2048

// Bucket is the number of rows that the commands for a step of rows rows are
// recorded for: the next power of two. It is 0 for a number of rows that no
// bucket holds, below 1 or above MaxRows.
func Bucket(rows int) int {
	if rows < 1 || rows > MaxRows {
		return 0
	}
	return 1 << bits.Len(uint(rows-1))
}

// Buckets lists every bucket, smallest first.
func Buckets() []int {
	var all []int
	for b := 1; b <= MaxRows; b *= 2 {
		all = append(all, b)
	}
	return all
}
