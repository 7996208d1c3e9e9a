package quant

import (
	"fmt"
	"math"
	"strings"
)

// Type is a GGML tensor element type. The values are GGML's own type ids as
// they stand in a GGUF file (ggml.h, enum ggml_type), so a file's id converts
// directly; Known tells whether this package can decode it.
type Type uint32

// The element types moeflow knows, and I32/U32 for index tensors inside a
// plan. U32 is not a GGML type: its id lies above every id that GGML uses.
const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2
	Q8_0 Type = 8
	Q4_K Type = 12
	Q5_K Type = 13
	Q6_K Type = 14
	I32  Type = 26
	BF16 Type = 30
	U32  Type = 1000
)

// format is what is known of one type. A type that GGML has removed has a name
// and no size; a type that this package cannot decode has no decode.
type format struct {
	name   string
	elems  int // elements a block, 0 if unknown
	bytes  int // bytes a block, 0 if unknown
	decode func(dst []float32, src []byte)
}

// formatOf is the table of types. The ids that cannot be decoded stand here so
// that errors can name them and a file's layout can be checked.
func formatOf(t Type) format {
	if t == U32 {
		return format{name: "U32", elems: 1, bytes: 4}
	}
	if t < Type(len(ggml)) {
		return ggml[t]
	}
	return format{}
}

var ggml = [...]format{
	F32:  {"F32", 1, 4, decodeF32},
	F16:  {"F16", 1, 2, decodeF16},
	Q4_0: {"Q4_0", 32, 18, decodeQ4_0},
	3:    {"Q4_1", 32, 20, nil},
	4:    {"Q4_2", 0, 0, nil},
	5:    {"Q4_3", 0, 0, nil},
	6:    {"Q5_0", 32, 22, nil},
	7:    {"Q5_1", 32, 24, nil},
	Q8_0: {"Q8_0", 32, 34, decodeQ8_0},
	9:    {"Q8_1", 32, 36, nil},
	10:   {"Q2_K", 256, 84, nil},
	11:   {"Q3_K", 256, 110, nil},
	Q4_K: {"Q4_K", 256, 144, decodeQ4_K},
	Q5_K: {"Q5_K", 256, 176, decodeQ5_K},
	Q6_K: {"Q6_K", 256, 210, decodeQ6_K},
	15:   {"Q8_K", 256, 292, nil},
	16:   {"IQ2_XXS", 256, 66, nil},
	17:   {"IQ2_XS", 256, 74, nil},
	18:   {"IQ3_XXS", 256, 98, nil},
	19:   {"IQ1_S", 256, 50, nil},
	20:   {"IQ4_NL", 32, 18, nil},
	21:   {"IQ3_S", 256, 110, nil},
	22:   {"IQ2_S", 256, 82, nil},
	23:   {"IQ4_XS", 256, 136, nil},
	24:   {"I8", 1, 1, nil},
	25:   {"I16", 1, 2, nil},
	I32:  {"I32", 1, 4, nil},
	27:   {"I64", 1, 8, nil},
	28:   {"F64", 1, 8, nil},
	29:   {"IQ1_M", 256, 56, nil},
	BF16: {"BF16", 1, 2, decodeBF16},
	31:   {"Q4_0_4_4", 0, 0, nil},
	32:   {"Q4_0_4_8", 0, 0, nil},
	33:   {"Q4_0_8_8", 0, 0, nil},
	34:   {"TQ1_0", 256, 54, nil},
	35:   {"TQ2_0", 256, 66, nil},
	36:   {"IQ4_NL_4_4", 0, 0, nil},
	37:   {"IQ4_NL_4_8", 0, 0, nil},
	38:   {"IQ4_NL_8_8", 0, 0, nil},
	39:   {"MXFP4", 32, 17, nil},
	40:   {"NVFP4", 64, 36, nil},
	41:   {"Q1_0", 128, 18, nil},
	42:   {"Q2_0", 64, 18, nil},
}

// String is GGML's name of the type, such as Q4_K, or "type 99" for an id that
// has no name here.
func (t Type) String() string {
	if n := formatOf(t).name; n != "" {
		return n
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// BlockSize is the number of elements in one block, 0 if unknown.
func (t Type) BlockSize() int { return formatOf(t).elems }

// BlockBytes is the number of bytes of one block, 0 if unknown.
func (t Type) BlockBytes() int { return formatOf(t).bytes }

// Known reports whether Decode can decode the type.
func (t Type) Known() bool { return formatOf(t).decode != nil }

// RowBytes is the number of bytes that n elements take. n must be a multiple of
// BlockSize.
func (t Type) RowBytes(n uint64) (uint64, error) {
	f := formatOf(t)
	if f.elems == 0 {
		return 0, fmt.Errorf("%s: the size of its blocks is unknown", t)
	}
	if n%uint64(f.elems) != 0 {
		return 0, fmt.Errorf("%s: %d elements, wanted a multiple of its block size %d", t, n, f.elems)
	}
	blocks := n / uint64(f.elems)
	if blocks > math.MaxUint64/uint64(f.bytes) {
		return 0, fmt.Errorf("%s: %d elements take more bytes than 64 bits can count", t, n)
	}
	return blocks * uint64(f.bytes), nil
}

// Decode decodes len(dst) elements from src, which must hold exactly their
// RowBytes. It fails, leaving dst as it is, where the type is not Known or the
// lengths disagree.
func (t Type) Decode(dst []float32, src []byte) error {
	f := formatOf(t)
	if f.decode == nil {
		return fmt.Errorf("%s: cannot be decoded, wanted one of %s", t, Names())
	}
	want, err := t.RowBytes(uint64(len(dst)))
	if err != nil {
		return err
	}
	if want != uint64(len(src)) {
		return fmt.Errorf("%s: %d bytes for %d elements, wanted %d", t, len(src), len(dst), want)
	}
	f.decode(dst, src)
	return nil
}

// Types lists the types that Decode can decode, by id.
func Types() []Type {
	var known []Type
	for i, f := range ggml {
		if f.decode != nil {
			known = append(known, Type(i))
		}
	}
	return known
}

// Names lists the names of Types for an error message: "F32, F16, Q4_0".
func Names() string {
	var names []string
	for _, t := range Types() {
		names = append(names, t.String())
	}
	return strings.Join(names, ", ")
}

// ParseType finds the type of a name, in upper or lower case. It serves the
// names of Types alone.
func ParseType(name string) (Type, error) {
	for _, t := range Types() {
		if strings.EqualFold(name, t.String()) {
			return t, nil
		}
	}
	return 0, fmt.Errorf("unknown type %q, wanted one of %s", name, Names())
}

// Half tells whether elements are IEEE 754 halves: what activations are made of
// where they are not float32.
func (t Type) Half() bool { return t == F16 }
