package engine

import (
	"fmt"
	"strings"

	"moeflow/gguf"
	"moeflow/graph"
	"moeflow/stages/qwen3moe"
	"moeflow/tokenizer"
)

// Model is an opened model file: its header and tokenizer, no device.
type Model struct {
	File      *gguf.File
	Tokenizer *tokenizer.Tokenizer
	family    family
	// Context is the longest context the model was trained for.
	Context int
	Vocab   int
	Layers  int
}

// family is a model architecture as the engine uses it.
type family struct {
	name  string
	read  func(*gguf.File) (family, shape, error)
	build func(*gguf.File, qwen3moe.Options) (*graph.Graph, error)
}

// shape is what the engine itself needs to know of a model.
type shape struct{ context, layers int }

// families is the table of architectures: one line each.
var families = []family{
	{name: qwen3moe.Architecture, read: readQwen3MoE},
}

func readQwen3MoE(f *gguf.File) (family, shape, error) {
	c, err := qwen3moe.ReadConfig(f)
	return family{name: qwen3moe.Architecture, build: func(f *gguf.File, o qwen3moe.Options) (*graph.Graph, error) {
		return qwen3moe.Build(f, c, o)
	}}, shape{context: c.Context, layers: c.Layers}, err
}

// OpenModel reads a model file's header, checks that its architecture and
// tensor types are served, and makes its tokenizer.
func OpenModel(path string) (*Model, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	m, err := newModel(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return m, nil
}

func newModel(f *gguf.File) (*Model, error) {
	arch, err := f.String("general.architecture")
	if err != nil {
		return nil, err
	}
	var known []string
	for _, fam := range families {
		known = append(known, fam.name)
		if fam.name != arch {
			continue
		}
		if err := f.CheckTypes(); err != nil {
			return nil, err
		}
		fam, sh, err := fam.read(f)
		if err != nil {
			return nil, err
		}
		tok, err := newTokenizer(f)
		if err != nil {
			return nil, err
		}
		return &Model{File: f, Tokenizer: tok, family: fam, Context: sh.context, Layers: sh.layers, Vocab: tok.VocabSize()}, nil
	}
	return nil, fmt.Errorf("%s: general.architecture is %q, wanted %s", f.Path(), arch, strings.Join(known, " or "))
}

// Close unmaps the file.
func (m *Model) Close() error { return m.File.Close() }
