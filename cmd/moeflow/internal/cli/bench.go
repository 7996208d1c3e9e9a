package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/measure"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/configs"
	"moeflow/stages/sample"
)

type benchFlags struct {
	prompt, generate, depth, repeat int
	batch, granularity              string
	json, profile, loop, greedy     bool
}

// benchLine is one measured figure.
type benchLine struct {
	Test        string  `json:"test"` // pp512, tg128
	Granularity string  `json:"granularity"`
	Batch       int     `json:"batch"`
	Depth       int     `json:"depth"`
	Tokens      int     `json:"tokens"` // tokens a run computes
	Median      float64 `json:"tokens_per_second_median"`
	Min         float64 `json:"tokens_per_second_min"`
	Max         float64 `json:"tokens_per_second_max"`
	GBps        float64 `json:"gb_per_second,omitempty"`
	Share       float64 `json:"share_of_bandwidth,omitempty"`
	Segments    int     `json:"segments"`
	Dispatches  int     `json:"dispatches"`
	Barriers    int     `json:"barriers"`
}

// benchReport is what --json prints.
type benchReport struct {
	Device    string               `json:"device"`
	Model     string               `json:"model"`
	KVType    string               `json:"kv_type"`
	Sampling  string               `json:"sampling"` // how tokens are picked while decoding
	Bandwidth float64              `json:"device_gb_per_second"`
	Matrix    float64              `json:"device_matrix_tflop_per_second,omitempty"` // with the profile of a prompt
	Load      float64              `json:"load_seconds"`
	Lines     []benchLine          `json:"results"`
	Loops     []loopLine           `json:"loops,omitempty"`
	Kernels   []measure.KernelTime `json:"kernels,omitempty"` // of one step
}

func benchCommand(a *app) *cobra.Command {
	var f benchFlags
	c := &cobra.Command{Use: "bench [CONFIG]", Short: "Measure prompt and decode speed", Args: cobra.MaximumNArgs(1)}
	a.modelFlags(c)
	fl := c.Flags()
	fl.IntVarP(&f.prompt, "prompt", "p", 512, "prompt tokens; 0 skips")
	fl.IntVarP(&f.generate, "generate", "n", 128, "tokens to decode; 0 skips")
	fl.StringVarP(&f.batch, "batch", "b", "1", "batch sizes of decoding, comma-separated")
	fl.IntVarP(&f.depth, "depth", "d", 0, "tokens in the kv cache before")
	fl.IntVarP(&f.repeat, "repeat", "r", 5, "counted runs, after one warm-up")
	fl.StringVar(&f.granularity, "granularity", "", "stage, layer, device: comma-separated (default: the config's)")
	fl.BoolVar(&f.json, "json", false, "print JSON")
	fl.BoolVar(&f.greedy, "greedy", false, "decode the likeliest tokens, not by the config's sampling")
	fl.BoolVar(&f.loop, "loop", false, "also compare decoding with a plain loop over the same commands, -r times in pairs")
	fl.BoolVar(&f.profile, "profile", false, "also time every kernel of a decode step of the last batch size, or with -n 0 of a prompt's first step")
	c.RunE = func(c *cobra.Command, args []string) error { return a.bench(c.Context(), args, f) }
	return c
}

func (a *app) bench(ctx context.Context, args []string, f benchFlags) error {
	cfg, err := a.profile(first(args))
	if err != nil {
		return err
	}
	batches, err := parseCounts("--batch", f.batch)
	if err != nil {
		return err
	}
	if f.repeat < 1 || f.prompt < 0 || f.generate < 0 || f.depth < 0 {
		return usage{fmt.Errorf("-r must be at least 1, -p, -n and -d at least 0")}
	}
	grans := strings.Split(f.granularity, ",")
	if f.granularity == "" {
		grans = []string{cfg.Pipeline.Granularity}
	}
	var rep benchReport
	for _, g := range grans {
		if err := cfg.SetKey("--granularity", "pipeline.granularity", g); err != nil {
			return err
		}
		if err := a.benchOne(ctx, cfg, f, batches, &rep); err != nil {
			return err
		}
	}
	if f.profile {
		if err := a.kernelTimes(ctx, cfg, f, batches, &rep); err != nil {
			return err
		}
	}
	if f.json {
		return a.printJSON(rep)
	}
	return a.printBench(rep)
}

// kernelTimes times the kernels with an engine of its own, since timestamps cost
// time.
func (a *app) kernelTimes(ctx context.Context, cfg *configs.Config, f benchFlags, batches []int, rep *benchReport) error {
	e, done, err := a.start(cfg, func(o *engine.Options, m *model.Model) {
		benchOptions(o, f, batches)
		o.Observe.Timestamps = true
	})
	if err != nil {
		return err
	}
	defer done()
	if f.generate == 0 {
		m, err := e.Measured()
		if err != nil {
			return err
		}
		if rep.Matrix, err = m.MatrixRate(); err != nil {
			return err
		}
		rep.Kernels, err = measure.ProfilePrompt(ctx, e, max(1, f.prompt), f.depth)
		return err
	}
	if n := batches[len(batches)-1]; n > 1 {
		rep.Kernels, err = measure.ProfileBatch(ctx, e, n, max(1, f.depth))
		return err
	}
	rep.Kernels, err = measure.ProfileDecode(ctx, e, f.depth)
	return err
}

// benchOne measures one granularity.
func (a *app) benchOne(ctx context.Context, cfg *configs.Config, f benchFlags, batches []int, rep *benchReport) error {
	start := time.Now()
	params := sample.Greedy()
	e, done, err := a.start(cfg, func(o *engine.Options, m *model.Model) {
		benchOptions(o, f, batches)
		params = benchSampling(cfg, m, f)
		o.Plans.Sampler = !params.Plain()
	})
	if err != nil {
		return err
	}
	defer done()
	if e.Sampler == nil { // a CPU's tokens are picked by the host, which is not measured
		params = sample.Greedy()
	}
	rep.Device, rep.Model, rep.Load = e.Device.Name, e.Model.Name(), time.Since(start).Seconds()
	rep.KVType, rep.Sampling = kvName(e.KVType), samplingText(params)
	if rep.Bandwidth == 0 {
		if rep.Bandwidth, err = bandwidth(e); err != nil {
			return err
		}
	}
	line := func(test string, batch, tokens int, run func() (time.Duration, error)) error {
		l := benchLine{Test: test, Granularity: cfg.Pipeline.Granularity, Batch: batch, Depth: f.depth, Tokens: tokens, Segments: e.Segments()}
		p := e.PlanFor(batch)
		l.Dispatches, l.Barriers = len(p.Dispatches), p.Barriers()
		var rates []float64
		for i := range f.repeat + 1 {
			d, err := run()
			if err != nil {
				return err
			}
			if i > 0 {
				rates = append(rates, float64(tokens)/d.Seconds())
			}
		}
		slices.Sort(rates)
		l.Min, l.Median, l.Max = rates[0], rates[len(rates)/2], rates[len(rates)-1]
		if test[:2] == "tg" && batch == 1 {
			l.GBps = l.Median * float64(measure.DecodeBytes(e, f.depth+f.generate/2)) / 1e9
			l.Share = l.GBps / rep.Bandwidth
		}
		rep.Lines = append(rep.Lines, l)
		return nil
	}
	if f.prompt > 0 {
		if err := behind(ctx, e, 1, f.depth, func(b *measure.Bench) error {
			return line(fmt.Sprint("pp", f.prompt), 1, f.prompt, func() (time.Duration, error) { return b.Prefill(ctx, f.prompt) })
		}); err != nil {
			return err
		}
	}
	if f.generate == 0 {
		return nil
	}
	for _, n := range batches {
		if err := behind(ctx, e, n, max(1, f.depth), func(b *measure.Bench) error {
			b.Sampling = params
			return line(fmt.Sprint("tg", f.generate), n, n*f.generate, func() (time.Duration, error) { return b.Decode(ctx, f.generate) })
		}); err != nil {
			return err
		}
	}
	if f.loop && f.generate > 0 {
		return a.benchLoop(ctx, e, cfg.Pipeline.Granularity, f, rep)
	}
	return nil
}

// bandwidth measures the device's memory, in GB/s.
func bandwidth(e *engine.Engine) (float64, error) {
	m, err := e.Measured()
	if err != nil {
		return 0, err
	}
	return m.Bandwidth()
}

// behind measures with sequences of depth tokens, which are computed once.
func behind(ctx context.Context, e *engine.Engine, batch, depth int, run func(*measure.Bench) error) error {
	b, err := measure.NewBench(ctx, e, batch, depth)
	if err != nil {
		return err
	}
	defer b.Close()
	return run(b)
}

// benchSampling is how tokens are picked where the flags do not say otherwise: as a run
// with this config does.
func benchSampling(cfg *configs.Config, m *model.Model, f benchFlags) sample.Params {
	if f.greedy || f.loop {
		return sample.Greedy()
	}
	s := cfg.Sampling.Or(m.Sampling())
	if s.Seed == nil {
		s.Seed = new(uint64)
	}
	return samplingParams(s.Or(configs.FallbackSampling()))
}

// samplingText says how tokens are picked.
func samplingText(p sample.Params) string {
	if p.Plain() {
		return "greedy sampling"
	}
	return fmt.Sprintf("sampling with temperature %g, top_k %d, top_p %g, min_p %g, repeat penalty %g", p.Temperature, p.TopK, p.TopP, p.MinP, p.RepeatPenalty)
}

// benchOptions makes room for what will be measured: a bucket for each batch
// size and a kv cache for all sequences.
func benchOptions(o *engine.Options, f benchFlags, batches []int) {
	o.Plans.Buckets = engine.RunBuckets()
	longest := f.depth + max(f.prompt, f.generate) + 1
	need := longest
	for _, b := range batches {
		i := slices.IndexFunc(o.Plans.Buckets, func(x engine.Bucket) bool { return x.Rows == b })
		if i < 0 {
			o.Plans.Buckets = append(o.Plans.Buckets, engine.Bucket{Rows: b, Outs: b})
		} else {
			o.Plans.Buckets[i].Outs = b
		}
		per := (f.depth + f.generate + 1 + engine.PageSize) / engine.PageSize * engine.PageSize
		need = max(need, b*per)
	}
	o.Plans.Context, o.Plans.BeyondModel = need, true
}

func (a *app) printBench(r benchReport) error {
	fmt.Fprintf(a.told(), "%s on %s: kv cache %s, %s, %.0f GB/s measured, loaded in %.1f s\n", r.Model, r.Device, r.KVType, r.Sampling, r.Bandwidth, r.Load)
	fmt.Fprintf(a.told(), "%-8s %-7s %5s %6s %12s %10s %10s %8s %6s %5s %5s %5s\n", "test", "cut", "batch", "depth",
		"tokens/s", "min", "max", "GB/s", "share", "segs", "disp", "barr")
	for _, l := range r.Lines {
		bytes := fmt.Sprintf("%8s %6s", "-", "-")
		if l.GBps > 0 {
			bytes = fmt.Sprintf("%8.1f %5.1f%%", l.GBps, 100*l.Share)
		}
		if _, err := fmt.Fprintf(a.told(), "%-8s %-7s %5d %6d %12.1f %10.1f %10.1f %s %5d %5d %5d\n", l.Test, l.Granularity, l.Batch, l.Depth,
			l.Median, l.Min, l.Max, bytes, l.Segments, l.Dispatches, l.Barriers); err != nil {
			return err
		}
	}
	if err := a.printLoops(r.Loops); err != nil {
		return err
	}
	return a.printKernels(r)
}

// printKernels prints a step's time by kernel: of a decode step with the bytes
// read, of a prompt's with the operations and, where the device has matrix units,
// their share of what these were measured at.
func (a *app) printKernels(r benchReport) error {
	if len(r.Kernels) == 0 {
		return nil
	}
	var total time.Duration
	flops := 0.0
	for _, k := range r.Kernels {
		total += k.Time
		flops += k.FLOPs
	}
	names, columns := fmt.Sprintf("%9s %8s", "MB", "GB/s"), func(k measure.KernelTime) string {
		return fmt.Sprintf("%9.2f %8.0f", float64(k.Bytes)/1e6, float64(k.Bytes)/float64(k.Time.Nanoseconds()))
	}
	if flops > 0 {
		names, columns = fmt.Sprintf("%9s %8s", "GFLOP", "TFLOP/s"), func(k measure.KernelTime) string { return flopRate(k.FLOPs, k.Time, r.Matrix) }
		if r.Matrix > 0 {
			names += " of units"
		}
	}
	fmt.Fprintf(a.told(), "\n%-24s %-16s %5s %11s %9s %7s %s\n", "kernel", "groups", "count", "total us", "each us", "share", names)
	for _, k := range r.Kernels {
		us := float64(k.Time.Nanoseconds()) / 1e3
		fmt.Fprintf(a.told(), "%-24s %-16s %5d %11.1f %9.2f %6.1f%% %s\n", k.Kernel, fmt.Sprint(k.Groups), k.Count, us, us/float64(k.Count),
			100*float64(k.Time)/float64(total), columns(k))
	}
	_, err := fmt.Fprintf(a.told(), "sum of all dispatches: %.1f us\n", float64(total.Nanoseconds())/1e3)
	if flops > 0 && err == nil {
		_, err = fmt.Fprintf(a.told(), "all products: %.2f GFLOP, %.2f TFLOP/s\n", flops/1e9, flops/float64(total.Nanoseconds())/1e3)
	}
	if r.Matrix > 0 && err == nil {
		_, err = fmt.Fprintf(a.told(), "matrix units: %.0f TFLOP/s measured, of which all products reach %.1f%%\n", r.Matrix,
			100*flops/float64(total.Nanoseconds())/1e3/r.Matrix)
	}
	return err
}

// flopRate is operations in GFLOP, their rate in TFLOP/s, and its share of the matrix
// units' where these were measured.
func flopRate(flops float64, d time.Duration, matrix float64) string {
	tflops := flops / float64(d.Nanoseconds()) / 1e3
	out := fmt.Sprintf("%9.2f %8.1f", flops/1e9, tflops)
	if matrix > 0 {
		out += fmt.Sprintf(" %7.1f%%", 100*tflops/matrix)
	}
	return out
}

func parseCounts(flag, list string) ([]int, error) {
	var out []int
	for _, s := range strings.Split(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 1 || n > 512 {
			return nil, usage{fmt.Errorf("%s: %q is not a count of 1 to 512", flag, s)}
		}
		out = append(out, n)
	}
	return out, nil
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
