package gguf

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
)

// mapping is a file's bytes, read-only. unmap and advise may be nil.
type mapping struct {
	data   []byte
	unmap  func() error
	advise func()
}

// mapFile maps a regular file. The system's own mapping is in map_*.go.
func mapFile(path string) (*mapping, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, pathError(path, err)
	}
	switch {
	case info.IsDir():
		return nil, fmt.Errorf("%s: is a folder, wanted a GGUF file", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: is no regular file, wanted a GGUF file", path)
	case info.Size() == 0:
		return nil, fmt.Errorf("%s: is empty, wanted a GGUF file", path)
	case info.Size() > math.MaxInt:
		return nil, fmt.Errorf("%s: its %d bytes are more than this machine can address", path, info.Size())
	}
	m, err := mapBytes(file, int(info.Size()))
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be mapped into memory: %w", path, err)
	}
	return m, nil
}

// pathError puts the path first, as in all errors of this package.
func pathError(path string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}

func (m *mapping) close() error {
	if m.unmap == nil {
		return nil
	}
	return m.unmap()
}

func (m *mapping) prefetch() {
	if m.advise != nil {
		m.advise()
	}
}
