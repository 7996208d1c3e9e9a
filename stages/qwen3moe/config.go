package qwen3moe

import (
	"fmt"
	"math"

	"moeflow/gguf"
)

// Architecture is the value of general.architecture that this package reads.
const Architecture = "qwen3moe"

// Config holds the numbers of one model, all from its metadata.
type Config struct {
	Layers      int
	Hidden      int // embedding_length
	Context     int // the longest context the model was trained for
	Heads       int
	KVHeads     int
	HeadDim     int
	RopeDim     int // the leading elements of a head that rotate
	RopeBase    float64
	RopeScale   float64 // positions are divided by this (linear scaling); 1 is none
	Eps         float64
	Experts     int
	TopK        int
	ExpertWidth int
	NormTopK    bool    // the chosen experts' weights are divided by their sum
	WeightScale float64 // factor on the experts' weights
}

// limit bounds every count that is read: far above any model, far below what
// would overflow.
const limit = 1 << 24

// ReadConfig reads and checks the numbers of a file. An error names the key and
// what was wanted.
func ReadConfig(f *gguf.File) (Config, error) {
	r := reader{f: f}
	c := Config{
		Layers:      r.count("block_count", 1),
		Hidden:      r.count("embedding_length", 1),
		Context:     r.count("context_length", 1),
		Heads:       r.count("attention.head_count", 1),
		Experts:     r.count("expert_count", 1),
		TopK:        r.count("expert_used_count", 1),
		RopeBase:    r.float("rope.freq_base", 10000),
		Eps:         r.float("attention.layer_norm_rms_epsilon", math.NaN()),
		NormTopK:    r.bool("expert_weights_norm", true),
		WeightScale: r.float("expert_weights_scale", 1),
		RopeScale:   1,
	}
	c.KVHeads = r.countOr("attention.head_count_kv", c.Heads)
	c.HeadDim = r.countOr("attention.key_length", c.Hidden/max(1, c.Heads))
	c.RopeDim = r.countOr("rope.dimension_count", c.HeadDim)
	c.ExpertWidth = r.expertWidth(c)
	if c.WeightScale == 0 {
		c.WeightScale = 1 // llama.cpp writes 0 for "none"
	}
	valueDim := r.countOr("attention.value_length", c.HeadDim)
	r.checkRope(&c)
	r.checkKeys()
	if r.err != nil {
		return c, r.err
	}
	if err := c.check(r); err != nil {
		return c, err
	}
	if valueDim != c.HeadDim {
		return c, r.wrong("attention.value_length", valueDim, fmt.Sprintf("the key length %d", c.HeadDim))
	}
	return c, nil
}

func (c Config) check(r reader) error {
	switch {
	case c.Heads%c.KVHeads != 0:
		return r.wrong("attention.head_count_kv", c.KVHeads, fmt.Sprintf("a divisor of head_count %d", c.Heads))
	case c.HeadDim%8 != 0 || c.HeadDim > 256:
		return r.wrong("attention.key_length", c.HeadDim, "a multiple of 8 up to 256")
	case c.RopeDim%2 != 0 || c.RopeDim > c.HeadDim:
		return r.wrong("rope.dimension_count", c.RopeDim, fmt.Sprintf("an even number up to the head size %d", c.HeadDim))
	case c.TopK > c.Experts || c.TopK > 64:
		return r.wrong("expert_used_count", c.TopK, fmt.Sprintf("at most 64 of the %d experts", c.Experts))
	case c.Experts > 1024:
		return r.wrong("expert_count", c.Experts, "at most 1024")
	case !(c.Eps > 0 && c.Eps < 1):
		return r.wrong("attention.layer_norm_rms_epsilon", c.Eps, "a number between 0 and 1")
	case !(c.RopeBase > 1 && c.RopeBase < 1e15):
		return r.wrong("rope.freq_base", c.RopeBase, "a number above 1")
	case math.IsNaN(c.WeightScale) || math.IsInf(c.WeightScale, 0):
		return r.wrong("expert_weights_scale", c.WeightScale, "a finite number")
	}
	return nil
}

// reader reads keys below the architecture's name and keeps the first error.
type reader struct {
	f   *gguf.File
	err error
}

func key(name string) string { return Architecture + "." + name }

func (r *reader) wrong(name string, got any, want string) error {
	return fmt.Errorf("%s: %s is %s, wanted %s", r.f.Path(), key(name), show(got), want)
}

func (r *reader) count(name string, least uint64) int {
	v, err := r.f.Uint(key(name))
	if err == nil && (v < least || v > limit) {
		err = r.wrong(name, v, fmt.Sprintf("%d to %d", least, limit))
	}
	if err != nil && r.err == nil {
		r.err = err
	}
	return int(min(v, limit))
}

func (r *reader) countOr(name string, otherwise int) int {
	if !r.f.Has(key(name)) {
		return otherwise
	}
	return r.count(name, 1)
}

func (r *reader) float(name string, otherwise float64) float64 {
	if !r.f.Has(key(name)) && !math.IsNaN(otherwise) {
		return otherwise
	}
	v, err := r.f.Float(key(name))
	if err != nil && r.err == nil {
		r.err = err
	}
	return v
}

func (r *reader) bool(name string, otherwise bool) bool {
	if !r.f.Has(key(name)) {
		return otherwise
	}
	v, err := r.f.Bool(key(name))
	if err != nil && r.err == nil {
		r.err = err
	}
	return v
}

// expertWidth is expert_feed_forward_length, or, in older files that lack it,
// feed_forward_length split among the experts used.
func (r *reader) expertWidth(c Config) int {
	if r.f.Has(key("expert_feed_forward_length")) {
		return r.count("expert_feed_forward_length", 1)
	}
	return r.count("feed_forward_length", uint64(max(1, c.TopK))) / max(1, c.TopK)
}

// checkRope reads rope scaling: none and linear are served, others refused by
// name rather than computed wrongly. A file that gives a factor and no type means
// linear, which is the format's default; older files call the factor
// rope.scale_linear.
func (r *reader) checkRope(c *Config) {
	kind := "linear"
	if name := key("rope.scaling.type"); r.f.Has(name) && r.err == nil {
		kind, r.err = r.f.String(name)
	}
	factor := "rope.scaling.factor"
	if !r.f.Has(key(factor)) {
		factor = "rope.scale_linear"
	}
	scale := r.float(factor, 1)
	switch {
	case r.err != nil:
	case kind == "none":
	case kind != "linear":
		r.err = r.wrong("rope.scaling.type", kind, "none or linear")
	case !(scale > 0) || math.IsInf(scale, 0):
		r.err = r.wrong(factor, scale, "a number above 0")
	default:
		c.RopeScale = scale
	}
}
