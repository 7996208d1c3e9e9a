package output

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"sync"
)

// File is an output that was begun.
type File struct {
	name string // as the user gave it
	file *os.File
	to   string // where Commit moves the file; "" for a stream

	mu    sync.Mutex
	ended bool
}

// Open begins the output at path. A regular file, or a place where none is yet,
// keeps what it holds until Commit. A device for characters, a pipe or a
// descriptor such as /dev/stdout is opened and written to as it is. Anything
// else, such as a folder, a disk, or a file that may not be written, is an error
// that names the path.
func Open(path string) (*File, error) {
	at, err := place(path)
	if err != nil {
		return nil, err
	}
	// The descriptor is asked by its own path: a link to it need not lead anywhere.
	i, err := os.Stat(at.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return beside(path, at.path, nil)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, plain(err))
	case i.IsDir():
		return nil, fmt.Errorf("%s is a folder, wanted a file", path)
	case i.Mode().IsRegular() && !at.descriptor:
		return beside(path, at.path, i)
	case i.Mode()&fs.ModeSocket != 0, i.Mode()&fs.ModeDevice != 0 && i.Mode()&fs.ModeCharDevice == 0:
		return nil, fmt.Errorf("%s is a %s, wanted a file", path, kind(i.Mode()))
	}
	// Appending keeps what was written to the descriptor before.
	f, err := os.OpenFile(at.path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, plain(err))
	}
	return &File{name: path, file: f}, nil
}

func kind(m fs.FileMode) string {
	if m&fs.ModeSocket != 0 {
		return "socket"
	}
	return "disk"
}

// beside makes the file that Commit moves to its place. old is what is there now,
// nil for nothing: its permissions are kept, and a file that may not be written
// is not replaced either.
func beside(name, to string, old fs.FileInfo) (*File, error) {
	if old != nil {
		f, err := os.OpenFile(to, os.O_WRONLY, 0)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, plain(err))
		}
		if err := f.Close(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, plain(err))
		}
	}
	for {
		f, err := os.OpenFile(partName(to, rand.Uint32()), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: its folder cannot be written: %w", name, plain(err))
		}
		if old != nil {
			// A system without permissions has none to keep.
			_ = f.Chmod(old.Mode().Perm())
		}
		return &File{name: name, file: f, to: to}, nil
	}
}

// Name is the path that the output was opened by.
func (f *File) Name() string { return f.name }

// Seekable tells whether WriteAt can be used: whether the output is a file
// rather than a stream.
func (f *File) Seekable() bool { return f.to != "" }

// Write writes the next bytes. Errors name the path that the output was opened by.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	return n, f.failed("write", err)
}

// WriteAt writes at any place of a file.
func (f *File) WriteAt(p []byte, at int64) (int, error) {
	n, err := f.file.WriteAt(p, at)
	return n, f.failed("write", err)
}

// failed gives an error the user's path instead of that of the part.
func (f *File) failed(call string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: call, Path: f.name, Err: plain(err)}
}

// Commit ends an output that is complete: a file is brought to the disk and takes
// its place in one step. Where that fails, the place is as it was; a file that is
// whole and cannot take its place is left beside it, and the error says where.
// After Commit or Discard, both do nothing.
func (f *File) Commit() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return nil
	}
	f.ended = true
	if f.to == "" {
		return f.failed("close", f.file.Close())
	}
	err := f.failed("sync", f.file.Sync())
	if cerr := f.file.Close(); err == nil {
		err = f.failed("close", cerr)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.file.Name()))
	}
	if err := f.takePlace(); err != nil {
		return fmt.Errorf("%s %w: it is left as it is, and the new one is %s", f.name, err, f.file.Name())
	}
	return nil
}

// takePlace moves the file to its place, unless something that is no regular file
// has come there meanwhile.
func (f *File) takePlace() error {
	if i, err := os.Lstat(f.to); err == nil && !i.Mode().IsRegular() {
		return errors.New("is no regular file any more")
	}
	if err := os.Rename(f.file.Name(), f.to); err != nil {
		var l *os.LinkError
		if errors.As(err, &l) {
			err = l.Err
		}
		return fmt.Errorf("cannot be replaced: %w", err)
	}
	return nil
}

// Discard ends an output that will not be complete: its part is removed, and its
// place is as it was.
func (f *File) Discard() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return nil
	}
	f.ended = true
	err := f.failed("close", f.file.Close())
	if f.to != "" {
		err = errors.Join(err, os.Remove(f.file.Name()))
	}
	return err
}
