package model

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"moeflow/configs"
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
	Vocab   int // rows of the output matrix, at least the tokenizer's tokens
	Layers  int
	TopK    int // experts a token uses

	sampling configs.Sampling
}

// family is a model architecture as its users need it.
type family struct {
	name  string
	read  func(*gguf.File) (family, shape, error)
	build func(*gguf.File, qwen3moe.Options) (*graph.Graph, error)
}

// shape is what others than the family need to know of a model.
type shape struct{ context, layers, topK int }

// families is the table of architectures: one line each.
var families = []family{
	{name: qwen3moe.Architecture, read: readQwen3MoE},
}

func readQwen3MoE(f *gguf.File) (family, shape, error) {
	c, err := qwen3moe.ReadConfig(f)
	return family{name: qwen3moe.Architecture, build: func(f *gguf.File, o qwen3moe.Options) (*graph.Graph, error) {
		return qwen3moe.Build(f, c, o)
	}}, shape{context: c.Context, layers: c.Layers, topK: c.TopK}, err
}

// Open reads a model file's header, checks that its architecture and
// tensor types are served, and makes its tokenizer.
func Open(path string) (*Model, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	m, err := New(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return m, nil
}

// New does the same with a file that is already open; closing the model
// closes it.
func New(f *gguf.File) (*Model, error) {
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
		m := &Model{File: f, family: fam, Context: sh.context, Layers: sh.layers, TopK: sh.topK}
		if m.Vocab, err = vocabulary(f); err != nil {
			return nil, err
		}
		if m.Tokenizer, err = newTokenizer(f); err != nil {
			return nil, err
		}
		if m.sampling, err = readSampling(f); err != nil {
			return nil, err
		}
		return m, nil
	}
	return nil, fmt.Errorf("%s: general.architecture is %.80q, wanted %s", f.Path(), arch, strings.Join(known, " or "))
}

// Close unmaps the file.
func (m *Model) Close() error { return m.File.Close() }

// mostMerges is ten times what the largest vocabularies have.
const mostMerges = 1 << 22

// vocabulary is the number of rows of the embedding table: files may pad it beyond
// the tokenizer's tokens. The tokenizer's lists are held against it before they
// are read.
func vocabulary(f *gguf.File) (int, error) {
	t, ok := f.Tensor("token_embd.weight")
	if !ok || len(t.Shape) != 2 || t.Shape[1] > 1<<24 {
		return 0, fmt.Errorf("%s: tensor token_embd.weight is missing or no matrix of at most %d rows", f.Path(), 1<<24)
	}
	n, err := f.Len("tokenizer.ggml.tokens")
	switch {
	case err != nil:
		return 0, err
	case n > t.Shape[1]:
		return 0, fmt.Errorf("%s: tokenizer.ggml.tokens has %d tokens, token_embd.weight only %d rows", f.Path(), n, t.Shape[1])
	}
	if merges := "tokenizer.ggml.merges"; f.Has(merges) {
		if k, err := f.Len(merges); err != nil || k > mostMerges {
			return 0, cmp.Or(err, fmt.Errorf("%s: %s has %d entries, wanted at most %d", f.Path(), merges, k, mostMerges))
		}
	}
	if types := "tokenizer.ggml.token_type"; f.Has(types) {
		if k, err := f.Len(types); err != nil || k != n {
			return 0, cmp.Or(err, fmt.Errorf("%s: %s has %d entries for %d tokens", f.Path(), types, k, n))
		}
	}
	return int(t.Shape[1]), nil
}

// Name is the model's name, or else its file's.
func (m *Model) Name() string {
	if n, err := m.File.String("general.name"); err == nil && n != "" {
		return n
	}
	return filepath.Base(m.File.Path())
}

// Build joins the family's stages into a graph for one step size.
func (m *Model) Build(o qwen3moe.Options) (*graph.Graph, error) { return m.family.build(m.File, o) }
