package graph

import (
	"fmt"
	"math/bits"
	"strings"

	"moeflow/gguf/quant"
)

// Shape lists axis lengths in GGUF order: the first axis is contiguous.
type Shape []uint64

// Elements is the product of the axes, or false if it overflows 64 bits.
func (s Shape) Elements() (uint64, bool) {
	n := uint64(1)
	for _, d := range s {
		hi, lo := bits.Mul64(n, d)
		if hi != 0 {
			return 0, false
		}
		n = lo
	}
	return n, true
}

func (s Shape) String() string {
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = fmt.Sprint(d)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// Equal tells whether two shapes have the same axes.
func (s Shape) Equal(t Shape) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range s {
		if s[i] != t[i] {
			return false
		}
	}
	return true
}

// Role says who owns a tensor's memory.
type Role uint8

const (
	// Activation memory lies in the plan's arena at Tensor.Offset and is
	// shared by tensors whose lives do not overlap.
	Activation Role = iota
	// Input is written by the host before each step, one copy a slot.
	Input
	// Weight is read-only and uploaded once, found by name.
	Weight
	// State lives as long as the runtime and is shared by all plans and
	// slots, found by name: the kv cache, the sampled tokens. It starts zeroed.
	State
	// Output is read by the host after a step, one copy a slot.
	Output
	// Derived is made of weights alone by Plan.Prepare and read-only from then
	// on; found by name and shared by all plans.
	Derived
)

func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return fmt.Sprintf("role(%d)", uint8(r))
}

var roleNames = [...]string{"activation", "input", "weight", "state", "output", "derived"}

// TensorID names a tensor inside one Graph or Plan.
type TensorID int32

// NoTensor stands for an optional argument that is absent.
const NoTensor TensorID = -1

// Tensor is the value of an edge.
type Tensor struct {
	Name  string // a weight's GGUF name, or stage/tensor
	Shape Shape
	Type  quant.Type
	Role  Role
	// Data holds a Weight's bytes where the model makes them itself (rope
	// frequencies); nil means that they come from the file.
	Data []byte
	// Offset is an Activation's place in the plan's arena, in bytes, set by
	// place.
	Offset uint64
	// Bytes is the size in memory, set by infer; 0 for an Activation that no
	// dispatch uses.
	Bytes uint64
}

func (t *Tensor) String() string {
	return fmt.Sprintf("%s %s %s %s", t.Name, t.Type, t.Shape, t.Role)
}

// Alignment is the alignment of every tensor in memory, in bytes: what the
// widest vector load and every device's offset limit asks for.
const Alignment = 256
