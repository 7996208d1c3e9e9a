//go:build !unix && !windows

package gguf

import (
	"io"
	"os"
)

// mapBytes reads the file where the system has no memory map.
func mapBytes(file *os.File, size int) (*mapping, error) {
	data := make([]byte, size)
	if _, err := io.ReadFull(file, data); err != nil {
		return nil, err
	}
	return &mapping{data: data}, nil
}
