package cli

import (
	"context"
	"fmt"
	"slices"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/measure"
)

// loopLine compares decoding through the flow with a plain loop. Each of the
// pairs ran both, one right after the other, in turns which first.
type loopLine struct {
	Granularity string  `json:"granularity"`
	Segments    int     `json:"segments"`
	Pairs       int     `json:"pairs"`
	Steps       int     `json:"steps"` // of each run
	Flow        float64 `json:"flow_tokens_per_second_median"`
	Loop        float64 `json:"loop_tokens_per_second_median"`
	// Cost is how much longer the flow took than the loop of the same pair, in
	// percent: the median, and the quartiles.
	Cost  float64 `json:"cost_percent_median"`
	Lower float64 `json:"cost_percent_lower_quartile"`
	Upper float64 `json:"cost_percent_upper_quartile"`
}

// benchLoop measures one granularity, after a pair that does not count.
func (a *app) benchLoop(ctx context.Context, e *engine.Engine, granularity string, f benchFlags, rep *benchReport) error {
	l := loopLine{Granularity: granularity, Segments: e.Segments(), Pairs: f.repeat, Steps: f.generate}
	b, err := measure.NewBench(ctx, e, 1, f.depth)
	if err != nil {
		return err
	}
	defer b.Close()
	var flow, loop, cost []float64
	for i := range f.repeat + 1 {
		p, err := b.Pair(ctx, f.generate, i%2 == 1)
		if err != nil {
			return err
		}
		if i == 0 {
			continue
		}
		flow = append(flow, float64(f.generate)/p.Flow.Seconds())
		loop = append(loop, float64(f.generate)/p.Loop.Seconds())
		cost = append(cost, 100*(p.Flow.Seconds()/p.Loop.Seconds()-1))
	}
	l.Flow, l.Loop, l.Cost = quantile(flow, 2), quantile(loop, 2), quantile(cost, 2)
	l.Lower, l.Upper = quantile(cost, 1), quantile(cost, 3)
	rep.Loops = append(rep.Loops, l)
	return nil
}

// quantile is the value that so many quarters of the list lie below, between
// its neighbours where it falls between two.
func quantile(list []float64, quarters int) float64 {
	s := slices.Sorted(slices.Values(list))
	at := float64(len(s)-1) * float64(quarters) / 4
	i := int(at)
	if i+1 == len(s) {
		return s[i]
	}
	return s[i] + (at-float64(i))*(s[i+1]-s[i])
}

func (a *app) printLoops(lines []loopLine) error {
	if len(lines) == 0 {
		return nil
	}
	fmt.Fprintf(a.told(), "\n%-7s %5s %5s %12s %12s   %s\n", "cut", "segs", "pairs", "flow tok/s", "loop tok/s", "the flow's cost: median (quartiles)")
	for _, l := range lines {
		if _, err := fmt.Fprintf(a.told(), "%-7s %5d %5d %12.1f %12.1f   %+.2f%% (%+.2f%% to %+.2f%%)\n", l.Granularity, l.Segments, l.Pairs,
			l.Flow, l.Loop, l.Cost, l.Lower, l.Upper); err != nil {
			return err
		}
	}
	return nil
}
