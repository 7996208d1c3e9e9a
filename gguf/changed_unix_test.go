//go:build unix

package gguf

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"moeflow/gguf/fault"
)

// large is a file whose header and whose one tensor span many pages.
func large(t *testing.T) (path string, data []byte) {
	t.Helper()
	b := head(3, 1, 2).key("a", kindString).str("first").key("z", kindString).str(strings.Repeat("z", 1<<16))
	b = b.tensor("t", 0, 0, 1<<16).data(4 << 16)
	path = filepath.Join(t.TempDir(), "large.gguf")
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return path, b
}

// TestCutWhileOpen: what Open has read stays, and what it has not gives an error
// instead of a signal.
func TestCutWhileOpen(t *testing.T) {
	path, _ := large(t)
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Changed(); err != nil {
		t.Error(err)
	}
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	if s, err := f.String("z"); err != nil || len(s) != 1<<16 {
		t.Errorf("metadata is gone: %d bytes, %v", len(s), err)
	}
	x, _ := f.Tensor("t")
	to := make([]byte, len(x.Data))
	if err := fault.Read(x.Data, func() { copy(to, x.Data) }); !errors.Is(err, fault.Err) {
		t.Errorf("tensor data that is gone: %v", err)
	}
	err = f.Changed()
	if !errors.Is(err, ErrChanged) || !strings.HasPrefix(err.Error(), path+": ") || !strings.HasSuffix(err.Error(), "and now has 4096") {
		t.Errorf("a file that was cut: %v", err)
	}
}

// TestCutBeforeTheHeaderIsRead cuts a file that is mapped and not yet parsed.
func TestCutBeforeTheHeaderIsRead(t *testing.T) {
	for _, size := range []int64{0, 4096, 5000, 1 << 16} {
		path, _ := large(t)
		m, err := mapFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		if _, err := m.parse(); !errors.Is(err, ErrChanged) || strings.Contains(err.Error(), "\n") {
			t.Errorf("cut to %d bytes: %v", size, err)
		}
		if err := m.close(); err != nil {
			t.Error(err)
		}
	}
}

// TestOverwritten: a file of the same size with other content is another file,
// and one that was put in its place is none of ours.
func TestOverwritten(t *testing.T) {
	path, data := large(t)
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	other := path + ".new"
	if err := os.WriteFile(other, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	if err := f.Changed(); err != nil {
		t.Errorf("a file put in its place: %v", err)
	}
	g, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	// A clock may be too coarse to tell two writes apart.
	if err := os.Chtimes(path, time.Time{}, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := g.Changed(); !errors.Is(err, ErrChanged) {
		t.Errorf("a file written over: %v", err)
	}
}

// TestNamedPipe is refused without waiting for a writer.
func TestNamedPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe.gguf")
	if err := unix.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, "/dev/null", "/dev/zero"} {
		if _, err := Open(path); err == nil || err.Error() != path+": is no regular file, wanted a GGUF file" {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestHugeHeader: a file with holes is as large as it likes at no cost; its header
// is not believed to be.
func TestHugeHeader(t *testing.T) {
	for name, b := range map[string]raw{
		"string": head(3, 0, 1).key("k", kindString).u64(290 << 20),
		"array":  head(3, 0, 1).key("k", kindArray).u32(uint32(kindString)).u64(290 << 17),
		"key":    head(3, 0, 1).u64(290 << 20),
	} {
		path := filepath.Join(t.TempDir(), "huge.gguf")
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, 300<<20); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "header of") || !strings.Contains(err.Error(), "268435456 bytes") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
