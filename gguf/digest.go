package gguf

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"slices"
	"strings"

	"moeflow/gguf/fault"
)

// Digest is a sum of all that decides what a model answers: metadata, the table of
// tensors, and pieces of their data, since reading all of a large model takes
// long. Two files with one digest answer alike; names, descriptions and how the
// tensors are spread over files and ordered in them do not count.
func (f *File) Digest() (string, error) {
	h := sha256.New()
	first := f.parts[0]
	for _, key := range slices.Sorted(slices.Values(first.keys)) {
		if describes(key) {
			continue
		}
		v := first.meta[key]
		fmt.Fprintf(h, "%q %d %d %d %d\n", key, v.kind, v.elem, v.n, len(v.raw))
		h.Write(v.raw)
	}
	tensors := slices.Clone(f.tensors)
	slices.SortFunc(tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range tensors {
		fmt.Fprintf(h, "%q %v %d\n", t.Name, t.Shape, t.Type)
		if err := fault.Read(t.Data, func() { pieces(h, t.Data) }); err != nil {
			if changed := f.Changed(); changed != nil {
				return "", changed
			}
			return "", fmt.Errorf("%s: tensor %.80q: %w", f.path, t.Name, err)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// describes tells whether a key only describes the model or the file.
func describes(key string) bool {
	section, _, _ := strings.Cut(key, ".")
	switch section {
	case "split", "quantize":
		return true
	case "general":
		return key != "general.architecture" && !strings.HasPrefix(key, "general.sampling.")
	}
	return false
}

// pieces writes bytes from places spread evenly over data, its beginning and its
// end among them.
func pieces(h hash.Hash, data []byte) {
	const places, size = 8, 64
	if len(data) <= places*size {
		h.Write(data)
		return
	}
	for i := range places {
		at := (len(data) - size) / (places - 1) * i
		if i == places-1 {
			at = len(data) - size
		}
		h.Write(data[at : at+size])
	}
}
