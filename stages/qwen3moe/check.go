package qwen3moe

import (
	"fmt"
	"strconv"
	"strings"

	"moeflow/graph"
)

// checkLayers holds block_count against the blocks that have tensors, before
// anything is made for each.
func (b *builder) checkLayers(count int) error {
	have := map[int]bool{}
	for _, t := range b.f.Tensors() {
		if rest, ok := strings.CutPrefix(t.Name, "blk."); ok {
			number, _, _ := strings.Cut(rest, ".")
			if n, err := strconv.Atoi(number); err == nil {
				have[n] = true
			}
		}
	}
	for i := range count {
		if !have[i] {
			return fmt.Errorf("%s: %s is %d, but the file has no tensor blk.%d.attn_norm.weight, nor any other of that block",
				b.f.Path(), key("block_count"), count, i)
		}
	}
	return nil
}

// checkUnused refuses tensors that the graph does not use: biases, further norms
// or shared experts change what a model computes, and without them its answers
// would be wrong with nothing to show for it.
func (b *builder) checkUnused() {
	first, more := "", 0
	for _, t := range b.f.Tensors() {
		switch {
		case b.used[t.Name]:
		case first == "":
			first = t.Name
		default:
			more++
		}
	}
	if first == "" {
		return
	}
	others := ""
	if more > 0 {
		others = fmt.Sprintf(" (nor are %d others)", more)
	}
	b.errs = append(b.errs, fmt.Errorf("%s: tensor %.80q is not part of what is computed for %s%s: without it the answers would be wrong",
		b.f.Path(), first, Architecture, others))
}

// checkVocabulary compares the two matrices that have a row for each token. A
// token picked from more logits than there are embeddings would be read from
// beyond the table.
func (b *builder) checkVocabulary(c Config) {
	table, ok := b.f.Tensor("token_embd.weight")
	if !ok {
		return
	}
	shape := graph.Shape(table.Shape)
	if len(shape) != 2 || shape[0] != uint64(c.Hidden) {
		b.errs = append(b.errs, fmt.Errorf("%s: tensor token_embd.weight has shape %s, wanted {%d, vocabulary} for %s %d",
			b.f.Path(), shape, c.Hidden, key("embedding_length"), c.Hidden))
	}
	if out, ok := b.f.Tensor("output.weight"); ok && !shape.Equal(graph.Shape(out.Shape)) {
		b.errs = append(b.errs, fmt.Errorf("%s: tensor output.weight has shape %s, wanted %s like token_embd.weight",
			b.f.Path(), graph.Shape(out.Shape), shape))
	}
}
