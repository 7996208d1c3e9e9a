package ref

import (
	"fmt"
	"math"
	"slices"

	"moeflow/graph"
	"moeflow/stages/sample"
)

// samplerRow is what one output row asks of the sampler, as graph/sample.go has it.
type samplerRow struct {
	params   sample.Params
	changes  []sample.Change
	allowed  sample.Mask // nil: all
	probs    bool
	likely   int
	draw     float64
	position int // of the token
	slot     int
}

func (c *call) samplerRow(j int, sampling, mask, recent *value, n int) (r samplerRow, err error) {
	out := int(c.step.outs[j])
	if out >= c.step.rows {
		return r, fmt.Errorf("output %d is row %d of %d", j, out, c.step.rows)
	}
	row := c.step.row(out)
	r.position, r.slot = int(row.Position)+1, int(row.Slot)
	w := sampling.words[graph.SampleRowWords*j:]
	f := func(i int) float64 { return float64(math.Float32frombits(w[i])) }
	r.params = sample.Params{Temperature: f(1), TopK: int(w[2]), TopP: f(3), MinP: f(4), RepeatPenalty: f(5), FrequencyPenalty: f(6), PresencePenalty: f(7)}
	r.draw, r.probs, r.likely = f(8), w[0]&graph.SampleProbs != 0, int(w[13])
	if w[0]&graph.SampleMasked != 0 {
		r.allowed = mask.words[j*sample.MaskWords(n):][:sample.MaskWords(n)]
	}
	for i := range int(w[11]) {
		t := sampling.words[int(w[12])+graph.SampleTouched*i:]
		r.changes = append(r.changes, sample.Change{ID: int32(t[0]), Count: int(t[1] >> 1), Repeated: t[1]&1 != 0, Bias: float64(math.Float32frombits(t[2]))})
	}
	for i := range int(w[10]) {
		id := int32(recent.words[graph.SampleRecent*r.slot+(r.position-1-i)%graph.SampleRecent])
		at := slices.IndexFunc(r.changes, func(c sample.Change) bool { return c.ID == id })
		if at < 0 {
			at, r.changes = len(r.changes), append(r.changes, sample.Change{ID: id})
		}
		r.changes[at].Count++
		r.changes[at].Repeated = r.changes[at].Repeated || i < int(w[9])
	}
	return r, nil
}

// changed is a row of logits after mask, bias and penalties.
func (r *samplerRow) changed(logits []float64) []float32 {
	row := narrow(logits)
	for _, c := range r.changes {
		if c.ID >= 0 && int(c.ID) < len(row) {
			row[c.ID] = r.params.Changed(row[c.ID], c)
		}
	}
	for id := range row {
		if r.allowed != nil && !r.allowed.Has(int32(id)) {
			row[id] = float32(math.Inf(-1))
		}
	}
	return row
}

func narrow(x []float64) []float32 {
	out := make([]float32, len(x))
	for i, f := range x {
		out[i] = float32(f)
	}
	return out
}

func samplePartials(c *call) error {
	sampling, mask, logits, recent, partials := c.args[1], c.args[2], c.args[3], c.args[4], c.args[5]
	n := c.uint(0)
	count := (n + graph.ArgMaxPartialSize - 1) / graph.ArgMaxPartialSize
	for j := range c.step.outs {
		r, err := c.samplerRow(j, sampling, mask, recent, n)
		if err != nil {
			return err
		}
		raw := logits.floats[j*n : (j+1)*n]
		changed := make([]float64, n)
		widen(changed, r.changed(raw))
		for p := range count {
			first := p * graph.ArgMaxPartialSize
			last := min(first+graph.ArgMaxPartialSize, n)
			r.partial(partials.words[(j*count+p)*graph.SamplePartialWords:], raw[first:last], changed[first:last], first, n)
		}
	}
	return nil
}

// partial writes what is said of tokens first on, of a vocabulary of n.
func (r *samplerRow) partial(to []uint32, raw, changed []float64, first, n int) {
	if r.probs {
		best, at := largest(raw)
		to[4] = word(best)
		if at != graph.NoToken {
			to[5] = word(sumNear(raw, best, 1))
		}
		if !math.IsInf(best, 1) {
			list(to[6+2*graph.SampleCandidates:], raw, min(r.likely, graph.SampleLikeliest), first)
		}
	}
	best, at := largest(changed)
	to[0], to[1] = word(best), at
	if at != graph.NoToken {
		to[1] += uint32(first)
	}
	if t := r.params.Temperature; t > 0 && at != graph.NoToken {
		to[2], to[3] = word(sumNear(changed, best, 1)), word(sumNear(changed, best, t))
	}
	if k := r.candidates(n); k > 1 && !math.IsInf(best, 1) {
		list(to[6:], changed, k, first)
	}
}

// candidates is how many tokens of a partial are listed; 1 needs no list.
func (r *samplerRow) candidates(n int) int {
	p, most := &r.params, graph.SampleMerged(n)
	switch {
	case p.Temperature == 0 || r.all(n):
		return 1
	case p.TopK > 0 && p.TopK < n:
		return min(p.TopK, most)
	}
	return most
}

// all tells whether no filter takes any token out.
func (r *samplerRow) all(n int) bool {
	p := &r.params
	return p.Temperature > 0 && (p.TopK == 0 || p.TopK >= n) && p.TopP >= 1 && p.MinP <= 0
}

func word(f float64) uint32 { return math.Float32bits(float32(f)) }

func sumNear(row []float64, best, temperature float64) float64 {
	sum := 0.0
	for _, l := range row {
		sum += math.Exp((l - best) / temperature)
	}
	return sum
}

// list writes the k first tokens by logit, and behind the last one minus infinity and
// no id.
func list(to []uint32, row []float64, k, first int) {
	ids := sample.Likeliest(narrow(row), k)
	for i := range k {
		to[2*i], to[2*i+1] = word(math.Inf(-1)), graph.NoToken
		if i < len(ids) && !math.IsInf(row[ids[i]], -1) {
			to[2*i], to[2*i+1] = word(row[ids[i]]), uint32(first)+uint32(ids[i])
		}
	}
}

func sampleDraw(c *call) error {
	sampling, mask, logits, recent, sampled, probs := c.args[1], c.args[2], c.args[3], c.args[5], c.args[6], c.args[7]
	n := c.uint(0)
	for j := range c.step.outs {
		r, err := c.samplerRow(j, sampling, mask, recent, n)
		if err != nil {
			return err
		}
		if r.slot >= len(sampled.words) {
			return fmt.Errorf("output %d samples into slot %d of %d", j, r.slot, len(sampled.words))
		}
		s, err := sample.New(r.params, n)
		if err != nil {
			return err
		}
		raw := logits.floats[j*n : (j+1)*n]
		token := uint32(graph.NoToken)
		id, err := s.Draw(r.changed(raw), r.draw)
		if err == nil {
			token = uint32(id)
		}
		sampled.words[r.slot] = token
		recent.words[graph.SampleRecent*r.slot+r.position%graph.SampleRecent] = token
		to := probs.words[graph.SampleProbsWords*j:]
		if to[0] = uint32(s.Kept()); r.all(n) {
			to[0] = 0
		}
		if r.probs {
			r.logProbs(to, narrow(raw), token)
		}
	}
	return nil
}

// logProbs writes the log probabilities of a token and of the likeliest: NaN where a logit
// is no number, no token and -Inf behind the last that there is.
func (r *samplerRow) logProbs(to []uint32, row []float32, token uint32) {
	k := min(r.likely, graph.SampleLikeliest)
	ids := slices.DeleteFunc(sample.Likeliest(row, k), func(id int32) bool { return math.IsInf(float64(row[id]), -1) })
	found := len(ids)
	if token != graph.NoToken {
		ids = append(ids, int32(token))
	}
	logs, err := sample.LogProbs(row, ids)
	at := func(i int) float64 {
		if err != nil || i >= len(logs) {
			return math.NaN()
		}
		return logs[i]
	}
	to[1] = word(math.NaN())
	if token != graph.NoToken {
		to[1] = word(at(len(ids) - 1))
	}
	for i := range k {
		to[2+2*i], to[3+2*i] = graph.NoToken, word(math.Inf(-1))
		switch {
		case err != nil:
			to[3+2*i] = word(math.NaN())
		case i < found:
			to[2+2*i], to[3+2*i] = uint32(ids[i]), word(at(i))
		}
	}
}
