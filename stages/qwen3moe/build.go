package qwen3moe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"moeflow/gguf"
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/stages"
)

// Options choose the form of a graph.
type Options struct {
	Layout    graph.StepLayout
	KVType    quant.Type // element type of the kv cache
	Positions int        // positions of the kv cache, a multiple of PageSize
	PageSize  int        // positions a page
	MaxRows   int        // the rows of the largest step that shares the state
	Slots     int        // tokens that can be kept sampled on the device, at least Layout.Outs
	// CountExperts adds a stage to every layer that counts its choices in the
	// state Counts, which can then be read back.
	CountExperts bool
	// Sampler has the device pick tokens by all that stages/sample knows, and not the
	// largest logit alone. Touched is how many tokens bias and penalties can change in a
	// step, all rows together, and Masks adds a mask for each row.
	Sampler bool
	Touched int
	Masks   bool
}

// Names of edges that a caller looks up in the plan.
const (
	Sampled = "sampled"        // U32, State: the tokens of the last step's output rows
	Logits  = "lm_head/logits" // F32 {vocab, O}, Output
	Probs   = "sample/probs"   // U32 {SampleProbsWords, O}, Output: with Sampler, what is known of each pick
	Counts  = "expert_counts"  // U32 {experts, layers}, State: with CountExperts, how often each was chosen
)

// Names of a sampler's inputs: see graph/sample.go.
const (
	Sampling = "sampling"     // U32, Input: what each row asks
	Masks    = "sample_masks" // U32 {vocabulary/32 rounded up, O}, Input: with Masks, the allowed tokens
)

// Build makes the graph of a file: embed, then attention, router and
// expert-swiglu for each block, then lm-head and sample. Missing tensors are
// reported together; shapes are checked by graph.Compile.
func Build(f *gguf.File, c Config, o Options) (*graph.Graph, error) {
	b := &builder{f: f, g: graph.New(Architecture, o.Layout), counts: graph.NoTensor, used: map[string]bool{}}
	if err := b.checkLayers(c.Layers); err != nil {
		return nil, err
	}
	sampled := b.g.Tensor(graph.Tensor{Name: Sampled, Shape: graph.Shape{uint64(o.Slots)}, Type: quant.U32, Role: graph.State})
	freqs := b.g.Tensor(graph.Tensor{Name: "rope_freqs", Shape: graph.Shape{uint64(c.RopeDim / 2), 2},
		Type: quant.F32, Role: graph.Weight, Data: rotations(c)})
	// Sized for the largest step, so that all plans share it; attention of rows that
	// are too few to be grouped also has its parts there.
	rows := max(o.MaxRows, o.Layout.Rows)
	counters := max(graph.AttentionCounters, c.KVHeads*rows)
	parts := (c.HeadDim + 2) * c.Heads * graph.AttentionSplits * min(rows, graph.MinGroupedRows-1)
	b.done = b.g.Tensor(graph.Tensor{Name: "attention_parts", Shape: graph.Shape{uint64(counters + parts)},
		Type: quant.U32, Role: graph.State})
	if o.CountExperts {
		b.counts = b.g.Tensor(graph.Tensor{Name: Counts, Shape: graph.Shape{uint64(c.Experts), uint64(c.Layers)}, Type: quant.U32, Role: graph.State})
	}
	table := b.weight("token_embd.weight")
	b.checkVocabulary(c)
	x := b.add("embed", "embed", -1, stages.Embed{Table: table, Sampled: sampled}, "x")[0]
	for i := range c.Layers {
		if len(b.errs) > mostErrors {
			break
		}
		x = b.block(i, x, freqs, c, o)
	}
	out := table // tied
	if _, ok := f.Tensor("output.weight"); ok {
		out = b.weight("output.weight")
	}
	logits := b.add("lm_head", "lm-head", -1, stages.LMHead{X: x, Norm: b.weight("output_norm.weight"), W: out, Eps: c.Eps}, "logits")[0]
	b.g.Readable(sampled)
	b.g.Readable(logits)
	if o.Sampler {
		b.g.Readable(b.sampler(logits, sampled, o))
	} else {
		b.add("sample", "sample", -1, stages.ArgMax{Logits: logits, Sampled: sampled})
	}
	if o.CountExperts {
		b.g.Readable(b.counts)
	}
	b.checkUnused()
	if len(b.errs) > mostErrors {
		b.errs = append(b.errs[:mostErrors], errors.New("and more like it"))
	}
	return b.g, errors.Join(b.errs...)
}

// mostErrors is how many errors of one file are told.
const mostErrors = 8

// A layer's kv cache, behind its "blk.N.".
const kCache, vCache = "k_cache", "v_cache"

// IsCache tells whether a tensor is of the kv cache, whose size depends on the number
// of positions; what else is State does not.
func IsCache(t *graph.Tensor) bool {
	return t.Role == graph.State && (strings.HasSuffix(t.Name, "."+kCache) || strings.HasSuffix(t.Name, "."+vCache))
}

// sampler adds the stage that picks tokens, and gives its output.
func (b *builder) sampler(logits, sampled graph.TensorID, o Options) graph.TensorID {
	table, _ := b.f.Tensor("token_embd.weight")
	words := func(name string, role graph.Role, shape ...uint64) graph.TensorID {
		return b.g.Tensor(graph.Tensor{Name: name, Shape: shape, Type: quant.U32, Role: role})
	}
	s := stages.Sample{Logits: logits, Sampled: sampled, Mask: graph.NoTensor,
		Sampling: words(Sampling, graph.Input, uint64(graph.SampleLayout{Outs: o.Layout.Outs, Touched: o.Touched}.Words())),
		Recent:   words("recent", graph.State, graph.SampleRecent, uint64(o.Slots))}
	if o.Masks && len(table.Shape) == 2 {
		s.Mask = words(Masks, graph.Input, (table.Shape[1]+31)/32, uint64(o.Layout.Outs))
	}
	return b.add("sample", "sample", -1, s, "probs")[0]
}

type builder struct {
	f      *gguf.File
	g      *graph.Graph
	done   graph.TensorID
	counts graph.TensorID // NoTensor if nothing is counted
	used   map[string]bool
	errs   []error
}

func (b *builder) add(name, kind string, layer int, s graph.Stage, out ...string) []graph.TensorID {
	return b.g.Add(graph.Node{Name: name, Kind: kind, Layer: layer, Stage: s, Out: out})
}

// weight makes the edge of a file's tensor.
func (b *builder) weight(name string) graph.TensorID {
	t, ok := b.f.Tensor(name)
	b.used[name] = true
	if !ok {
		b.errs = append(b.errs, fmt.Errorf("%s: tensor %s is missing", b.f.Path(), name))
	}
	return b.g.Tensor(graph.Tensor{Name: name, Shape: graph.Shape(t.Shape), Type: t.Type, Role: graph.Weight})
}

// block adds one layer and returns its output.
func (b *builder) block(i int, x, freqs graph.TensorID, c Config, o Options) graph.TensorID {
	w := func(name string) graph.TensorID { return b.weight(fmt.Sprintf("blk.%d.%s.weight", i, name)) }
	name := func(s string) string { return fmt.Sprintf("blk.%d.%s", i, s) }
	cache := func(s string) graph.TensorID {
		return b.g.Tensor(graph.Tensor{Name: name(s), Shape: graph.Shape{uint64(c.HeadDim * c.KVHeads), uint64(o.Positions)},
			Type: o.KVType, Role: graph.State})
	}
	x = b.add(name("attention"), "attention", i, stages.Attention{
		X: x, Norm: w("attn_norm"), Q: w("attn_q"), K: w("attn_k"), V: w("attn_v"), O: w("attn_output"),
		QNorm: w("attn_q_norm"), KNorm: w("attn_k_norm"), Freqs: freqs, KCache: cache(kCache), VCache: cache(vCache), Done: b.done,
		Heads: c.Heads, KVHeads: c.KVHeads, HeadDim: c.HeadDim, RopeDim: c.RopeDim, PageSize: o.PageSize, Eps: c.Eps,
	}, "x")[0]
	r := b.add(name("router"), "router", i, stages.Router{
		X: x, Norm: w("ffn_norm"), Gate: w("ffn_gate_inp"), Experts: c.Experts, TopK: c.TopK,
		NormTopK: c.NormTopK, Scale: c.WeightScale, Eps: c.Eps,
	}, "h", "ids", "weights")
	x = b.add(name("experts"), "expert-swiglu", i, stages.ExpertSwiGLU{
		X: x, H: r[0], IDs: r[1], Weights: r[2], Gate: w("ffn_gate_exps"), Up: w("ffn_up_exps"), Down: w("ffn_down_exps"),
		Width: c.ExpertWidth, Experts: c.Experts,
	}, "x")[0]
	if b.counts != graph.NoTensor {
		b.add(name("count"), "expert-count", i, stages.ExpertCount{IDs: r[1], Counts: b.counts, Layer: i, Experts: c.Experts})
	}
	return x
}

// rotations gives, for each pair of a head, the rotation a position in turns,
// base^(-2i/rope_dim)/2π (arXiv 2104.09864, section 3.4), as a sum of two
// float32: all high parts, then all low parts. Turns and the second float keep
// the angle exact at positions where pos·freq in one float32 is off by 0.01 rad.
func rotations(c Config) []byte {
	half := c.RopeDim / 2
	out := make([]byte, 0, 8*half)
	turns := make([]float64, half)
	for i := range turns {
		turns[i] = math.Pow(c.RopeBase, -2*float64(i)/float64(c.RopeDim)) / (2 * math.Pi * c.RopeScale)
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(turns[i])))
	}
	for _, t := range turns {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(t-float64(float32(t)))))
	}
	return out
}
