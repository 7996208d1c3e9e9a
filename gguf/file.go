package gguf

import (
	"errors"
	"fmt"
	"slices"

	"moeflow/gguf/fault"
	"moeflow/gguf/quant"
)

// Tensor is one tensor of a file.
type Tensor struct {
	Name string
	// Shape is the number of elements in each dimension, 1 to 4 of them, the
	// fastest (a row's length) first, as GGUF stores it.
	Shape []uint64
	Type  quant.Type
	// Data holds the tensor's blocks: a view of the map, not to be changed and
	// not to be used after Close. It is nil where Type's block size is unknown.
	// Where the file is cut short, reading it faults: see package fault.
	Data []byte
	size uint64
}

// Bytes is the number of bytes of the tensor, 0 where Type's block size is
// unknown.
func (t Tensor) Bytes() uint64 { return t.size }

// File is an open model: one GGUF file, or all parts of a split one. It may be
// read from several goroutines.
type File struct {
	path    string
	parts   []*part
	maps    []*mapping
	tensors []Tensor
	index   map[string]int
}

// Open maps the file at path and reads its header. Where the file is one part
// of a split model, NAME-00001-of-00003.gguf, all its siblings are opened too.
// The error names the file and what is wrong with it; for a file that is not
// there it wraps fs.ErrNotExist. Metadata is copied; tensor data is not, so Data
// is to be read through package fault, and Changed asked afterwards: another
// program may write to the file.
func Open(path string) (*File, error) {
	f := &File{path: path}
	if err := f.open(path); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (f *File) open(path string) error {
	p, err := f.openPart(path)
	if err != nil {
		return err
	}
	s, err := splitOf(p)
	if err != nil {
		return err
	}
	parts := []*part{p}
	if s.count > 1 {
		if parts, err = f.siblings(p, s); err != nil {
			return err
		}
	}
	return f.join(parts)
}

// openPart maps and parses one file.
func (f *File) openPart(path string) (*part, error) {
	m, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	f.maps = append(f.maps, m)
	return m.parse()
}

// parse reads a mapped file's header.
func (m *mapping) parse() (p *part, err error) {
	if fault := fault.Read(m.data, func() { p, err = parse(m.path, m.data) }); fault != nil {
		err = fmt.Errorf("%s: %w", m.path, fault)
	}
	if err != nil {
		// What was parsed may be half of one file and half of another.
		if changed := m.changed(); changed != nil {
			err = changed
		}
		return nil, err
	}
	return p, nil
}

// Changed fails, wrapping ErrChanged, if some part of the model was written to or
// cut short after it was opened. Tensors that were read before are then worth
// nothing, whether or not reading them failed.
func (f *File) Changed() error {
	for _, m := range f.maps {
		if err := m.changed(); err != nil {
			return err
		}
	}
	return nil
}

// FromBytes reads a file that is already in memory. name stands for its path in
// errors; data must not change while the File is used. A part of a split model
// is refused, for want of its siblings.
func FromBytes(name string, data []byte) (*File, error) {
	p, err := parse(name, data)
	if err != nil {
		return nil, err
	}
	s, err := splitOf(p)
	if err != nil {
		return nil, err
	}
	if s.count > 1 {
		return nil, fmt.Errorf("%s: is part %d of %d of a split model, wanted a whole one", name, s.no+1, s.count)
	}
	f := &File{path: name}
	return f, f.join([]*part{p})
}

// join makes one list of all parts' tensors.
func (f *File) join(parts []*part) error {
	f.parts, f.index = parts, map[string]int{}
	for _, p := range parts {
		for _, t := range p.tensors {
			if _, ok := f.index[t.Name]; ok {
				return fmt.Errorf("%s: tensor %.80q stands in an earlier part too", p.path, t.Name)
			}
			f.index[t.Name] = len(f.tensors)
			f.tensors = append(f.tensors, t)
		}
	}
	return nil
}

// Close unmaps the file. Tensors' Data must not be used afterwards.
func (f *File) Close() error {
	var errs []error
	for _, m := range f.maps {
		errs = append(errs, m.close())
	}
	f.maps = nil
	return errors.Join(errs...)
}

// Path is the path that the file was opened by.
func (f *File) Path() string { return f.path }

// Paths lists the files that were opened: one, or the parts of a split model in
// order.
func (f *File) Paths() []string {
	var paths []string
	for _, p := range f.parts {
		paths = append(paths, p.path)
	}
	return paths
}

// Version is the GGUF version of the (first) file: 2 or 3.
func (f *File) Version() int { return int(f.parts[0].version) }

// Tensors lists the tensors in file order, parts one after the other.
func (f *File) Tensors() []Tensor { return slices.Clone(f.tensors) }

// Tensor finds a tensor by name.
func (f *File) Tensor(name string) (Tensor, bool) {
	i, ok := f.index[name]
	if !ok {
		return Tensor{}, false
	}
	return f.tensors[i], true
}

// CheckTypes fails if package quant cannot decode some tensor's type. The error
// names the first such tensor, its type and the types that are served.
func (f *File) CheckTypes() error {
	var bad []Tensor
	for _, t := range f.tensors {
		if !t.Type.Known() {
			bad = append(bad, t)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	more := ""
	if n := len(bad) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more tensors like it)", n)
	}
	return fmt.Errorf("%s: tensor %.80q has type %s%s, wanted one of %s", f.path, bad[0].Name, bad[0].Type, more, quant.Names())
}

// Prefetch asks the system to read all tensor data ahead into its page cache.
// It may block while the system queues the reads, so a caller may want it in a
// goroutine, which must end before Close. It is only advice: where the system
// has no such call, it does nothing.
func (f *File) Prefetch() {
	for _, m := range f.maps {
		m.prefetch()
	}
}
