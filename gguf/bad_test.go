package gguf

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"moeflow/gguf/quant"
)

// raw builds files that no writer would write.
type raw []byte

func (b raw) u32(n uint32) raw { return binary.LittleEndian.AppendUint32(b, n) }
func (b raw) u64(n uint64) raw { return binary.LittleEndian.AppendUint64(b, n) }
func (b raw) str(s string) raw { return append(b.u64(uint64(len(s))), s...) }

func head(version uint32, tensors, pairs uint64) raw {
	return raw(magic).u32(version).u64(tensors).u64(pairs)
}

// key adds a key and its value's type.
func (b raw) key(name string, k kind) raw { return b.str(name).u32(uint32(k)) }

// tensor adds a description.
func (b raw) tensor(name string, ty quant.Type, offset uint64, shape ...uint64) raw {
	b = b.str(name).u32(uint32(len(shape)))
	for _, n := range shape {
		b = b.u64(n)
	}
	return b.u32(uint32(ty)).u64(offset)
}

// data pads to 32 and adds n bytes.
func (b raw) data(n int) raw {
	for len(b)%32 != 0 {
		b = append(b, 0)
	}
	return append(b, make([]byte, n)...)
}

// room is bytes enough that a count is not refused for want of them.
func (b raw) room() raw { return append(b, make([]byte, 1000)...) }

func TestBadHeader(t *testing.T) {
	for _, c := range []struct {
		name string
		file raw
		want string
	}{
		{"magic", raw("GGML").room(), `starts with "GGML", wanted "GGUF": this is no GGUF file`},
		{"three bytes", raw("GGU"), "the file ends at byte 3 within the magic, which takes 4 bytes from byte 0"},
		{"version 1", head(1, 0, 0), "has GGUF version 1, wanted 2 or 3"},
		{"version 4", head(4, 0, 0), "has GGUF version 4, wanted 2 or 3"},
		{"version 0", head(0, 0, 0), "has GGUF version 0, wanted 2 or 3"},
		{"big-endian", head(3<<24, 0, 0), "is a big-endian GGUF file, wanted little-endian"},
		{"key count", head(3, 0, 1<<60).room(), "says it has 1152921504606846976 key-values, more than fit in the 1000 bytes left of the file"},
		{"tensor count", head(3, 1<<63, 0).room(), "says it has 9223372036854775808 tensors, more than fit in the 1000 bytes left of the file"},
		{"many keys", append(head(3, 0, 1<<16+1), make([]byte, 1<<20)...), "says it has 65537 key-values, wanted at most 65536"},
		{"many tensors", append(head(3, 1<<18+1, 0), make([]byte, 1<<24)...), "says it has 262145 tensors, wanted at most 262144"},
		{"key length", head(3, 0, 1).u64(1 << 62).room(),
			"the file ends at byte 1032 within key 1 of 1, which takes 4611686018427387904 bytes from byte 32"},
		{"value type", head(3, 0, 1).key("k", 13).room(), `key "k": has value type 13, wanted 0 to 12`},
		{"value type sign", head(3, 0, 1).key("k", 1<<31).room(), `key "k": has value type 2147483648, wanted 0 to 12`},
		{"string length", head(3, 0, 1).key("k", kindString).u64(1001).room(),
			`key "k": the file ends at byte 1045 within its string, which takes 1001 bytes from byte 45`},
		{"array length", head(3, 0, 1).key("k", kindArray).u32(uint32(kindUint16)).u64(501).room(),
			`key "k": says it has 501 elements, more than fit in the 1000 bytes left of the file`},
		{"array overflow", head(3, 0, 1).key("k", kindArray).u32(uint32(kindUint64)).u64(1 << 61).room(),
			`key "k": says it has 2305843009213693952 elements, more than fit in the 1000 bytes left of the file`},
		{"string in array", head(3, 0, 1).key("k", kindArray).u32(uint32(kindString)).u64(2).str("a").u64(1001).room(),
			`key "k": the file ends at byte 1066 within an element, which takes 1001 bytes from byte 66`},
		{"nested array", head(3, 0, 1).key("k", kindArray).u32(uint32(kindArray)).u64(1).room(),
			`key "k": is an array of array, wanted an array of numbers, bools or strings`},
		{"array type", head(3, 0, 1).key("k", kindArray).u32(99).u64(1).room(),
			`key "k": is an array of value type 99, wanted an array of numbers, bools or strings`},
		{"bool", append(head(3, 0, 1).key("k", kindBool), 2), `key "k": holds the bool 2, wanted 0 or 1`},
		{"bools", append(head(3, 0, 1).key("k", kindArray).u32(uint32(kindBool)).u64(2), 1, 255), `key "k": holds the bool 255, wanted 0 or 1`},
		{"duplicate key", head(3, 0, 2).key("k", kindUint32).u32(1).key("k", kindUint32).u32(2), `key "k" stands twice`},
		{"alignment 0", head(3, 0, 1).key("general.alignment", kindUint32).u32(0), `key "general.alignment" is 0, wanted a power of two`},
		{"alignment 48", head(3, 0, 1).key("general.alignment", kindUint32).u32(48), `key "general.alignment" is 48, wanted a power of two`},
		{"alignment huge", head(3, 0, 1).key("general.alignment", kindUint64).u64(1 << 63), `key "general.alignment" is 9223372036854775808, wanted a power of two`},
		{"alignment text", head(3, 0, 1).key("general.alignment", kindString).str("32"), `key "general.alignment" is string, wanted an unsigned integer`},
	} {
		check(t, c.name, c.file, c.want)
	}
}

func TestBadTensors(t *testing.T) {
	for _, c := range []struct {
		name string
		file raw
		want string
	}{
		{"no dimensions", head(3, 1, 0).tensor("a", quant.F32, 0).data(64), `tensor "a": has 0 dimensions, wanted 1 to 4`},
		{"five dimensions", head(3, 1, 0).tensor("a", quant.F32, 0, 1, 1, 1, 1, 1).data(64), `tensor "a": has 5 dimensions, wanted 1 to 4`},
		{"zero dimension", head(3, 1, 0).tensor("a", quant.F32, 0, 4, 0).data(64), `tensor "a": shape [4 0] has a dimension of 0`},
		{"too many elements", head(3, 1, 0).tensor("a", quant.F32, 0, 1<<32, 1<<32).data(64),
			`tensor "a": shape [4294967296 4294967296] has more elements than 63 bits can count`},
		{"negative dimension", head(3, 1, 0).tensor("a", quant.F32, 0, 1<<63).data(64),
			`tensor "a": shape [9223372036854775808] has more elements than 63 bits can count`},
		{"too many bytes", head(3, 1, 0).tensor("a", quant.F32, 0, 1, 1<<62).data(64),
			`tensor "a": shape [1 4611686018427387904] takes more bytes than 64 bits can count`},
		{"part of a block", head(3, 1, 0).tensor("a", quant.Q4_K, 0, 128, 2).data(144),
			`tensor "a": row of shape [128 2]: Q4_K: 128 elements, wanted a multiple of its block size 256`},
		{"misaligned", head(3, 1, 0).tensor("a", quant.F32, 16, 1).data(64), `tensor "a": offset 16 is not a multiple of the alignment 32`},
		{"beyond the end", head(3, 1, 0).tensor("a", quant.F32, 64, 1).data(64),
			`tensor "a": its 4 bytes from byte 128 run past the file's end at byte 128: the file is cut short`},
		{"offset beyond the end", head(3, 1, 0).tensor("a", quant.F32, 1<<64-32, 1).data(64),
			`tensor "a": its 4 bytes from byte 18446744073709551615 run past the file's end at byte 128: the file is cut short`},
		{"data cut", head(3, 1, 0).tensor("a", quant.F32, 0, 17).data(64),
			`tensor "a": its 68 bytes from byte 64 run past the file's end at byte 128: the file is cut short`},
		{"unknown type beyond the end", head(3, 1, 0).tensor("a", 99, 96, 1).data(64),
			`tensor "a": its 0 bytes from byte 160 run past the file's end at byte 128: the file is cut short`},
		{"no data", head(3, 1, 0).tensor("a", quant.F32, 0, 1), `the file ends at byte 57, before the tensor data at byte 64`},
		{"overlap", head(3, 3, 0).tensor("a", quant.F32, 32, 8).tensor("b", quant.F32, 0, 9).tensor("c", quant.F32, 64, 1).data(96),
			`tensor "a" at offset 32 overlaps tensor "b", which ends at offset 36`},
		{"same place", head(3, 2, 0).tensor("a", quant.F32, 0, 8).tensor("b", quant.F32, 0, 8).data(96),
			`tensor "b" at offset 0 overlaps tensor "a", which ends at offset 32`},
		{"duplicate", head(3, 2, 0).tensor("a", quant.F32, 0, 8).tensor("a", quant.F32, 32, 8).data(96), `tensor "a" stands twice`},
		{"name length", head(3, 1, 0).u64(1 << 40).room(),
			"the file ends at byte 1032 within the name of tensor 1 of 1, which takes 1099511627776 bytes from byte 32"},
	} {
		check(t, c.name, c.file, c.want)
	}
}

func check(t *testing.T, name string, file []byte, want string) {
	t.Helper()
	if _, err := FromBytes("m.gguf", file); err == nil || err.Error() != "m.gguf: "+want {
		t.Errorf("%s\ngot  %v\nwant m.gguf: %s", name, err, want)
	}
}

// TestLongNames: an error quotes the beginning of a name alone.
func TestLongNames(t *testing.T) {
	long := strings.Repeat("\x1b", 1<<20)
	for name, file := range map[string]raw{
		"twice":  append(append(head(3, 0, 2).key(long, kindUint8), 0).key(long, kindUint8), 0),
		"tensor": head(3, 1, 0).tensor(long, quant.F32, 16, 1).data(64),
		"string": head(3, 0, 1).key(long, 77).room(),
	} {
		if _, err := FromBytes("m.gguf", file); err == nil || len(err.Error()) > 500 || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: %.300v", name, err)
		}
	}
}

// TestGoodExtremes: what is unusual but right.
func TestGoodExtremes(t *testing.T) {
	for name, file := range map[string]raw{
		"version 2":            head(2, 1, 0).tensor("a", quant.F32, 0, 8).data(32),
		"nothing at all":       head(3, 0, 0),
		"tensors out of order": head(3, 2, 0).tensor("a", quant.F32, 32, 8).tensor("b", quant.F32, 0, 8).data(64),
		"a gap":                head(3, 2, 0).tensor("a", quant.F32, 0, 8).tensor("b", quant.F32, 96, 8).data(128),
		"four dimensions":      head(3, 1, 0).tensor("a", quant.F32, 0, 2, 2, 2, 1).data(32),
		"alignment 8":          append(head(3, 1, 1).key("general.alignment", kindUint32).u32(8).tensor("a", quant.F32, 8, 1), make([]byte, 19)...),
		"unpadded end":         head(3, 1, 0).tensor("a", quant.F32, 0, 1).data(4),
		"empty array":          head(3, 0, 1).key("k", kindArray).u32(uint32(kindString)).u64(0),
		"unknown type":         head(3, 1, 0).tensor("a", 99, 0, 3).data(0),
	} {
		if _, err := FromBytes("m.gguf", file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTruncated cuts a valid file at every byte: each cut must be an error that
// names the file, on one line.
func TestTruncated(t *testing.T) {
	whole := smallBytes(t)
	// The writer pads after the last tensor (12 bytes); up to there, a cut hurts.
	for n := range len(whole) - 20 {
		_, err := FromBytes("m.gguf", whole[:n:n])
		if err == nil || !strings.HasPrefix(err.Error(), "m.gguf: ") || strings.Contains(err.Error(), "\n") {
			t.Fatalf("cut at %d of %d: %v", n, len(whole), err)
		}
	}
	if _, err := FromBytes("m.gguf", whole[:len(whole)-20]); err != nil {
		t.Error(err)
	}
}

// TestAllocation: a false count must not make the reader allocate.
func TestAllocation(t *testing.T) {
	file := []byte(head(3, 30, 76).room())
	if n := testing.AllocsPerRun(10, func() {
		if _, err := FromBytes("m.gguf", file); err == nil {
			t.Error("76 empty keys were taken")
		}
	}); n > 50 {
		t.Errorf("%v allocations for a file with nothing in it", n)
	}
}

func Example() {
	f, err := Open("../models/tiny-go-q4_k_m.gguf")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	arch, err := f.String("general.architecture")
	t, ok := f.Tensor("blk.0.ffn_gate_exps.weight")
	fmt.Println(arch, err, t.Type, t.Shape, t.Bytes(), ok)
	_, err = f.Uint("general.name")
	fmt.Println(err)
	// Output:
	// qwen3moe <nil> Q4_K [256 256 16] 589824 true
	// ../models/tiny-go-q4_k_m.gguf: key "general.name" is string, wanted an integer not below 0
}
