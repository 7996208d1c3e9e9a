package ggufwrite

import (
	"encoding/binary"
	"slices"

	"moeflow/gguf/quant"
)

// Mutated returns the file with changes that keep its structure, for fuzz tests:
// a key of another type, a count that is not so, a tensor of another shape. script
// says which, and every script says something: an empty one returns the file as it
// is. Changing bytes at random seldom gets beyond the first count.
func (w *Writer) Mutated(script []byte) ([]byte, error) {
	if err := w.whole(); err != nil {
		return nil, err
	}
	m := mutator{script: script, pairs: slices.Clone(w.pairs)}
	for _, t := range w.tensors {
		t.shape = slices.Clone(t.shape)
		m.tensors = append(m.tensors, t)
	}
	for len(m.script) > 0 {
		mutations[m.below(len(mutations))](&m)
	}
	b := w.file(m.pairs, m.tensors)
	for _, f := range m.after {
		b = f(b)
	}
	return b, nil
}

// mutator reads a script and changes the parts of a file.
type mutator struct {
	script  []byte
	pairs   []pair
	tensors []tensor
	after   []func(file []byte) []byte // what is done to the bytes
}

// below takes a number from 0 to n-1 from the script, which is 0 at its end.
func (m *mutator) below(n int) int {
	if len(m.script) == 0 || n == 0 {
		return 0
	}
	v := int(m.script[0])
	m.script = m.script[1:]
	if n > 256 && len(m.script) > 0 {
		v, m.script = v<<8|int(m.script[0]), m.script[1:]
	}
	return v % n
}

// edges are numbers at which readers go wrong.
var edges = []uint64{0, 1, 2, 3, 4, 7, 8, 31, 32, 33, 64, 255, 256, 257, 1023, 1024, 1025, 1<<16 - 1, 1 << 16, 1 << 20, 1 << 24, 1<<24 + 1,
	1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1 << 40, 1<<62 - 1, 1 << 62, 1<<63 - 1, 1 << 63, 1<<64 - 32, 1<<64 - 1,
	0x7f800000, 0x7fc00000, 0xbf800000, 0x7ff0000000000000, 0x7ff8000000000000} // the last are floats: infinite, NaN, -1

// number is one of the edges, or any of two bytes.
func (m *mutator) number() uint64 {
	if i := m.below(len(edges) + 8); i < len(edges) {
		return edges[i]
	}
	return uint64(m.below(1 << 16))
}

// pair is a pair whose value may be changed.
func (m *mutator) pair() *pair {
	if len(m.pairs) == 0 {
		return &pair{value: make([]byte, 16)}
	}
	p := &m.pairs[m.below(len(m.pairs))]
	p.value = slices.Clone(p.value)
	return p
}

func (m *mutator) tensor() *tensor {
	if len(m.tensors) == 0 {
		return &tensor{shape: []uint64{1}}
	}
	return &m.tensors[m.below(len(m.tensors))]
}

// mutations is each change that a script can ask for.
var mutations = []func(*mutator){
	func(m *mutator) { // a value of another type
		binary.LittleEndian.PutUint32(m.pair().value, uint32(m.below(16)))
	},
	func(m *mutator) { // another number, of any width
		v := binary.LittleEndian.AppendUint64(nil, m.number())
		if p := m.pair(); len(p.value) <= 12 {
			copy(p.value[4:], v)
		}
	},
	func(m *mutator) { // an array, or a string, of another length
		n := m.number()
		switch p := m.pair(); {
		case p.value[0] == kindArray && len(p.value) >= 16:
			binary.LittleEndian.PutUint64(p.value[8:], n)
		case len(p.value) >= 12:
			binary.LittleEndian.PutUint64(p.value[4:], n)
		}
	},
	func(m *mutator) { // an array of other elements
		if p := m.pair(); p.value[0] == kindArray {
			p.value[4] = byte(m.below(16))
		}
	},
	func(m *mutator) { // a value under another key
		p, q := m.pair(), m.pair()
		p.key, q.key = q.key, p.key
	},
	func(m *mutator) { // a key twice
		m.pairs = append(m.pairs, *m.pair())
	},
	func(m *mutator) { // a key less
		if i := m.below(len(m.pairs)); i < len(m.pairs) {
			m.pairs = slices.Delete(m.pairs, i, i+1)
		}
	},
	func(m *mutator) { // another dimension
		t := m.tensor()
		if len(t.shape) > 0 {
			t.shape[m.below(len(t.shape))] = m.number()
		}
	},
	func(m *mutator) { // a dimension more, or less
		t := m.tensor()
		if m.below(2) == 0 {
			t.shape = append(t.shape, m.number())
		} else if len(t.shape) > 0 {
			t.shape = t.shape[1:]
		}
	},
	func(m *mutator) { // a tensor of another type
		m.tensor().ty = quant.Type(m.below(48))
	},
	func(m *mutator) { // the name of another tensor
		m.tensor().name = m.tensor().name
	},
	func(m *mutator) { // a tensor less
		if i := m.below(len(m.tensors)); i < len(m.tensors) {
			m.tensors = slices.Delete(m.tensors, i, i+1)
		}
	},
	func(m *mutator) { // other counts of tensors and keys
		at, n := 8+8*m.below(2), m.number()
		m.after = append(m.after, func(b []byte) []byte {
			if len(b) >= at+8 {
				binary.LittleEndian.PutUint64(b[at:], n)
			}
			return b
		})
	},
	func(m *mutator) { // another byte
		at, v := m.below(1<<16), byte(m.below(256))
		m.after = append(m.after, func(b []byte) []byte {
			if len(b) > 0 {
				b[at%len(b)] = v
			}
			return b
		})
	},
	func(m *mutator) { // a file cut short
		at := m.below(1 << 16)
		m.after = append(m.after, func(b []byte) []byte { return b[:min(at, len(b))] })
	},
}
