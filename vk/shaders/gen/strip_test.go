package main

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func words(list ...uint32) []byte {
	var b []byte
	for _, w := range list {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

func TestStripNames(t *testing.T) {
	head := words(0x07230203, 0x00010500, 0, 9, 0)
	capability, void := words(2<<16|17, 1), words(2<<16|19, 4)
	module := bytes.Join([][]byte{head, capability,
		words(3<<16|opSource, 2, 460), words(2<<16|opSourceExtension, 0x41), words(3<<16|opName, 4, 0x41), words(4<<16|opMemberName, 4, 0, 0x42),
		void}, nil)
	got, err := stripNames(module)
	if want := bytes.Join([][]byte{head, capability, void}, nil); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got % x and %v, wanted % x", got, err, want)
	}
	for _, bad := range [][]byte{head[:16], append(head, 1), append(head, words(5<<16|17, 1)...), append(head, words(17)...)} {
		if _, err := stripNames(bad); err == nil {
			t.Errorf("% x was taken for a module", bad)
		}
	}
}
