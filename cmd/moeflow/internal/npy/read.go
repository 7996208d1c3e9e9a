package npy

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"regexp"
	"strconv"
	"strings"
)

const magic = "\x93NUMPY"

// Array is an array in C order. One of Float32 and Int32 is set, by its type.
type Array struct {
	Shape   []int
	Float32 []float32
	Int32   []int32
}

// ReadArchive reads all arrays of an .npz file, by name without ".npy".
func ReadArchive(path string) (map[string]Array, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer z.Close()
	arrays := map[string]Array{}
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			return nil, fmt.Errorf("%s: %s in it is no .npy file", path, f.Name)
		}
		a, err := readEntry(f)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, f.Name, err)
		}
		arrays[name] = a
	}
	return arrays, nil
}

func readEntry(f *zip.File) (Array, error) {
	r, err := f.Open()
	if err != nil {
		return Array{}, err
	}
	defer r.Close()
	return Read(r)
}

// Read reads one .npy file to its end.
func Read(r io.Reader) (Array, error) {
	h, err := readHeader(r)
	if err != nil {
		return Array{}, err
	}
	// ReadAll grows with what is there, so a false shape allocates nothing.
	b, err := io.ReadAll(r)
	if err != nil {
		return Array{}, err
	}
	if uint64(len(b)) != 4*h.elems {
		return Array{}, fmt.Errorf("%d bytes of data, wanted %d for shape %v", len(b), 4*h.elems, h.shape)
	}
	a := Array{Shape: h.shape}
	var data any
	if h.kind == "<f4" {
		a.Float32 = make([]float32, h.elems)
		data = a.Float32
	} else {
		a.Int32 = make([]int32, h.elems)
		data = a.Int32
	}
	return a, binary.Read(bytes.NewReader(b), binary.LittleEndian, data)
}

type header struct {
	kind  string
	shape []int
	elems uint64
}

var (
	kindField    = regexp.MustCompile(`'descr': *'([^']*)'`)
	fortranField = regexp.MustCompile(`'fortran_order': *(True|False)`)
	shapeField   = regexp.MustCompile(`'shape': *\(([0-9, ]*)\)`)
)

// readHeader reads the magic, the version, and the header, which is a Python
// dict of descr, fortran_order and shape.
func readHeader(r io.Reader) (h header, err error) {
	var start [8]byte
	if _, err := io.ReadFull(r, start[:]); err != nil || string(start[:6]) != magic {
		return h, fmt.Errorf("starts with %q, wanted %q: this is no .npy file", start[:6], magic)
	}
	size := make([]byte, 2)
	if start[6] > 1 {
		size = make([]byte, 4)
	}
	if _, err := io.ReadFull(r, size); err != nil {
		return h, fmt.Errorf("the file ends within its header")
	}
	n := binary.LittleEndian.Uint32(append(size, 0, 0)[:4])
	text, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err != nil {
		return h, err
	}
	if len(text) != int(n) {
		return h, fmt.Errorf("the file ends within its header")
	}
	kind, fortran, shape := kindField.FindSubmatch(text), fortranField.FindSubmatch(text), shapeField.FindSubmatch(text)
	if kind == nil || fortran == nil || shape == nil {
		return h, fmt.Errorf("header %q, wanted descr, fortran_order and shape", text)
	}
	h.kind = string(kind[1])
	if h.kind != "<f4" && h.kind != "<i4" {
		return h, fmt.Errorf("elements are %q, wanted <f4 or <i4", h.kind)
	}
	if string(fortran[1]) == "True" {
		return h, fmt.Errorf("is in Fortran order, wanted C order")
	}
	return h, h.readShape(string(shape[1]))
}

func (h *header) readShape(text string) error {
	h.elems = 1
	for _, s := range strings.Split(text, ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue // (3,) has one dimension, () none
		}
		n, err := strconv.ParseInt(s, 10, 32)
		if err != nil {
			return fmt.Errorf("shape (%s): %s is no dimension of 31 bits", text, s)
		}
		hi, lo := bits.Mul64(h.elems, uint64(n))
		if hi != 0 || lo > 1<<60 {
			return fmt.Errorf("shape (%s) has too many elements", text)
		}
		h.shape, h.elems = append(h.shape, int(n)), lo
	}
	return nil
}
