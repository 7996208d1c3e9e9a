package fault

import (
	"errors"
	"runtime"
	"runtime/debug"
	"unsafe"
)

// Err is what Read returns where data could not be read.
var Err = errors.New("the file was cut short, or its disk failed, while it was read")

// Read calls f, which may read data, and returns Err if data is no longer there.
// Any other panic of f goes on. Only the calling goroutine is covered: a goroutine
// that f starts needs a Read of its own.
func Read(data []byte, f func()) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if fault, ok := p.(interface {
			runtime.Error
			Addr() uintptr
		}); !ok || !within(fault.Addr(), data) {
			panic(p)
		}
		err = Err
	}()
	f()
	return nil
}

func within(addr uintptr, data []byte) bool {
	start := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	return addr >= start && addr-start < uintptr(len(data))
}
