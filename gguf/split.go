package gguf

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// split says which part of a split model a file is.
type split struct {
	no, count, tensors uint64
}

// splitOf reads split.no (from 0), split.count and split.tensors.count. A file
// without split.count is whole.
func splitOf(p *part) (s split, err error) {
	f := &File{path: p.path, parts: []*part{p}}
	if !f.Has("split.count") {
		return split{count: 1}, nil
	}
	if s.count, err = f.Uint("split.count"); err != nil {
		return s, err
	}
	if s.count <= 1 {
		return split{count: 1}, nil
	}
	if s.no, err = f.Uint("split.no"); err != nil {
		return s, err
	}
	if s.tensors, err = f.Uint("split.tensors.count"); err != nil {
		return s, err
	}
	if s.no >= s.count || s.count > 99999 {
		return s, fmt.Errorf("%s: key \"split.no\" is %d of \"split.count\" %d, wanted 0 to count-1, count up to 99999", p.path, s.no, s.count)
	}
	return s, nil
}

func splitSuffix(no, count uint64) string { return fmt.Sprintf("-%05d-of-%05d.gguf", no+1, count) }

// siblings opens the other parts of the model that p is one part of, and
// returns all in order. Metadata stands in the first.
func (f *File) siblings(p *part, s split) ([]*part, error) {
	prefix, ok := strings.CutSuffix(p.path, splitSuffix(s.no, s.count))
	if !ok {
		return nil, fmt.Errorf("%s: is part %d of %d of a split model, so its name must end in %s for its siblings to be found",
			p.path, s.no+1, s.count, splitSuffix(s.no, s.count))
	}
	var parts []*part
	var tensors uint64
	for no := range s.count {
		q := p
		if no != s.no {
			var err error
			if q, err = f.sibling(prefix, no, s); err != nil {
				return nil, fmt.Errorf("%s: part %d of %d: %w", p.path, no+1, s.count, err)
			}
		}
		parts = append(parts, q)
		tensors += uint64(len(q.tensors))
	}
	if tensors != s.tensors {
		return nil, fmt.Errorf("%s: its %d parts hold %d tensors, wanted the %d of key \"split.tensors.count\"", p.path, s.count, tensors, s.tensors)
	}
	return parts, nil
}

func (f *File) sibling(prefix string, no uint64, want split) (*part, error) {
	path := prefix + splitSuffix(no, want.count)
	q, err := f.openPart(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing from its folder", filepath.Base(path))
	}
	if err != nil {
		return nil, err
	}
	got, err := splitOf(q)
	if err != nil {
		return nil, err
	}
	if got.no != no || got.count != want.count {
		return nil, fmt.Errorf("%s says it is part %d of %d", path, got.no+1, got.count)
	}
	return q, nil
}
