package gguf

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

func mapBytes(file *os.File, size int) (*mapping, error) {
	h, err := windows.CreateFileMapping(windows.Handle(file.Fd()), nil, windows.PAGE_READONLY, 0, 0, nil)
	if err != nil {
		return nil, err
	}
	// The view keeps the mapping alive after its handle is closed.
	defer windows.CloseHandle(h)
	addr, err := windows.MapViewOfFile(h, windows.FILE_MAP_READ, 0, 0, uintptr(size))
	if err != nil {
		return nil, err
	}
	// Reading the address through a pointer to it keeps go vet's rule on
	// unsafe.Pointer: the memory is not the garbage collector's.
	data := unsafe.Slice(*(**byte)(unsafe.Pointer(&addr)), size)
	return &mapping{data: data, unmap: func() error { return windows.UnmapViewOfFile(addr) }}, nil
}
