package ggufwrite

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"slices"

	"moeflow/gguf/quant"
)

// Writer gathers metadata and tensors. The first mistake is kept and returned
// by Bytes, WriteFile and WriteSplit, so the calls that add need no checks.
type Writer struct {
	// Alignment is the multiple at which tensors start; 0 is GGUF's default, 32.
	// Another value is written as general.alignment.
	Alignment int

	pairs   []pair
	tensors []tensor
	err     error
}

type pair struct {
	key   string
	value []byte // with its type
}

type tensor struct {
	name  string
	ty    quant.Type
	shape []uint64
	data  []byte
	size  uint64 // of the data, more than len(data) where there is a hole
}

// Set adds a key. value is a bool, string, float32, float64 or sized integer,
// or a slice of one of these.
func (w *Writer) Set(key string, value any) {
	v, err := encode(value)
	if err != nil {
		w.fail(fmt.Errorf("key %q: %w", key, err))
	}
	w.pairs = append(w.pairs, pair{key, v})
}

// Tensor adds a tensor of float32 values in rows of shape[0] (the fastest
// dimension first), quantized to ty.
func (w *Writer) Tensor(name string, ty quant.Type, x []float32, shape ...uint64) {
	n := uint64(1)
	for _, s := range shape {
		n *= s
	}
	if n != uint64(len(x)) {
		w.fail(fmt.Errorf("tensor %q: %d values for shape %v", name, len(x), shape))
		return
	}
	if len(shape) > 0 && shape[0]%uint64(max(1, ty.BlockSize())) != 0 {
		w.fail(fmt.Errorf("tensor %q: rows of %d are no multiple of %s's block size %d", name, shape[0], ty, ty.BlockSize()))
		return
	}
	data, err := Quantize(ty, x)
	if err != nil {
		w.fail(fmt.Errorf("tensor %q: %w", name, err))
	}
	w.Raw(name, ty, data, shape...)
}

// Raw adds a tensor by its bytes, which are not checked: a test may want a file
// that is wrong.
func (w *Writer) Raw(name string, ty quant.Type, data []byte, shape ...uint64) {
	w.tensors = append(w.tensors, tensor{name, ty, slices.Clone(shape), data, uint64(len(data))})
}

// Hole adds a tensor without data, for a test that wants the shapes of a large
// model and no more. Only WriteSparse writes it.
func (w *Writer) Hole(name string, ty quant.Type, shape ...uint64) {
	row, err := ty.RowBytes(shape[0])
	if err != nil {
		w.fail(fmt.Errorf("tensor %q: %w", name, err))
		return
	}
	for _, n := range shape[1:] {
		row *= n
	}
	w.tensors = append(w.tensors, tensor{name, ty, slices.Clone(shape), nil, row})
}

// WriteSparse writes the file to path with a hole for all tensors' data, which
// reads as zeros and takes no room on a disk.
func (w *Writer) WriteSparse(path string) error {
	if w.err != nil {
		return w.err
	}
	b, size := w.header(w.pairs, w.tensors)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		return err
	}
	return os.Truncate(path, int64(uint64(len(b))+size))
}

func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// Bytes returns the file.
func (w *Writer) Bytes() ([]byte, error) {
	if err := w.whole(); err != nil {
		return nil, err
	}
	return w.file(w.pairs, w.tensors), nil
}

// whole is the first mistake, or an error for a tensor without data.
func (w *Writer) whole() error {
	for _, t := range w.tensors {
		if t.size > uint64(len(t.data)) {
			w.fail(fmt.Errorf("tensor %q has no data: only WriteSparse writes it", t.name))
		}
	}
	return w.err
}

// WriteFile writes the file to path.
func (w *Writer) WriteFile(path string) error {
	b, err := w.Bytes()
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}

// WriteSplit writes prefix-00001-of-0000N.gguf and so on, as llama.cpp's split
// files: the first part holds the metadata, each part an equal share of the
// tensors in order. It returns the paths.
func (w *Writer) WriteSplit(prefix string, parts int) ([]string, error) {
	if err := w.whole(); err != nil {
		return nil, err
	}
	if parts < 1 || parts > math.MaxUint16 {
		return nil, fmt.Errorf("%s: %d parts, wanted 1 to %d", prefix, parts, math.MaxUint16)
	}
	var paths []string
	for i := range parts {
		var part Writer
		if i == 0 {
			part.pairs = slices.Clone(w.pairs)
		}
		part.Set("split.no", uint16(i))
		part.Set("split.count", uint16(parts))
		part.Set("split.tensors.count", int32(len(w.tensors)))
		from, to := len(w.tensors)*i/parts, len(w.tensors)*(i+1)/parts
		path := fmt.Sprintf("%s-%05d-of-%05d.gguf", prefix, i+1, parts)
		if err := os.WriteFile(path, w.file(part.pairs, w.tensors[from:to]), 0o644); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func (w *Writer) align() int {
	if w.Alignment == 0 {
		return 32
	}
	return w.Alignment
}

func (w *Writer) file(pairs []pair, tensors []tensor) []byte {
	b, _ := w.header(pairs, tensors)
	for _, t := range tensors {
		b = pad(append(b, t.data...), w.align())
	}
	return b
}

// header is what stands before the data, padded, and the size of the data.
func (w *Writer) header(pairs []pair, tensors []tensor) (b []byte, size uint64) {
	align := uint64(w.align())
	if w.Alignment != 0 {
		v, _ := encode(uint32(w.Alignment)) // a uint32 always encodes
		pairs = append(slices.Clone(pairs), pair{"general.alignment", v})
	}
	le := binary.LittleEndian
	b = le.AppendUint32([]byte("GGUF"), 3)
	b = le.AppendUint64(b, uint64(len(tensors)))
	b = le.AppendUint64(b, uint64(len(pairs)))
	for _, p := range pairs {
		b = append(appendString(b, p.key), p.value...)
	}
	for _, t := range tensors {
		b = appendString(b, t.name)
		b = le.AppendUint32(b, uint32(len(t.shape)))
		for _, n := range t.shape {
			b = le.AppendUint64(b, n)
		}
		b = le.AppendUint32(b, uint32(t.ty))
		b = le.AppendUint64(b, size)
		size = (size + t.size + align - 1) / align * align
	}
	return pad(b, w.align()), size
}

func pad(b []byte, align int) []byte {
	return append(b, make([]byte, (len(b)+align-1)/align*align-len(b))...)
}

func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}
