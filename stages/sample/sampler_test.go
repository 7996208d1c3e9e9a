package sample

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// row is a row of logits as a model gives them: a wide bell with equal values
// among it, some masked out, and a few that stand out.
func row(r *rand.Rand, n int) []float32 {
	l := make([]float32, n)
	for i := range l {
		l[i] = float32(math.Round(r.NormFloat64()*40) / 20)
		if r.IntN(20) == 0 {
			l[i] = float32(math.Inf(-1))
		}
	}
	for range 1 + n/50 {
		l[r.IntN(n)] = float32(r.IntN(8))
	}
	return l
}

// adjusted is the logits of a row after mask, bias and penalties.
func adjusted(p Params, row Row) []float64 {
	out := make([]float64, len(row.Logits))
	seen := row.History
	if last := map[int]int{0: DefaultRepeatLastN, -1: len(seen), 3: 3}[p.RepeatLastN]; len(seen) > last {
		seen = seen[len(seen)-last:]
	}
	for i, x := range row.Logits {
		id, l := int32(i), float64(x)
		for _, b := range p.Bias {
			if b.ID == id {
				l += b.Add
			}
		}
		if slices.Contains(seen, id) {
			if l > 0 {
				l /= p.RepeatPenalty
			} else {
				l *= p.RepeatPenalty
			}
		}
		count := 0.0
		for _, h := range row.History[row.Prompt:] {
			if h == id {
				count++
			}
		}
		if l -= p.FrequencyPenalty * count; count > 0 {
			l -= p.PresencePenalty
		}
		if row.Allowed != nil && row.Allowed[i/32]&(1<<(i%32)) == 0 {
			l = math.Inf(-1)
		}
		out[i] = float64(float32(l))
	}
	return out
}

// cand is a token with its logit and probability.
type cand struct {
	id   int32
	l, q float64
}

// survivors is the chain of filters written straight from the package comment,
// with a sort: the ids that may be drawn, and their probabilities.
func survivors(p Params, row Row) map[int32]float64 {
	var cs []cand
	for i, l := range adjusted(p, row) {
		cs = append(cs, cand{id: int32(i), l: l})
	}
	slices.SortStableFunc(cs, func(a, b cand) int {
		if a.l > b.l {
			return -1
		} else if a.l < b.l {
			return 1
		}
		return 0
	})
	softmax := func(t float64) {
		sum := 0.0
		for i := range cs {
			cs[i].q = math.Exp((cs[i].l - cs[0].l) / t)
			sum += cs[i].q
		}
		for i := range cs {
			cs[i].q /= sum
		}
	}
	if p.TopK > 0 {
		cs = cs[:min(p.TopK, len(cs))]
	}
	softmax(1)
	if p.TopP < 1 {
		sum := 0.0
		for i := range cs {
			if sum += cs[i].q; sum >= p.TopP {
				cs = cs[:i+1]
				break
			}
		}
	}
	least := p.MinP * cs[0].q
	cs = slices.DeleteFunc(cs, func(c cand) bool { return c.q < least })
	softmax(p.Temperature)
	out := map[int32]float64{}
	for _, c := range cs {
		if c.q > 0 {
			out[c.id] = c.q
		}
	}
	return out
}

// probabilities are those of the candidates after Pick.
func probabilities(s *Sampler) map[int32]float64 {
	sum := 0.0
	for _, t := range s.tokens {
		sum += t.w
	}
	out := map[int32]float64{}
	for _, t := range s.tokens {
		if t.w > 0 {
			out[t.id] = t.w / sum
		}
	}
	return out
}

// The filters, alone and together, leave the tokens and the probabilities that
// the straightforward way leaves.
func TestFiltersAgainstReference(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(xs ...float64) float64 { return xs[r.IntN(len(xs))] }
	for trial := range 3000 {
		n := []int{1, 2, 3, 7, 64, 257, 1000}[r.IntN(7)]
		p := Params{
			Temperature:   pick(0.1, 0.7, 1, 3),
			TopK:          int(pick(0, 1, 2, 5, 20, 300, 5000)),
			TopP:          pick(1, 1, 1e-9, 0.3, 0.8123, 0.99),
			MinP:          pick(0, 0, 0.05, 0.5, 1),
			RepeatPenalty: pick(1, 1, 1.3, 0.7),
			RepeatLastN:   int(pick(0, -1, 3)),
			Seed:          r.Uint64(),

			FrequencyPenalty: pick(0, 0, 0.5, -0.25),
			PresencePenalty:  pick(0, 0, 1.5, -1),
		}
		logits := row(r, n)
		logits[r.IntN(n)] = 1
		for _, id := range r.Perm(n)[:min(n, r.IntN(4))] {
			p.Bias = append(p.Bias, Bias{int32(id), r.Float64()*4 - 2})
		}
		var history []int32
		for range r.IntN(100) {
			history = append(history, int32(r.IntN(n)))
		}
		at := Row{Logits: logits, History: history, Prompt: r.IntN(len(history) + 1), Position: uint64(trial)}
		if r.IntN(3) == 0 {
			at.Allowed = make(Mask, MaskWords(n))
			for range 1 + r.IntN(n) {
				id := r.IntN(n)
				at.Allowed.Allow(int32(id))
				logits[id] = max(logits[id], float32(r.NormFloat64())) // so that not all are -Inf
			}
			if id := r.IntN(n); !at.Allowed.Has(int32(id)) {
				logits[id] = float32(math.NaN()) // what is not allowed may be anything
			}
		}
		s, err := New(p, n)
		if err != nil {
			t.Fatal(err)
		}
		before := slices.Clone(logits)
		id, err := s.Pick(at)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(before, logits, func(a, b float32) bool { return a == b || a != a && b != b }) {
			t.Fatalf("%+v: Pick wrote into the caller's logits", p)
		}
		want, got := survivors(p, at), probabilities(s)
		if len(want) != len(got) {
			t.Fatalf("trial %d, %+v, %d logits: %d tokens are left, want %d", trial, p, n, len(got), len(want))
		}
		for id, q := range want {
			if math.Abs(q-got[id]) > 1e-9 {
				t.Fatalf("trial %d, %+v: token %d has probability %g, want %g", trial, p, id, got[id], q)
			}
		}
		if want[id] == 0 {
			t.Fatalf("trial %d, %+v: picked %d, which was filtered out", trial, p, id)
		}
	}
}

func TestGreedy(t *testing.T) {
	inf := float32(math.Inf(-1))
	for _, c := range []struct {
		logits []float32
		want   int32
	}{
		{[]float32{0}, 0}, {[]float32{1, 3, 3, 2}, 1}, {[]float32{-5, -4, -4}, 1},
		{[]float32{inf, inf, -math.MaxFloat32}, 2}, {[]float32{0, float32(math.Copysign(0, -1))}, 0},
	} {
		s, err := New(Greedy(), len(c.logits))
		if err != nil {
			t.Fatal(err)
		}
		if id, err := s.Pick(Row{Logits: c.logits}); err != nil || id != c.want {
			t.Errorf("greedy over %v picks %d (%v), want %d", c.logits, id, err, c.want)
		}
	}
	// A penalty counts for greedy picks too, once for a token seen twice.
	p := Greedy()
	p.RepeatPenalty = 2
	s, _ := New(p, 3)
	if id, err := s.Pick(Row{Logits: []float32{4, 3, -1}, History: []int32{0, 0}}); err != nil || id != 1 {
		t.Errorf("with a penalty, picked %d (%v), want 1", id, err)
	}
	if id, err := s.Pick(Row{Logits: []float32{4, 1.9, -1}, History: []int32{0, 0}}); err != nil || id != 0 {
		t.Errorf("the penalty of a token seen twice counts twice: picked %d (%v), want 0", id, err)
	}
	if id, err := s.Pick(Row{Logits: []float32{-3, -1, -1.9}, History: []int32{1}}); err != nil || id != 2 {
		t.Errorf("a negative logit is not multiplied: picked %d (%v), want 2", id, err)
	}
}

func TestErrors(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	s, err := New(Params{Temperature: 1, TopP: 0.9, RepeatPenalty: 1.1}, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		logits  []float32
		history []int32
		want    string
	}{
		{[]float32{1, nan, 2}, nil, "not finite: that of token 1 is NaN"},
		{[]float32{nan, nan, nan}, nil, "not finite: that of token 0 is NaN"},
		{[]float32{1, 2, inf}, nil, "not finite: that of token 2 is +Inf"},
		{[]float32{-inf, -inf, -inf}, nil, "not finite: all 3 are -Inf"},
		{[]float32{1, 2}, nil, "2 logits, want one for each of 3"},
		{[]float32{1, 2, 3}, []int32{3}, "token 3 of the history is outside"},
		{[]float32{1, 2, 3}, []int32{-1}, "token -1 of the history is outside"},
	} {
		if _, err := s.Pick(Row{Logits: c.logits, History: c.history}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Pick(%v, %v) says %v, want %q", c.logits, c.history, err, c.want)
		}
	}
	bad := math.NaN()
	for want, p := range map[string]Params{
		"temperature is NaN":    {Temperature: bad, TopP: 1, RepeatPenalty: 1},
		"temperature is -1":     {Temperature: -1, TopP: 1, RepeatPenalty: 1},
		"top_k is -1":           {TopK: -1, TopP: 1, RepeatPenalty: 1},
		"top_p is 0":            {RepeatPenalty: 1},
		"min_p is 2":            {TopP: 1, MinP: 2, RepeatPenalty: 1},
		"repeat_penalty is 0":   {TopP: 1},
		"repeat_penalty is NaN": {TopP: 1, RepeatPenalty: bad},

		"frequency_penalty is NaN":      {TopP: 1, RepeatPenalty: 1, FrequencyPenalty: bad},
		"presence_penalty is +Inf":      {TopP: 1, RepeatPenalty: 1, PresencePenalty: math.Inf(1)},
		"logit_bias names token 3,":     {TopP: 1, RepeatPenalty: 1, Bias: []Bias{{3, 1}}},
		"logit_bias names token -1":     {TopP: 1, RepeatPenalty: 1, Bias: []Bias{{-1, 1}}},
		"logit_bias of token 2 is -Inf": {TopP: 1, RepeatPenalty: 1, Bias: []Bias{{2, math.Inf(-1)}}},
		"names token 1 twice":           {TopP: 1, RepeatPenalty: 1, Bias: []Bias{{1, 1}, {1, 2}}},
	} {
		if _, err := New(p, 3); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(%+v) says %v, want %q", p, err, want)
		}
	}
	if _, err := New(Greedy(), 0); err == nil {
		t.Error("an empty vocabulary is no error")
	}
}

// Draws follow the probabilities: chi-square over 40,000 draws, against the
// 0.999 quantile of its distribution by Wilson and Hilferty's formula.
func TestDistribution(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	logits := row(r, 50)
	for _, p := range []Params{
		{Temperature: 1, TopP: 1, RepeatPenalty: 1, Seed: 11},
		{Temperature: 0.7, TopK: 20, TopP: 0.8, RepeatPenalty: 1.05, Seed: 12},
		{Temperature: 2, TopP: 1, MinP: 0.01, RepeatPenalty: 1, Seed: 1 << 40},
	} {
		const draws = 40000
		s, err := New(p, len(logits))
		if err != nil {
			t.Fatal(err)
		}
		counts := map[int32]int{}
		for n := range uint64(draws) {
			id, err := s.Pick(Row{Logits: logits, Position: n})
			if err != nil {
				t.Fatal(err)
			}
			counts[id]++
		}
		chi, cells, rest, restWant := 0.0, 0, draws, float64(draws)
		for id, q := range survivors(p, Row{Logits: logits}) {
			// Cells that expect under 10 go together.
			if want := q * draws; want >= 10 {
				chi += math.Pow(float64(counts[id])-want, 2) / want
				cells, rest, restWant = cells+1, rest-counts[id], restWant-want
			}
		}
		if restWant > 1 {
			chi += math.Pow(float64(rest)-restWant, 2) / restWant
			cells++
		}
		k := float64(cells - 1)
		limit := k * math.Pow(1-2/(9*k)+3.0902*math.Sqrt(2/(9*k)), 3)
		if cells < 3 || chi > limit {
			t.Errorf("%+v: chi-square %.1f over %d cells, want at most %.1f", p, chi, cells, limit)
		}
	}
}

// A draw depends on seed and position alone.
func TestReproducible(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	rows := make([][]float32, 30)
	for i := range rows {
		rows[i] = row(r, 200)
	}
	p := Params{Temperature: 1, TopK: 50, TopP: 0.95, RepeatPenalty: 1, Seed: 7}
	text := func(order []int) string {
		s, err := New(p, 200)
		if err != nil {
			t.Fatal(err)
		}
		ids := make([]int32, len(rows))
		for _, i := range order {
			if ids[i], err = s.Pick(Row{Logits: rows[i], Position: uint64(i)}); err != nil {
				t.Fatal(err)
			}
		}
		return fmt.Sprint(ids)
	}
	order := r.Perm(len(rows))
	first := text(order)
	slices.Reverse(order)
	if second := text(order); first != second {
		t.Errorf("the order of picks changes them:\n%s\n%s", first, second)
	}
	p.Seed++
	if text(order) == first {
		t.Error("another seed gives the same tokens")
	}
}

func TestLogProbs(t *testing.T) {
	got, err := LogProbs([]float32{1, 2, 3, float32(math.Inf(-1))}, []int32{2, 0, 3})
	if err != nil {
		t.Fatal(err)
	}
	norm := math.Log(math.Exp(1) + math.Exp(2) + math.Exp(3))
	for i, want := range []float64{3 - norm, 1 - norm, math.Inf(-1)} {
		if !(math.Abs(got[i]-want) < 1e-12 || got[i] == want) {
			t.Errorf("log probability %d is %g, want %g", i, got[i], want)
		}
	}
	if _, err := LogProbs([]float32{1}, []int32{1}); err == nil {
		t.Error("an id outside the row is no error")
	}
	if _, err := LogProbs([]float32{float32(math.NaN())}, nil); err == nil {
		t.Error("NaN is no error")
	}
}
