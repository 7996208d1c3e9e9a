package gguf

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
)

// ErrChanged is what an error wraps if a file was written to or cut short by
// another program after it was opened.
var ErrChanged = errors.New("was changed while it was read")

// mapping is a file's bytes, read-only. unmap and advise may be nil.
type mapping struct {
	path   string
	file   *os.File
	info   fs.FileInfo // when it was mapped
	data   []byte
	unmap  func() error
	advise func()
}

// mapFile maps a regular file. The system's own mapping is in map_*.go.
func mapFile(path string) (*mapping, error) {
	// Looked at before it is opened: opening a named pipe waits for a writer.
	info, err := os.Stat(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	if err := regular(path, info); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	m, err := mapOpened(path, file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return m, nil
}

func mapOpened(path string, file *os.File) (*mapping, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, pathError(path, err)
	}
	if err := regular(path, info); err != nil {
		return nil, err
	}
	m, err := mapBytes(file, int(info.Size()))
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be mapped into memory: %w", path, err)
	}
	m.path, m.file, m.info = path, file, info
	return m, nil
}

// regular refuses what cannot be mapped as a file.
func regular(path string, info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return fmt.Errorf("%s: is a folder, wanted a GGUF file", path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: is no regular file, wanted a GGUF file", path)
	case info.Size() == 0:
		return fmt.Errorf("%s: is empty, wanted a GGUF file", path)
	case info.Size() > math.MaxInt:
		return fmt.Errorf("%s: its %d bytes are more than this machine can address", path, info.Size())
	}
	return nil
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
	err := m.file.Close()
	if m.unmap != nil {
		err = errors.Join(m.unmap(), err)
	}
	return err
}

// changed tells whether the file is another than was mapped: a program wrote into
// it, or cut it. One that was put in its place under the same name changes nothing
// here.
func (m *mapping) changed() error {
	now, err := m.file.Stat()
	switch {
	case err != nil:
		return pathError(m.path, err)
	case now.Size() != m.info.Size():
		return fmt.Errorf("%s: %w: it had %d bytes and now has %d", m.path, ErrChanged, m.info.Size(), now.Size())
	case !now.ModTime().Equal(m.info.ModTime()):
		return fmt.Errorf("%s: %w", m.path, ErrChanged)
	}
	return nil
}

func (m *mapping) prefetch() {
	if m.advise != nil {
		m.advise()
	}
}
