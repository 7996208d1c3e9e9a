//go:build unix

package vk

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"moeflow/gguf/fault"
	"moeflow/gguf/quant"
)

// TestWeightsThatGoAway uploads from maps of a file that was cut short: small and
// large weights, stored as in the file and with padded blocks, to memory that the
// host sees and through staging buffers.
func TestWeightsThatGoAway(t *testing.T) {
	const size = 210 << 15 // a multiple of all block sizes here, above what several goroutines share
	path := filepath.Join(t.TempDir(), "weights")
	if err := os.WriteFile(path, make([]byte, size), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(data)
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	r := openTest(t, Options{})
	for _, w := range []Weight{
		{"large", data, quant.F32}, {"small", data[1<<20 : 1<<20+4096], quant.F32},
		{"padded", data, quant.Q6_K}, {"the last part", data[:6<<20], quant.F32},
	} {
		if err := r.Upload([]Weight{w}, nil); !errors.Is(err, fault.Err) || err.Error() != "weight "+w.Name+": "+fault.Err.Error() {
			t.Errorf("%s: %v", w.Name, err)
		}
		st := stager{h: newHeap(r.d), s: r.line, size: 1 << 16}
		bufs, err := r.work.alloc("test", onDevice, []want{{"w", StoredBytes(w.Type, uint64(len(w.Data)))}})
		if err != nil {
			t.Fatal(err)
		}
		if err := st.copy(bufs[0], &w); !errors.Is(err, fault.Err) {
			t.Errorf("%s, staged: %v", w.Name, err)
		}
		st.close()
	}
	// What is still there arrives.
	if err := r.Upload([]Weight{{"first", data[:4096], quant.F32}}, nil); err != nil {
		t.Error(err)
	}
}
