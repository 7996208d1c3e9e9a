package output

import (
	"errors"
	"fmt"
	"os"
)

// Path is a file and what it is to the command: a flag for an output, "the model"
// for an input.
type Path struct {
	What, Path string
	file       os.FileInfo // of a stream, which has no path
}

// Stream is the file that standard input or output is redirected to, and what the
// stream is called; ok is false where it is none, but a terminal or a pipe.
func Stream(what string, stream any) (p Path, ok bool) {
	f, ok := stream.(*os.File)
	if !ok {
		return Path{}, false
	}
	i, err := f.Stat()
	return Path{What: what, file: i}, err == nil && i.Mode().IsRegular()
}

func (p Path) stat() (os.FileInfo, error) {
	if p.file != nil {
		return p.file, nil
	}
	return os.Stat(p.Path)
}

// ErrSame says that an output is an input or another output.
var ErrSame = errors.New("wanted another file")

// Check fails if an output is one of the inputs or another output: by the same
// path or by another path, a symbolic link or a hard link to the same file. The
// error names both and wraps [ErrSame]. Devices and pipes may serve several
// outputs. No file is opened.
func Check(outputs, inputs []Path) error {
	for i, o := range outputs {
		for _, in := range inputs {
			if same(o, in) {
				return fmt.Errorf("%s is %s: %w", o.subject(), in.What+otherwise(o, in), ErrSame)
			}
		}
		for _, p := range outputs[:i] {
			if !o.stream() && same(o, p) {
				return fmt.Errorf("%s is written by %s: %w", o.subject(), p.What+otherwise(o, p), ErrSame)
			}
		}
	}
	return nil
}

func (p Path) subject() string {
	if p.file != nil {
		return p.What
	}
	return p.What + ": " + p.Path
}

// otherwise gives the other path of a file that has two.
func otherwise(a, b Path) string {
	if a.Path == b.Path || b.file != nil {
		return ""
	}
	return " (" + b.Path + ")"
}

// same tells whether two paths are of one file. Of paths where no file is yet,
// the places are compared.
func same(a, b Path) bool {
	i, ierr := a.stat()
	j, jerr := b.stat()
	if ierr == nil && jerr == nil {
		return os.SameFile(i, j)
	}
	if ierr == nil || jerr == nil {
		return false
	}
	p, perr := place(a.Path)
	q, qerr := place(b.Path)
	return perr == nil && qerr == nil && p.path == q.path
}

// stream tells whether something is at the path that is neither a file nor a
// folder.
func (p Path) stream() bool {
	i, err := p.stat()
	return err == nil && !i.Mode().IsRegular() && !i.IsDir()
}
