package observe

import (
	"context"
	"slices"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/experts"
	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/graph"
	"moeflow/stages/sample"
)

// total adds up choices.
func total(rows [][]uint64) (sum uint64) {
	for _, row := range rows {
		for _, n := range row {
			sum += n
		}
	}
	return sum
}

func countsOf(t *testing.T, x *Experts) *experts.Counts {
	t.Helper()
	c, err := x.Counts()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestExpertCounts: every computed token chooses top_k experts in every layer,
// whichever kernels route and whatever the cut, and counting changes no token.
func TestExpertCounts(t *testing.T) {
	m, g := testmodel.Tiny(t), testmodel.Goldens(t)
	ids := g["go_ids"].Int32
	var first *experts.Counts
	for i, o := range []engine.Plans{
		{}, {Granularity: graph.PerStage}, {NoFuse: true}, {Pretend: []string{"gpu"}, Sync: "counter"}, {Buckets: enginetest.Buckets(1, 1, 20, 1)},
	} {
		o.Context, o.CountExperts = 256, true
		x := &Experts{}
		e := enginetest.Start(t, m, o, enginetest.Observer(x.Attach), enginetest.Slots(2+i))
		if got := greedy(t, e, ids, 64); !slices.Equal(got, g["go_greedy"].Int32) {
			t.Errorf("%+v: counting changes the tokens: %v", o, got)
		}
		c := countsOf(t, x)
		if c.PrefillTokens != uint64(len(ids)) || c.DecodeTokens != 63 { // the last token is not computed
			t.Errorf("%+v: %d and %d tokens, wanted %d and 63", o, c.PrefillTokens, c.DecodeTokens, len(ids))
		}
		each := uint64(m.Layers * m.TopK)
		if p, d := total(c.Prefill), total(c.Decode); p != c.PrefillTokens*each || d != c.DecodeTokens*each {
			t.Errorf("%+v: %d and %d choices, wanted %d and %d", o, p, d, c.PrefillTokens*each, c.DecodeTokens*each)
		}
		for l, row := range c.Layers() {
			if n := total([][]uint64{row}); n != c.Tokens()*uint64(m.TopK) {
				t.Errorf("%+v: layer %d has %d choices, wanted %d", o, l, n, c.Tokens()*uint64(m.TopK))
			}
		}
		if first == nil {
			first = c
		} else if d := distance(first, c); d > total(first.Prefill)/50 {
			// Kernels round differently, so a router's near tie may fall either way.
			t.Errorf("%+v: %d choices differ", o, d)
		}
		if _, err := generate.One(context.Background(), e, generate.Request{IDs: ids[:1], MaxTokens: 1, Sampling: sample.Greedy()}); err != nil {
			t.Fatal(err)
		}
		if again := countsOf(t, x); again.Tokens() != c.Tokens()+1 || total(again.Prefill) != total(c.Prefill)+each {
			t.Errorf("%+v: one more token brings %d tokens, %d choices", o, again.Tokens()-c.Tokens(), total(again.Prefill)-total(c.Prefill))
		}
	}
}

// distance is how many choices differ.
func distance(a, b *experts.Counts) (d uint64) {
	x, y := a.Layers(), b.Layers()
	for l := range x {
		for e := range x[l] {
			d += max(x[l][e], y[l][e]) - min(x[l][e], y[l][e])
		}
	}
	return d
}

// TestCountsWrapAround: the device's 32 bits are enough.
func TestCountsWrapAround(t *testing.T) {
	m := testmodel.Tiny(t)
	x := &Experts{}
	e := enginetest.Start(t, m, engine.Plans{Context: 64, CountExperts: true}, enginetest.Observer(x.Attach))
	for i := range x.seen {
		x.seen[i] = 0xffffffff // as if the device stood at -1 after this
	}
	greedy(t, e, []int32{1, 2, 3}, 1)
	c := countsOf(t, x)
	experts := uint64(len(c.Prefill[0]) * len(c.Prefill))
	if got, want := total(c.Prefill), uint64(3*m.Layers*m.TopK)+experts; got != want {
		t.Errorf("%d choices, wanted %d", got, want)
	}
}

// TestNoCountsUnlessAsked: without counting, the plan is the one without the op,
// dispatch for dispatch.
func TestNoCountsUnlessAsked(t *testing.T) {
	m := testmodel.Tiny(t)
	e := enginetest.Start(t, m, engine.Plans{Context: 64})
	x := &Experts{}
	if _, err := x.Attach(e); err == nil {
		t.Error("an engine that does not count is counted")
	}
	if _, err := x.Counts(); err == nil {
		t.Error("what counts nothing tells counts")
	}
	counting := enginetest.Start(t, m, engine.Plans{Context: 64, CountExperts: true})
	for i, p := range e.Plans {
		var rest []graph.Kernel
		for _, d := range counting.Plans[i].Dispatches {
			if d.Kernel.Op != graph.OpExpertCount {
				rest = append(rest, d.Kernel)
			}
		}
		if len(counting.Plans[i].Dispatches)-len(rest) != m.Layers || len(rest) != len(p.Dispatches) {
			t.Errorf("plan %d: %d dispatches, %d with counting, %d of them count", i, len(p.Dispatches), len(counting.Plans[i].Dispatches), len(counting.Plans[i].Dispatches)-len(rest))
			continue
		}
		for j, d := range p.Dispatches {
			if d.Kernel.Op == graph.OpExpertCount || d.Kernel != rest[j] {
				t.Errorf("plan %d: dispatch %d is %s, with counting %s", i, j, d.Kernel, rest[j])
			}
		}
	}
}
