//go:build unix

package fault_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"golang.org/x/sys/unix"

	"moeflow/gguf/fault"
)

// TestCutShort maps a file of two pages and cuts it to one: the first page is
// read, the second gives the error, by single bytes and by a copy alike.
func TestCutShort(t *testing.T) {
	page := os.Getpagesize()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, make([]byte, 2*page), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := unix.Mmap(int(f.Fd()), 0, 2*page, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(data)
	if err := os.Truncate(path, int64(page)); err != nil {
		t.Fatal(err)
	}
	to := make([]byte, 2*page)
	for name, c := range map[string]struct {
		read func()
		want error
	}{
		"the first page":   {func() { copy(to, data[:page]) }, nil},
		"a byte":           {func() { to[0] = data[page] }, fault.Err},
		"a copy":           {func() { copy(to, data) }, fault.Err},
		"a string":         {func() { _ = string(data[page:]) }, fault.Err},
		"the second again": {func() { copy(to, data[page:]) }, fault.Err},
	} {
		if err := fault.Read(data, c.read); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, wanted %v", name, err, c.want)
		}
	}
	// A fault elsewhere is a mistake of the program, and so is any other panic.
	for name, f := range map[string]func(){
		"another memory": func() { _ = fault.Read(to, func() { to[0] = data[page] }) },
		"a panic":        func() { _ = fault.Read(data, func() { panic("mistake") }) },
		"an index":       func() { _ = fault.Read(data, func() { to[0] = data[len(data)] }) },
	} {
		if !panics(f) {
			t.Errorf("%s is taken for a file that was cut", name)
		}
	}
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	f()
	return false
}
