package openai

import (
	"encoding/json"
	"maps"
	"math"
	"slices"

	"moeflow/stages/sample"
)

// Sampling is what a request says of how tokens are picked; nil where it says
// nothing.
type Sampling struct {
	Temperature, TopP, MinP *float64
	TopK                    *int
	RepeatPenalty           *float64
	RepeatLastN             *int
	Seed                    *uint64
	// FrequencyPenalty and PresencePenalty count tokens of the answer.
	FrequencyPenalty, PresencePenalty *float64
	Bias                              []sample.Bias
}

func readTopP(o *Object, r *Request) {
	r.Sampling.TopP = o.number("top_p", 0, 1)
	if p := r.Sampling.TopP; p != nil && *p == 0 {
		*p = math.SmallestNonzeroFloat32 // OpenAI allows 0: the likeliest token alone
	}
}

// readTopK takes -1 too, by which vLLM says that it is off.
func readTopK(o *Object, r *Request) {
	if k := o.whole("top_k", -1, math.MaxInt32); k != nil {
		n := max(0, int(*k))
		r.Sampling.TopK = &n
	}
}

func readSeed(o *Object, r *Request) {
	if s := o.whole("seed", math.MinInt64, math.MaxInt64); s != nil {
		n := uint64(*s)
		r.Sampling.Seed = &n
	}
}

// readRepeat reads our penalty, which looks at the last tokens, and that of vLLM,
// which looks at all of the prompt and the answer. How far ours looks is counted as
// llama.cpp does: 0 is nothing, which is no penalty, and -1 everything.
func readRepeat(o *Object, r *Request) {
	ours, all, last := o.number("repeat_penalty", 0, 100), o.number("repetition_penalty", 0, 100), o.whole("repeat_last_n", -1, math.MaxInt32)
	switch {
	case ours != nil && *ours == 0:
		o.Fail(CodeValue, "repeat_penalty is 0, want more; 1 is off")
	case all != nil && *all == 0:
		o.Fail(CodeValue, "repetition_penalty is 0, want more; 1 is off")
	case ours != nil && all != nil && *ours != *all:
		o.Fail(CodeValue, "repeat_penalty is %v and repetition_penalty is %v: give one", *ours, *all)
	}
	s := &r.Sampling
	s.RepeatPenalty = ours
	if all != nil {
		whole := -1
		s.RepeatPenalty, s.RepeatLastN = all, &whole
	}
	if last == nil {
		return
	}
	n := int(*last)
	if s.RepeatLastN = &n; n == 0 {
		off := 1.0
		s.RepeatPenalty = &off
	}
}

// readBias reads what is added to the logits of tokens: OpenAI's object of ids and
// numbers, or the list of pairs that llama.cpp takes as well.
func readBias(o *Object, r *Request) {
	const want = "an object of token ids and numbers from -100 to 100"
	raw, _ := o.Get("logit_bias")
	var pairs [][2]json.RawMessage
	if kindOf(raw) == "a list" {
		if json.Unmarshal(raw, &pairs) != nil {
			o.wrong("logit_bias", raw, want)
		}
	} else {
		b := o.object("logit_bias", raw)
		for _, id := range slices.Sorted(maps.Keys(b.m)) {
			pairs = append(pairs, [2]json.RawMessage{json.RawMessage(id), b.m[id]})
		}
	}
	if len(pairs) > maxBias {
		o.Fail(CodeValue, "logit_bias has %d tokens, want at most %d", len(pairs), maxBias)
		return
	}
	for _, p := range pairs {
		id, ok := Whole(p[0])
		var add float64
		if !ok || id < 0 || id > math.MaxInt32 || kindOf(p[1]) != "a number" || json.Unmarshal(p[1], &add) != nil || math.Abs(add) > 100 {
			o.Fail(CodeValue, "logit_bias has %s: %s, want %s", Shortened(string(p[0])), Shortened(compact(p[1])), want)
			return
		}
		r.Sampling.Bias = append(r.Sampling.Bias, sample.Bias{ID: int32(id), Add: add})
	}
}
