package gguf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
)

// value is one metadata value as it lies in the file. Nothing is decoded until
// it is asked for.
type value struct {
	kind kind
	elem kind   // of an array
	n    uint64 // elements of an array
	raw  []byte // a copy: the scalar, the string's bytes, or the array's elements
}

// String names the value's type: "uint32" or "string[4096]".
func (v value) String() string {
	if v.kind == kindArray {
		return fmt.Sprintf("%s[%d]", v.elem, v.n)
	}
	return v.kind.String()
}

// readValue reads a value's type and walks over the value.
func readValue(c *cursor) value {
	v := value{kind: kind(c.u32("its type"))}
	if c.err != nil {
		return v
	}
	switch {
	case !v.kind.known():
		c.fail("has value type %d, wanted 0 to %d", uint32(v.kind), len(kinds)-1)
	case v.kind == kindString:
		v.raw = c.str("its string")
	case v.kind == kindArray:
		readArray(c, &v)
	default:
		v.raw = c.take(uint64(kinds[v.kind].size), "its value")
		checkBools(c, v.kind, v.raw)
	}
	// The file may be cut short at any time; what was copied stays.
	v.raw = bytes.Clone(v.raw)
	return v
}

func readArray(c *cursor, v *value) {
	v.elem = kind(c.u32("its element type"))
	if c.err == nil && (!v.elem.known() || v.elem == kindArray) {
		c.fail("is an array of %s, wanted an array of numbers, bools or strings", v.elem)
	}
	if c.err != nil {
		return
	}
	v.n = c.count(kinds[v.elem].size, "elements")
	if v.elem != kindString {
		v.raw = c.take(v.n*uint64(kinds[v.elem].size), "its elements")
		checkBools(c, v.elem, v.raw)
		return
	}
	from := c.pos
	for range v.n {
		if c.str("an element"); c.err != nil {
			return
		}
	}
	v.raw = c.b[from:c.pos:c.pos]
}

func checkBools(c *cursor, k kind, raw []byte) {
	if k != kindBool {
		return
	}
	for _, b := range raw {
		if b > 1 {
			c.fail("holds the bool %d, wanted 0 or 1", b)
			return
		}
	}
}

// integer decodes an integer of kind k at the start of b: its 64 bits, and
// whether they are below zero when taken as signed. ok is false for other kinds.
func integer(k kind, b []byte) (bits uint64, negative, ok bool) {
	var n int64
	switch k {
	case kindUint8:
		return uint64(b[0]), false, true
	case kindUint16:
		return uint64(binary.LittleEndian.Uint16(b)), false, true
	case kindUint32:
		return uint64(binary.LittleEndian.Uint32(b)), false, true
	case kindUint64:
		return binary.LittleEndian.Uint64(b), false, true
	case kindInt8:
		n = int64(int8(b[0]))
	case kindInt16:
		n = int64(int16(binary.LittleEndian.Uint16(b)))
	case kindInt32:
		n = int64(int32(binary.LittleEndian.Uint32(b)))
	case kindInt64:
		n = int64(binary.LittleEndian.Uint64(b))
	default:
		return 0, false, false
	}
	return uint64(n), n < 0, true
}

// uint is the value as an unsigned integer, from any integer kind.
func (v value) uint() (uint64, bool) {
	n, negative, ok := integer(v.kind, v.raw)
	return n, ok && !negative
}

// float is the value as a float64, from a float or an integer kind.
func (v value) float() (float64, bool) {
	switch v.kind {
	case kindFloat32:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(v.raw))), true
	case kindFloat64:
		return math.Float64frombits(binary.LittleEndian.Uint64(v.raw)), true
	}
	n, negative, ok := integer(v.kind, v.raw)
	if negative {
		return float64(int64(n)), ok
	}
	return float64(n), ok
}

// scalar is the value for showing: a Go value of the same type. What JSON cannot
// hold is text: an array's type and length, a float that is not finite.
func (v value) scalar() any {
	switch v.kind {
	case kindString:
		return string(v.raw)
	case kindArray:
		return v.String()
	case kindBool:
		return v.raw[0] == 1
	case kindFloat32, kindFloat64:
		f, _ := v.float()
		switch {
		case math.IsNaN(f) || math.IsInf(f, 0):
			return fmt.Sprint(f)
		case v.kind == kindFloat32:
			return float32(f)
		}
		return f
	}
	n, negative, _ := integer(v.kind, v.raw)
	if negative {
		return int64(n)
	}
	return n
}
