package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// Keys lists the metadata keys in file order; of a split file, those of its
// first part, as for every lookup.
func (f *File) Keys() []string { return slices.Clone(f.parts[0].keys) }

// Has reports whether the file has a key.
func (f *File) Has(key string) bool {
	_, ok := f.parts[0].meta[key]
	return ok
}

// Scalars gives every value by key for showing: numbers, bools and strings as
// Go values, an array as its type and length, such as "string[4096]", and a
// float that is not finite as text.
func (f *File) Scalars() map[string]any {
	m := make(map[string]any, len(f.parts[0].meta))
	for k, v := range f.parts[0].meta {
		m[k] = v.scalar()
	}
	return m
}

// Len is the number of elements of the array at key, so that a count can be held
// against others before the array is taken.
func (f *File) Len(key string) (uint64, error) {
	const want = "an array"
	v, err := f.find(key, want)
	if err == nil && v.kind != kindArray {
		err = f.wrong(key, v, want)
	}
	return v.n, err
}

// find returns a value, or the error that the key is missing.
func (f *File) find(key, want string) (value, error) {
	v, ok := f.parts[0].meta[key]
	if !ok {
		return v, fmt.Errorf("%s: key %.80q is missing, wanted %s", f.path, key, want)
	}
	return v, nil
}

func (f *File) wrong(key string, found any, want string) error {
	return fmt.Errorf("%s: key %.80q is %v, wanted %s", f.path, key, found, want)
}

// String returns the string at key. Like every lookup it fails where the key is
// missing or has another type, naming the file, the key and what was wanted.
func (f *File) String(key string) (string, error) {
	const want = "a string"
	v, err := f.find(key, want)
	if err == nil && v.kind != kindString {
		err = f.wrong(key, v, want)
	}
	if err != nil {
		return "", err
	}
	return string(v.raw), nil
}

// Bool returns the bool at key.
func (f *File) Bool(key string) (bool, error) {
	const want = "a bool"
	v, err := f.find(key, want)
	if err == nil && v.kind != kindBool {
		err = f.wrong(key, v, want)
	}
	if err != nil {
		return false, err
	}
	return v.raw[0] == 1, nil
}

// Uint returns the integer at key, of any integer type, not below zero.
func (f *File) Uint(key string) (uint64, error) {
	const want = "an integer not below 0"
	v, err := f.find(key, want)
	if err != nil {
		return 0, err
	}
	if n, ok := v.uint(); ok {
		return n, nil
	}
	if _, negative, ok := integer(v.kind, v.raw); ok && negative {
		return 0, f.wrong(key, v.scalar(), want)
	}
	return 0, f.wrong(key, v, want)
}

// Float returns the number at key, a float or an integer of any size.
func (f *File) Float(key string) (float64, error) {
	const want = "a number"
	v, err := f.find(key, want)
	if err != nil {
		return 0, err
	}
	x, ok := v.float()
	if !ok {
		return 0, f.wrong(key, v, want)
	}
	return x, nil
}

// Strings returns the array of strings at key. They share one copy of the
// array's bytes and stay valid after Close.
func (f *File) Strings(key string) ([]string, error) {
	const want = "an array of strings"
	v, err := f.find(key, want)
	if err == nil && (v.kind != kindArray || v.elem != kindString) {
		err = f.wrong(key, v, want)
	}
	if err != nil {
		return nil, err
	}
	// The reader has walked the array, so n strings are known to be there.
	all, pos := string(v.raw), uint64(0)
	out := make([]string, v.n)
	for i := range out {
		n := binary.LittleEndian.Uint64(v.raw[pos:])
		out[i] = all[pos+8 : pos+8+n]
		pos += 8 + n
	}
	return out, nil
}

// Ints returns the array of integers at key, of any integer type.
func (f *File) Ints(key string) ([]int64, error) {
	const want = "an array of integers"
	v, err := f.find(key, want)
	if err == nil && (v.kind != kindArray || !isInteger(v.elem)) {
		err = f.wrong(key, v, want)
	}
	if err != nil {
		return nil, err
	}
	out, size := make([]int64, v.n), kinds[v.elem].size
	for i := range out {
		n, negative, _ := integer(v.elem, v.raw[i*size:])
		if n > math.MaxInt64 && !negative {
			return nil, f.wrong(key, fmt.Sprintf("%d at element %d", n, i), "integers of 63 bits")
		}
		out[i] = int64(n)
	}
	return out, nil
}

func isInteger(k kind) bool {
	_, _, ok := integer(k, make([]byte, 8))
	return ok
}
