package cli

import (
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/observe"
	"moeflow/cmd/moeflow/internal/watch"
)

// liveSource makes the events of a live page; graph/export/page/live.js lists
// them. It is used by one goroutine.
type liveSource struct {
	e       *engine.Engine
	live    *observe.Live
	counts  *observe.Experts
	told    [][]uint64 // counts of experts that readers know of
	samples []liveSample
	times   []time.Duration // the last that were sent
}

// liveSample is how far a run was at a moment.
type liveSample struct {
	at                time.Time
	prefilled, tokens uint64
}

// Every so many ticks bring experts, and times if there are new ones.
const (
	expertTicks = 3
	timesTicks  = 10
	rateTicks   = 20 // over which rates are taken
)

type liveSegment struct {
	Name  string `json:"name"`
	First int    `json:"first"` // dispatches First <= i < Last of the plan that is drawn
	Last  int    `json:"last"`
}

type liveHello struct {
	Segments []liveSegment `json:"segments"`
	Layers   int           `json:"layers"`
	Experts  int           `json:"experts"`
	TopK     int           `json:"top_k"`
	Counts   [][]uint64    `json:"counts"`
}

type liveState struct {
	Step        uint64  `json:"step"`
	Running     bool    `json:"running"`
	Phase       string  `json:"phase"`
	Rows        int     `json:"rows"`
	Segment     int     `json:"segment"`
	Busy        []bool  `json:"busy"`
	Depths      []int   `json:"depths"`
	Prefilled   uint64  `json:"prefilled"`
	Tokens      uint64  `json:"tokens"`
	TokenRate   float64 `json:"tokens_per_s"`
	PrefillRate float64 `json:"prefill_per_s"`
}

// hello is what a new reader has to know before it can follow.
func (l *liveSource) hello() []watch.Event {
	h := liveHello{TopK: l.e.Model.TopK, Counts: l.told}
	for _, s := range l.e.Plans[0].Segments {
		h.Segments = append(h.Segments, liveSegment{s.Name, s.First, s.Last})
	}
	if h.Layers = len(l.told); h.Layers > 0 {
		h.Experts = len(l.told[0])
	}
	out := []watch.Event{{Name: "hello", Data: h}, {Name: "state", Data: l.state()}}
	if len(l.times) > 0 {
		out = append(out, timesEvent(l.times))
	}
	return out
}

func timesEvent(times []time.Duration) watch.Event {
	ns := make([]int64, len(times))
	for i, d := range times {
		ns[i] = d.Nanoseconds()
	}
	return watch.Event{Name: "times", Data: ns}
}

func (l *liveSource) tick(n uint64) []watch.Event {
	if n == 0 {
		l.samples = nil // of when somebody looked before
	}
	out := []watch.Event{{Name: "state", Data: l.state()}}
	if fresh := l.experts(n); fresh != nil {
		out = append(out, watch.Event{Name: "experts", Data: fresh})
	}
	if s := l.live.Now().Times; n%timesTicks == 0 && len(s) > 0 && (len(l.times) == 0 || &s[0] != &l.times[0]) {
		l.times = s
		out = append(out, timesEvent(s))
	}
	return out
}

func (l *liveSource) state() liveState {
	s := l.live.Now()
	out := liveState{Step: s.Step, Running: s.Running, Phase: "prefill", Rows: s.Rows, Segment: s.Segment, Busy: s.Busy,
		Depths: s.Depths, Prefilled: s.Prefilled, Tokens: s.Tokens}
	if s.Decode {
		out.Phase = "decode"
	}
	now := liveSample{time.Now(), s.Prefilled, s.Tokens}
	if l.samples = append(l.samples, now); len(l.samples) > rateTicks {
		l.samples = l.samples[1:]
	}
	if before := l.samples[0]; now.at.After(before.at) {
		seconds := now.at.Sub(before.at).Seconds()
		out.TokenRate = float64(now.tokens-before.tokens) / seconds
		out.PrefillRate = float64(now.prefilled-before.prefilled) / seconds
	}
	return out
}

// experts is what was chosen since it was told last, nil while it is not yet
// time to tell.
func (l *liveSource) experts(n uint64) [][]uint64 {
	if n%expertTicks != 0 {
		return nil
	}
	c, err := l.counts.Counts()
	if err != nil {
		return nil
	}
	all := c.Layers()
	fresh := make([][]uint64, len(all))
	for i := range all {
		fresh[i] = append([]uint64(nil), all[i]...)
		for j := range fresh[i] {
			if l.told != nil {
				fresh[i][j] -= l.told[i][j]
			}
		}
	}
	l.told = all
	return fresh
}
