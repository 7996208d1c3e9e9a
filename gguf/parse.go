package gguf

import (
	"fmt"
	"math/bits"

	"moeflow/gguf/quant"
)

const (
	magic            = "GGUF"
	defaultAlignment = 32
	maxDims          = 4
	leastPair        = 8 + 4 + 1         // bytes of an empty key with a one-byte value
	leastTensor      = 8 + 4 + 8 + 4 + 8 // bytes of an unnamed tensor of one dimension
	mostPairs        = 1 << 16
	mostTensors      = 1 << 18 // models with a tensor for each expert have some 30,000
)

// part is one parsed file; a split model has several.
type part struct {
	path    string
	version uint32
	keys    []string // in file order
	meta    map[string]value
	tensors []Tensor // in file order
}

// parse reads the header of a file whose bytes are data and points its tensors
// into data. It reads no tensor data.
func parse(path string, data []byte) (*part, error) {
	p := &part{path: path, meta: map[string]value{}}
	c := &cursor{b: data}
	nt, nk := p.preamble(c)
	p.pairs(c, nk)
	align := p.alignment(c)
	offsets := p.infos(c, nt)
	if c.err == nil {
		c.err = p.locate(data, uint64(c.pos), align, offsets)
	}
	if c.err != nil {
		return nil, fmt.Errorf("%s: %w", path, c.err)
	}
	return p, nil
}

// preamble reads magic, version and the counts of tensors and of key-values.
func (p *part) preamble(c *cursor) (tensors, pairs uint64) {
	m := c.take(4, "the magic")
	if c.err == nil && string(m) != magic {
		c.fail("starts with %q, wanted %q: this is no GGUF file", m, magic)
	}
	p.version = c.u32("the version")
	if v := bits.ReverseBytes32(p.version); c.err == nil && v >= 1 && v < 1<<16 && p.version >= 1<<16 {
		c.fail("is a big-endian GGUF file, wanted little-endian")
	}
	if c.err == nil && p.version != 2 && p.version != 3 {
		c.fail("has GGUF version %d, wanted 2 or 3", p.version)
	}
	tensors = c.u64("the number of tensors")
	pairs = c.count(leastPair, "key-values")
	tensors = c.fits(tensors, leastTensor, "tensors")
	return c.atMost(tensors, mostTensors, "tensors"), c.atMost(pairs, mostPairs, "key-values")
}

// pairs reads n key-values.
func (p *part) pairs(c *cursor, n uint64) {
	for i := range n {
		key := string(c.str(fmt.Sprintf("key %d of %d", i+1, n)))
		if c.err != nil {
			return
		}
		v := readValue(c)
		if c.err != nil {
			c.err = fmt.Errorf("key %.80q: %w", key, c.err)
			return
		}
		if _, ok := p.meta[key]; ok {
			c.fail("key %.80q stands twice", key)
			return
		}
		p.meta[key] = v
		p.keys = append(p.keys, key)
	}
}

// alignment is general.alignment, which every tensor's offset is a multiple of.
func (p *part) alignment(c *cursor) uint64 {
	v, ok := p.meta["general.alignment"]
	if !ok || c.err != nil {
		return defaultAlignment
	}
	n, isUint := v.uint()
	switch {
	case !isUint:
		c.fail("key \"general.alignment\" is %s, wanted an unsigned integer", v)
	case bits.OnesCount64(n) != 1 || n > 1<<31:
		c.fail("key \"general.alignment\" is %d, wanted a power of two", n)
	}
	return n
}

// infos reads n tensor descriptions and returns their offsets from the start of
// the data.
func (p *part) infos(c *cursor, n uint64) (offsets []uint64) {
	seen := map[string]bool{}
	for i := range n {
		name := string(c.str(fmt.Sprintf("the name of tensor %d of %d", i+1, n)))
		if c.err != nil {
			return nil
		}
		if seen[name] {
			c.fail("tensor %.80q stands twice", name)
			return nil
		}
		seen[name] = true
		t := Tensor{Name: name, Shape: readShape(c)}
		t.Type = quant.Type(c.u32("its type"))
		offset := c.u64("its offset")
		if c.err == nil {
			t.size, c.err = tensorBytes(t)
		}
		if c.err != nil {
			c.err = fmt.Errorf("tensor %.80q: %w", name, c.err)
			return nil
		}
		p.tensors = append(p.tensors, t)
		offsets = append(offsets, offset)
	}
	return offsets
}

func readShape(c *cursor) []uint64 {
	n := c.u32("its number of dimensions")
	if c.err == nil && (n == 0 || n > maxDims) {
		c.fail("has %d dimensions, wanted 1 to %d", n, maxDims)
	}
	var shape []uint64
	for range n {
		if c.err != nil {
			return nil
		}
		shape = append(shape, c.u64("its dimensions"))
	}
	return shape
}

// tensorBytes is the number of bytes of a tensor, 0 where the sizes of its type
// are unknown: such a file can still be listed.
func tensorBytes(t Tensor) (uint64, error) {
	elems := uint64(1)
	for _, n := range t.Shape {
		if n == 0 {
			return 0, fmt.Errorf("shape %v has a dimension of 0", t.Shape)
		}
		hi, lo := bits.Mul64(elems, n)
		if hi != 0 || lo > 1<<63-1 {
			return 0, fmt.Errorf("shape %v has more elements than 63 bits can count", t.Shape)
		}
		elems = lo
	}
	if t.Type.BlockSize() == 0 {
		return 0, nil
	}
	row, err := t.Type.RowBytes(t.Shape[0])
	if err != nil {
		return 0, fmt.Errorf("row of shape %v: %w", t.Shape, err)
	}
	hi, size := bits.Mul64(row, elems/t.Shape[0])
	if hi != 0 {
		return 0, fmt.Errorf("shape %v takes more bytes than 64 bits can count", t.Shape)
	}
	return size, nil
}
