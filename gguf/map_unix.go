//go:build unix

package gguf

import (
	"os"

	"golang.org/x/sys/unix"
)

func mapBytes(file *os.File, size int) (*mapping, error) {
	data, err := unix.Mmap(int(file.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return &mapping{
		data:  data,
		unmap: func() error { return unix.Munmap(data) },
		// Advice: a system that refuses it still reads the file.
		advise: func() { _ = unix.Madvise(data, unix.MADV_WILLNEED) },
	}, nil
}
