package gguf

import (
	"cmp"
	"fmt"
	"slices"
)

// locate checks where the tensors lie and sets their Data. The data section
// starts at the first multiple of align from the header's end; offsets count
// from there. Tensors may leave gaps but not overlap.
func (p *part) locate(file []byte, headerEnd, align uint64, offsets []uint64) error {
	if len(p.tensors) == 0 {
		return nil
	}
	start := (headerEnd + align - 1) / align * align
	if start > uint64(len(file)) {
		return fmt.Errorf("the file ends at byte %d, before the tensor data at byte %d", len(file), start)
	}
	data := file[start:]
	order := make([]int, len(p.tensors))
	for i := range p.tensors {
		t, off := &p.tensors[i], offsets[i]
		switch {
		case off%align != 0:
			return fmt.Errorf("tensor %.80q: offset %d is not a multiple of the alignment %d", t.Name, off, align)
		case off > uint64(len(data)) || t.size > uint64(len(data))-off:
			return fmt.Errorf("tensor %.80q: its %d bytes from byte %d run past the file's end at byte %d: the file is cut short",
				t.Name, t.size, addSaturated(start, off), len(file))
		}
		if t.size > 0 {
			t.Data = data[off : off+t.size : off+t.size]
		}
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(offsets[a], offsets[b]) })
	for k := 1; k < len(order); k++ {
		a, b := order[k-1], order[k]
		if end := offsets[a] + p.tensors[a].size; end > offsets[b] {
			return fmt.Errorf("tensor %.80q at offset %d overlaps tensor %.80q, which ends at offset %d",
				p.tensors[b].Name, offsets[b], p.tensors[a].Name, end)
		}
	}
	return nil
}

// addSaturated adds for an error message, where a wrapped sum would mislead.
func addSaturated(a, b uint64) uint64 {
	if a+b < a {
		return 1<<64 - 1
	}
	return a + b
}
