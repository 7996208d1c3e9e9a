package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"moeflow/cmd/moeflow/internal/job"
	"moeflow/configs"
)

// batchFlags are the flags of batch.
type batchFlags struct {
	runFlags
	output, format string
	resume, json   bool
	sequences      int
}

// maxSequences bounds --sequences: far beyond what any device gains from.
const maxSequences = 4096

func batchCommand(a *app) *cobra.Command {
	var f batchFlags
	var formats []string
	for _, s := range job.Formats() {
		formats = append(formats, string(s))
	}
	c := &cobra.Command{
		Use:   "batch [CONFIG] PROMPTS [-o RESULTS]",
		Short: "Answer a file of prompts, many at once, and lose none: with --resume it goes on after being killed",
		Args:  cobra.RangeArgs(1, 2),
	}
	a.modelFlags(c)
	fl := c.Flags()
	fl.StringVarP(&f.output, "output", "o", "-", "file of results; - is standard output")
	fl.BoolVar(&f.resume, "resume", false, "go on with a file of results: prompts that have theirs are not computed again")
	fl.StringVar(&f.format, "format", string(job.Auto), "what PROMPTS is: "+strings.Join(formats, ", "))
	fl.IntVar(&f.sequences, "sequences", 0, "prompts answered at once; 0 takes what suits the device's memory")
	fl.BoolVar(&f.json, "json", false, "progress and summary as lines of JSON")
	f.answers(fl)
	c.RunE = func(c *cobra.Command, args []string) error {
		name, rest := splitConfig(args)
		if len(rest) == 0 {
			return usage{fmt.Errorf("give the file of PROMPTS, or - for standard input")}
		}
		if len(rest) > 1 {
			return usage{fmt.Errorf("argument %q is neither a config (a .toml file or %s) nor the one file of PROMPTS", rest[0], strings.Join(configs.Shipped(), ", "))}
		}
		cfg, err := a.profile(name)
		if err != nil {
			return err
		}
		if err := f.overrides(c, cfg); err != nil {
			return err
		}
		return a.batch(c.Context(), cfg, rest[0], &f)
	}
	return c
}

// check tells what is wrong with the flags by themselves.
func (f *batchFlags) check() error {
	known := false
	for _, s := range job.Formats() {
		known = known || f.format == string(s)
	}
	switch {
	case !known:
		return fmt.Errorf("--format is %q, want %v", f.format, job.Formats())
	case f.sequences < 0 || f.sequences > maxSequences:
		return fmt.Errorf("--sequences is %d, want 1 to %d, or 0", f.sequences, maxSequences)
	case f.resume && f.stdout():
		return fmt.Errorf("--resume: give the file of results with -o")
	}
	return nil
}

func (f *batchFlags) stdout() bool { return f.output == "" || f.output == "-" }

// batch answers a file of prompts. All that can be wrong with files and flags is
// found before the model's weights are loaded.
func (a *app) batch(ctx context.Context, cfg *configs.Config, prompts string, f *batchFlags) (err error) {
	if err := f.check(); err != nil {
		return usage{err}
	}
	defer keepPipe()()
	src, out, err := a.batchFiles(cfg, prompts, f)
	if err != nil {
		return usage{err}
	}
	defer func() { err = errors.Join(err, src.Close(), out.Close()) }()
	j := &job.Job{Source: src, Output: out}
	if j.Format, err = src.Format(job.Format(f.format)); err == io.EOF {
		fmt.Fprintf(a.Err, "warning: %s has no prompts\n", src.Name)
		if _, err = src.Count(ctx, &out.Finished); err == nil {
			err = out.Begin("") // no results are the results of no prompts
		}
		return usageUnless(ctx, err)
	} else if err != nil {
		return usage{err}
	}
	m, err := openModel(cfg)
	if err != nil {
		return err
	}
	if err := a.batchSettings(ctx, cfg, m, j, f); err != nil {
		return errors.Join(err, m.Close())
	}
	report := newBatchReport(a.Err, a.bars, f.json, j)
	if j.Total == out.Finished.Len() {
		report.end(job.Progress{Total: j.Total, Earlier: j.Total}, "done")
		return m.Close()
	}
	e, done, err := a.startModel(cfg, m, batchOptions(j.Settings.Sequences))
	if err != nil {
		return err
	}
	if err := j.Output.Begin(j.ID); err != nil {
		return errors.Join(usage{fmt.Errorf("-o: %w", err)}, done())
	}
	report.begin(e.Device.Name)
	cut := &cutBatch{report: report}
	j.Observe = cut.observe
	forget := a.last.add(func() {
		out.Close()
		a.batchEnd(ctx, report, j, cut.last(), context.Canceled)
	})
	p, err := j.Run(ctx, &batchRunner{e})
	err = errors.Join(err, out.Close())
	forget()
	err = a.batchEnd(ctx, report, j, p, err)
	return errors.Join(err, done())
}

// usageUnless marks an error as wrong use unless it is an interrupt.
func usageUnless(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return usage{err}
}

// batchEnd reports the end of a job, and how to go on where it is not the end.
func (a *app) batchEnd(ctx context.Context, report *batchReport, j *job.Job, p job.Progress, err error) error {
	if err == nil && p.Failed > 0 {
		report.end(p, "failed")
		again := "answer them once more"
		if j.Output.Resumable() {
			again = "go on with --resume"
		}
		return fmt.Errorf("%d prompts have no answer because the engine failed on them (engine_error in %s): %s", p.Failed, j.Output.Name, again)
	}
	if err == nil {
		report.end(p, "done")
		return nil
	}
	have := fmt.Sprintf("%d results were written", p.Done)
	if j.Output.Resumable() {
		have = fmt.Sprintf("%d prompts have their results in %s: go on with --resume", p.Earlier+p.Done, j.Output.Name)
	}
	if ctx.Err() != nil {
		report.end(p, "interrupted")
		fmt.Fprintln(a.Err, "interrupted:", have)
		return errInterrupted
	}
	report.end(p, "failed")
	if errors.Is(err, syscall.EPIPE) { // which is silence elsewhere
		return fmt.Errorf("%s: its reader went away; %s", j.Output.Name, have)
	}
	return fmt.Errorf("%w; %s", err, have)
}

// keepPipe makes writing to a closed pipe an error rather than the end of the
// process, until restore is called.
func keepPipe() (restore func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGPIPE)
	return func() { signal.Stop(c) }
}
