package shaders_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/stages/sample"
)

// sampledOn is the two kernels of the sampler, one after the other.
type sampledOn struct {
	b    *bench
	rows []graph.SampleRow
}

// openSampler loads both kernels for rows of n logits. Row j asks what rows[j] does, of
// logits that are the same for all or a row for each.
func openSampler(t *testing.T, n int, rows []graph.SampleRow, logits []float32, allowed []uint32, recent []uint32) *sampledOn {
	t.Helper()
	count := len(rows)
	list := make([]graph.StepRow, count)
	outs := make([]uint32, count)
	for j := range list {
		list[j], outs[j] = graph.StepRow{Slot: uint32(j), Position: 40}, uint32(j)
	}
	l := graph.StepLayout{Rows: count, Outs: count, Pages: 1}
	step := make([]uint32, l.Words())
	l.Fill(step, list, outs, nil)
	partials := (n + graph.ArgMaxPartialSize - 1) / graph.ArgMaxPartialSize
	words := func(name string, data []byte, shape ...uint64) tensor { return tensor{name, quant.U32, shape, data} }
	s := &sampledOn{rows: rows}
	args := []tensor{words("step", u32Bytes(step), uint64(len(step))), s.asks(), words("mask", u32Bytes(allowed), uint64((n+31)/32), uint64(count)),
		{"logits", quant.F32, graph.Shape{uint64(n), uint64(count)}, f32Bytes(logits)},
		words("recent", u32Bytes(recent), graph.SampleRecent, uint64(count)),
		words("partials", fill(graph.SamplePartialWords*partials*count, unwritten), graph.SamplePartialWords, uint64(partials), uint64(count))}
	base := testCase{work: [3]uint32{uint32(n), uint32(count), 1}, params: []uint32{uint32(n)}}
	first, second := base, base
	first.name, first.kernel, first.args = "partials", graph.Kernel{Op: graph.OpSamplePartials, Type: quant.F32}, args
	second.name, second.kernel = "draw", graph.Kernel{Op: graph.OpSampleDraw, Type: quant.F32}
	second.args = []tensor{args[0], args[1], args[2], args[3], args[5], args[4],
		words("sampled", fill(count, unwritten), uint64(count)), words("probs", fill(graph.SampleProbsWords*count, unwritten), graph.SampleProbsWords, uint64(count))}
	s.b = open(t, 0)
	s.b.load(t, []testCase{first, second})
	return s
}

// asks is the buffer of what the rows ask now.
func (s *sampledOn) asks() tensor {
	l := graph.SampleLayout{Outs: len(s.rows), Touched: 80 * len(s.rows)}
	words := make([]uint32, l.Words())
	l.Fill(words, s.rows)
	return tensor{"sampling", quant.U32, graph.Shape{uint64(len(words))}, u32Bytes(words)}
}

// do gives each row's token and how many tokens were kept.
func (s *sampledOn) do(t *testing.T) (ids, kept []uint32) {
	t.Helper()
	s.b.cases[0].args[1], s.b.cases[1].args[1] = s.asks(), s.asks()
	s.b.cases[1].args[4].data = s.b.do(t, 0)["partials"]
	out := s.b.do(t, 1)
	for j := range s.rows {
		ids = append(ids, binary.LittleEndian.Uint32(out["sampled"][4*j:]))
		kept = append(kept, binary.LittleEndian.Uint32(out["probs"][4*graph.SampleProbsWords*j:]))
	}
	return ids, kept
}

// outcome is what a row may give, in float64.
type outcome struct {
	order []int32   // all tokens that are not forbidden, the likeliest first
	logit []float64 // of every token, changed
}

func outcomeOf(r *graph.SampleRow, logits []float32, allowed, recent []uint32) outcome {
	p := sample.Params{RepeatPenalty: float64(r.Repeat), FrequencyPenalty: float64(r.Frequency), PresencePenalty: float64(r.Presence)}
	changes := map[int32]sample.Change{}
	for _, c := range r.Touched {
		changes[int32(c.ID)] = sample.Change{ID: int32(c.ID), Count: int(c.Count), Repeated: c.Repeated, Bias: float64(c.Bias)}
	}
	for i := range int(r.Flying) {
		id := int32(recent[(40-i)%graph.SampleRecent])
		c := changes[id]
		c.ID, c.Count, c.Repeated = id, c.Count+1, c.Repeated || i < int(r.Window)
		changes[id] = c
	}
	var w outcome
	for id, l := range logits {
		if r.Masked && allowed[id/32]>>(id%32)&1 == 0 || math.IsInf(float64(l), -1) {
			w.logit = append(w.logit, math.Inf(-1))
			continue
		}
		if c, ok := changes[int32(id)]; ok {
			l = p.Changed(l, c)
		}
		w.logit, w.order = append(w.logit, float64(l)), append(w.order, int32(id))
	}
	slices.SortStableFunc(w.order, func(a, b int32) int {
		switch x, y := w.logit[a], w.logit[b]; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return w
}

// keeps is how many tokens the filters keep with all thresholds moved by that much.
func (w *outcome) keeps(r *graph.SampleRow, moved float64) int {
	kept := w.order
	if r.Temperature == 0 {
		return 1
	}
	if r.TopK > 0 && int(r.TopK) < len(kept) {
		kept = kept[:r.TopK]
	}
	best, whole := w.logit[kept[0]], 0.0
	for _, id := range kept {
		whole += math.Exp(w.logit[id] - best)
	}
	n, sum := len(kept), 0.0
	for i, id := range kept {
		q := math.Exp(w.logit[id] - best)
		if float64(r.MinP) > 0 && q < float64(r.MinP)-moved {
			n = max(1, i)
			break
		}
		if sum += q; r.TopP < 1 && sum/whole >= float64(r.TopP)+moved {
			n = i + 1
			break
		}
	}
	return n
}

// draws tells whether a token is one that the draw may give where so many are kept: the
// draw lies no farther than that from the token's part of the whole.
func (w *outcome) draws(r *graph.SampleRow, kept int, id uint32, far float64) bool {
	if r.Temperature == 0 {
		return id == uint32(w.order[0])
	}
	ids := slices.Clone(w.order[:kept])
	slices.Sort(ids)
	best, whole, before, own := w.logit[w.order[0]], 0.0, 0.0, 0.0
	for _, i := range ids {
		q := math.Exp((w.logit[i] - best) / float64(r.Temperature))
		switch whole += q; {
		case uint32(i) < id:
			before += q
		case uint32(i) == id:
			own = q
		}
	}
	u := float64(r.Draw)
	return own > 0 && before/whole-far <= u && u <= (before+own)/whole+far
}

// TestSampleAsHost: settings drawn by chance, on rows as long as the vocabulary, with
// ties, infinities and masks: the kept tokens are those of float64 but for some within
// 1e-6 of a threshold, and the draw gives the same token unless it lies within 1e-5 of
// that token's border.
func TestSampleAsHost(t *testing.T) {
	const vocab, rows, rounds = 151936, 16, 3
	has, _ := capabilities(t)
	cpu := slices.Contains(has, "cpu")
	for _, n := range []int{sampleSearched, vocab} {
		r := rand.New(rand.NewPCG(11, uint64(n)))
		pick := func(xs ...float32) float32 { return xs[r.IntN(len(xs))] }
		logits, allowed, recent := make([]float32, n*rows), make([]uint32, (n+31)/32*rows), make([]uint32, graph.SampleRecent*rows)
		for i := range logits {
			logits[i] = float32(r.NormFloat64() * 2.5)
			switch r.IntN(40) {
			case 0:
				logits[i] = float32(math.Inf(-1))
			case 1:
				logits[i] = float32(math.Round(r.NormFloat64() * 3)) // ties
			}
		}
		for range rows * 40 {
			logits[r.IntN(len(logits))] = float32(8 + 6*r.Float64())
		}
		for i := range allowed {
			allowed[i] = r.Uint32()
		}
		for i := range recent {
			recent[i] = uint32(r.IntN(n))
		}
		asks := make([]graph.SampleRow, rows)
		s := openSampler(t, n, asks, logits, allowed, recent)
		for range rounds {
			for j := range asks {
				a := graph.SampleRow{Temperature: pick(0.3, 0.7, 1, 1.7, 0), TopK: uint32(pick(0, 1, 5, 20, 40, 300, 1e6)), TopP: pick(1, 0.3, 0.8, 0.95),
					MinP: pick(0, 0, 0.05, 0.3), Repeat: pick(1, 1.05, 1.3, 0.8), Frequency: pick(0, 0.3), Presence: pick(0, 0.9), Window: uint32(r.IntN(20)),
					Flying: uint32(r.IntN(16)), Masked: r.IntN(3) == 0, Draw: float32(sample.Uniform(3, r.Uint64()))}
				for _, id := range r.Perm(n)[:r.IntN(80)] {
					a.Touched = append(a.Touched, graph.SampleToken{ID: uint32(id), Count: uint32(r.IntN(3)), Repeated: r.IntN(2) == 0, Bias: float32(r.NormFloat64())})
				}
				if cpu && n > sampleSearched {
					a = sampleListed(a)
				}
				asks[j] = a
			}
			ids, kept := s.do(t)
			for j := range asks {
				a := &asks[j]
				w := outcomeOf(a, logits[j*n:][:n], allowed[j*((n+31)/32):], recent[j*graph.SampleRecent:])
				least, most := w.keeps(a, -1e-6), w.keeps(a, 1e-6)
				least, most = min(least, most), max(least, most)
				k := int(kept[j])
				if k == 0 {
					k = len(w.order) // all
				}
				if k < least || k > most {
					t.Errorf("n=%d, %+v: %d tokens are kept, wanted %d to %d", n, *a, k, least, most)
				} else if !w.draws(a, k, ids[j], 1e-5) {
					t.Errorf("n=%d, %+v: token %d is not the one drawn", n, *a, ids[j])
				}
			}
		}
	}
}

// TestSampleDistribution: chi-square over 20,000 draws of the device, against the 0.999
// quantile of its distribution by Wilson and Hilferty's formula.
func TestSampleDistribution(t *testing.T) {
	const n, rows, rounds = 60, 500, 40
	r := rand.New(rand.NewPCG(3, 4))
	one := make([]float32, n)
	for i := range one {
		one[i] = float32(r.NormFloat64() * 1.5)
	}
	var logits []float32
	for range rows {
		logits = append(logits, one...)
	}
	for seed, a := range []graph.SampleRow{{Temperature: 1, TopP: 1, Repeat: 1}, {Temperature: 0.7, TopK: 20, TopP: 0.8, Repeat: 1}, {Temperature: 2, TopP: 0.97, Repeat: 1}} {
		asks := make([]graph.SampleRow, rows)
		s := openSampler(t, n, asks, logits, make([]uint32, 2*rows), make([]uint32, graph.SampleRecent*rows))
		counts := make([]float64, n)
		for round := range rounds {
			for j := range asks {
				asks[j] = a
				asks[j].Draw = float32(sample.Uniform(uint64(seed), uint64(round*rows+j)))
			}
			ids, _ := s.do(t)
			for _, id := range ids {
				counts[id]++
			}
		}
		w := outcomeOf(&a, one, nil, nil)
		ids := w.order[:w.keeps(&a, 0)]
		whole := 0.0
		for _, id := range ids {
			whole += math.Exp(w.logit[id] / float64(a.Temperature))
		}
		chi, cells, rest, restWant := 0.0, 0.0, float64(rows*rounds), float64(rows*rounds)
		for _, id := range ids { // cells that expect under 10 go together
			if want := rows * rounds * math.Exp(w.logit[id]/float64(a.Temperature)) / whole; want >= 10 {
				chi += (counts[id] - want) * (counts[id] - want) / want
				cells, rest, restWant = cells+1, rest-counts[id], restWant-want
			}
		}
		if restWant > 1 {
			chi, cells = chi+(rest-restWant)*(rest-restWant)/restWant, cells+1
		}
		k := cells - 1
		if limit := k * math.Pow(1-2/(9*k)+3.0902*math.Sqrt(2/(9*k)), 3); cells < 3 || chi > limit {
			t.Errorf("%+v: chi-square %.1f over %.0f cells, want at most %.1f", a, chi, cells, limit)
		}
	}
}
