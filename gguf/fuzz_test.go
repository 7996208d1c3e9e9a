package gguf

import (
	"runtime"
	"strings"
	"testing"
)

// FuzzOpen parses arbitrary bytes and then uses everything that a file offers.
// Whatever the bytes, there is no panic, an error is one line that names the
// file, and tensors lie inside the data.
func FuzzOpen(f *testing.F) {
	f.Add(smallBytes(f))
	f.Add([]byte(head(2, 1, 0).tensor("a", 17, 0, 256).data(74)))
	f.Fuzz(open)
}

// FuzzHeader does the same with files that are wrong in one place or a few, and
// otherwise whole.
func FuzzHeader(f *testing.F) {
	for i := range 40 {
		f.Add([]byte{byte(i), byte(3 * i), byte(i)})
		f.Add([]byte{byte(i), byte(i), byte(5 * i), byte(7 * i), byte(i), byte(2 * i)})
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		data, err := small().Mutated(script)
		if err != nil {
			t.Fatal(err)
		}
		open(t, data)
	})
}

// open uses everything that a file offers, in bounded memory.
func open(t *testing.T, data []byte) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	use(t, data)
	runtime.ReadMemStats(&after)
	if got, most := after.TotalAlloc-before.TotalAlloc, uint64(16<<20+100*len(data)); got > most {
		t.Errorf("%d bytes of memory for a file of %d, want at most %d", got, len(data), most)
	}
}

func use(t *testing.T, data []byte) {
	g, err := FromBytes("m.gguf", data)
	if err != nil {
		if line := err.Error(); !strings.HasPrefix(line, "m.gguf: ") || strings.Contains(line, "\n") || len(line) > 1000 {
			t.Errorf("error %q", err)
		}
		return
	}
	all := g.Scalars()
	for _, key := range g.Keys() {
		if _, ok := all[key]; !ok || !g.Has(key) {
			t.Errorf("key %q is lost", key)
		}
		useKey(t, g, key)
	}
	var sum uint64
	for _, x := range g.Tensors() {
		sum += x.Bytes()
		if y, ok := g.Tensor(x.Name); !ok || uint64(len(y.Data)) != x.Bytes() {
			t.Errorf("tensor %q has %d bytes of %d", x.Name, len(y.Data), x.Bytes())
		}
		decode(t, x)
	}
	if sum > uint64(len(data)) {
		t.Errorf("tensors of %d bytes in a file of %d", sum, len(data))
	}
	_ = g.CheckTypes()
	if _, err := g.Digest(); err != nil {
		t.Error(err)
	}
}

// useKey asks for a key as every type: exactly those that fit may answer.
func useKey(t *testing.T, g *File, key string) {
	var answers int
	for _, err := range []error{second(g.String(key)), second(g.Bool(key)), second(g.Float(key)), second(g.Strings(key)), second(g.Ints(key))} {
		if err == nil {
			answers++
		}
	}
	if answers > 1 {
		t.Errorf("key %q has %d types", key, answers)
	}
	if _, err := g.Uint(key); err == nil {
		if _, err := g.Float(key); err != nil {
			t.Errorf("key %q is an integer but no number: %v", key, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func decode(t *testing.T, x Tensor) {
	if !x.Type.Known() {
		return
	}
	blocks := len(x.Data) / x.Type.BlockBytes()
	if err := x.Type.Decode(make([]float32, blocks*x.Type.BlockSize()), x.Data); err != nil {
		t.Errorf("tensor %q: %v", x.Name, err)
	}
}
