package gguf

import "fmt"

// kind is a metadata value's type, with GGUF's own numbers.
type kind uint32

const (
	kindUint8 kind = iota
	kindInt8
	kindUint16
	kindInt16
	kindUint32
	kindInt32
	kindFloat32
	kindBool
	kindString
	kindArray
	kindUint64
	kindInt64
	kindFloat64
)

// kinds holds each kind's name and size in bytes. A string's and an array's size
// is their least one: an array's is never used, since arrays do not nest.
var kinds = [...]struct {
	name string
	size int
}{
	kindUint8: {"uint8", 1}, kindInt8: {"int8", 1}, kindUint16: {"uint16", 2}, kindInt16: {"int16", 2},
	kindUint32: {"uint32", 4}, kindInt32: {"int32", 4}, kindFloat32: {"float32", 4}, kindBool: {"bool", 1},
	kindString: {"string", 8}, kindArray: {"array", 12}, kindUint64: {"uint64", 8}, kindInt64: {"int64", 8},
	kindFloat64: {"float64", 8},
}

func (k kind) known() bool { return int64(k) < int64(len(kinds)) }

func (k kind) String() string {
	if k.known() {
		return kinds[k].name
	}
	return fmt.Sprintf("value type %d", uint32(k))
}
