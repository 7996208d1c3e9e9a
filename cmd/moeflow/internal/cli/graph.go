package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/measure"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/configs"
	"moeflow/graph"
	"moeflow/graph/export"
	"moeflow/vk"
	"moeflow/vk/shaders"
)

type graphFlags struct {
	format, level, out, class string
	rows, depth               int
	unfold, profile           bool
}

func graphCommand(a *app) *cobra.Command {
	var f graphFlags
	c := &cobra.Command{Use: "graph [CONFIG]", Short: "Draw the compiled plan: stages, kernels, tensors and their types",
		Args: cobra.MaximumNArgs(1)}
	a.modelFlags(c)
	fl := c.Flags()
	fl.StringVar(&f.format, "format", "svg", strings.Join(export.Formats(), ", "))
	fl.StringVar(&f.level, "level", "stage", strings.Join(export.Levels(), ", "))
	fl.StringVarP(&f.out, "output", "o", "", "file to write (default: stdout)")
	fl.StringVar(&f.class, "for", "", "draw the plan of a kind of device that need not be here: "+strings.Join(classNames(), ", "))
	fl.IntVar(&f.rows, "rows", 1, "draw the plan of a step of so many rows: 1 decodes, more are prefill")
	fl.BoolVar(&f.unfold, "unfold", false, "draw equal layers one by one")
	fl.BoolVar(&f.profile, "profile", false, "run on the device and draw each kernel's time, bytes and GB/s")
	fl.IntVarP(&f.depth, "depth", "d", 64, "prompt tokens before the step that --profile times")
	c.RunE = func(c *cobra.Command, args []string) error { return a.graph(c.Context(), args, f) }
	return c
}

// check looks at the flags before a model is opened.
func (f *graphFlags) check(device string) error {
	for _, c := range []struct {
		flag, value string
		choices     []string
	}{{"--format", f.format, export.Formats()}, {"--level", f.level, export.Levels()}} {
		if !slices.Contains(c.choices, c.value) {
			return usage{fmt.Errorf("%s is %q, wanted one of %s", c.flag, c.value, strings.Join(c.choices, ", "))}
		}
	}
	if most := engine.RunBuckets()[len(engine.RunBuckets())-1].Rows; f.rows < 1 || f.rows > most {
		return usage{fmt.Errorf("--rows is %d, wanted 1 to %d", f.rows, most)}
	}
	if f.profile && (f.rows != 1 || f.depth < 1) {
		return usage{fmt.Errorf("--profile times a step of one row behind a prompt: --rows must be 1 and --depth at least 1")}
	}
	if f.class != "" && !slices.Contains(classNames(), f.class) {
		return usage{fmt.Errorf("--for is %q, wanted one of %s", f.class, strings.Join(classNames(), ", "))}
	}
	if f.class != "" && (f.profile || device != "") {
		return usage{fmt.Errorf("--for %s draws the plan of a device that is not here: leave out --device and --profile", f.class)}
	}
	return nil
}

// classNames lists the values of --for.
func classNames() []string {
	var out []string
	for _, c := range shaders.Classes() {
		out = append(out, c.Name)
	}
	return out
}

func (a *app) graph(ctx context.Context, args []string, f graphFlags) error {
	if err := f.check(a.device); err != nil {
		return err
	}
	cfg, err := a.profile(first(args))
	if err != nil {
		return err
	}
	res, err := a.result(f.out, cfg)
	if err != nil {
		return err
	}
	return res.end(a.draw(ctx, cfg, f, res))
}

// draw writes the picture of a plan.
func (a *app) draw(ctx context.Context, cfg *configs.Config, f graphFlags, w io.Writer) error {
	o := export.Options{Format: f.format, Level: f.level, Unfold: f.unfold}
	plan := a.plan
	if f.profile {
		plan = a.profiledPlan
	}
	p, err := plan(ctx, cfg, f, &o)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if err := export.Write(out, p, o); err != nil {
		return err
	}
	return out.Flush()
}

// plan compiles the plan without loading the model: for the class that --for
// names, the device that --device names, or else for any device.
func (a *app) plan(_ context.Context, cfg *configs.Config, f graphFlags, o *export.Options) (*graph.Plan, error) {
	m, err := openModel(cfg)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	o.Title, o.Device = m.Name(), "any Vulkan device"
	for _, c := range shaders.Classes() {
		if c.Name == f.class {
			o.Device = c.String()
			return planOf(m, a.engineOptions(cfg), &c, f.rows)
		}
	}
	if a.device == "" {
		return planOf(m, a.engineOptions(cfg), nil, f.rows)
	}
	found, err := vk.Find(a.device)
	if err != nil {
		return nil, err
	}
	o.Device = found.Name
	c := found.Class()
	return planOf(m, a.engineOptions(cfg), &c, f.rows)
}

// planOf compiles a plan. Where that fails, the model or the config cannot be used.
func planOf(m *model.Model, o engine.Options, c *shaders.Class, rows int) (*graph.Plan, error) {
	p, err := engine.PlanOf(m, o, c, rows)
	if err != nil {
		return nil, usage{err}
	}
	return p, nil
}

// profiledPlan loads the model on the device and times the plan that ran there.
func (a *app) profiledPlan(ctx context.Context, cfg *configs.Config, f graphFlags, o *export.Options) (*graph.Plan, error) {
	e, done, err := a.start(cfg, func(o *engine.Options, _ *model.Model) {
		o.Plans.Context, o.Plans.BeyondModel, o.Observe.Timestamps = f.depth+engine.PageSize, true, true
	})
	if err != nil {
		return nil, err
	}
	defer done()
	o.Title, o.Device = e.Model.Name(), e.Device.Name
	gbps, err := bandwidth(e)
	if err != nil {
		return nil, err
	}
	costs, err := measure.ProfileDispatches(ctx, e, f.depth)
	if err != nil {
		return nil, err
	}
	o.Profile = &export.Profile{Bandwidth: gbps * 1e9}
	for _, c := range costs {
		o.Profile.Nanoseconds = append(o.Profile.Nanoseconds, float64(c.Time.Nanoseconds()))
		o.Profile.Bytes = append(o.Profile.Bytes, c.Bytes)
		o.Profile.Args = append(o.Profile.Args, c.Args)
	}
	return e.Plans[0], nil
}
