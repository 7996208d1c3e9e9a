package quant

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
