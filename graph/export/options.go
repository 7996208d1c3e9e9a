package export

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"moeflow/graph"
)

// Options choose what is written.
type Options struct {
	Format string // one of Formats; "" means svg
	Level  string // one of Levels; "" means stage
	// Unfold draws every layer by itself. At level model there is nothing to
	// unfold: all layers are one box.
	Unfold  bool
	Profile *Profile // times to lay over the picture, or nil
	Device  string   // the device that runs the plan, "" if none is known
	Title   string   // "" means the plan's name
	// Live makes the format html listen to the server that it comes from and
	// show what it says: see page/live.js for the events. Without it the page
	// asks nothing of a network.
	Live bool
}

// Profile is what one step of a plan cost, measured or known.
type Profile struct {
	Nanoseconds []float64 // time of dispatch i of Plan.Dispatches
	Bytes       []uint64  // bytes that dispatch i reads and writes, or nil
	// Args[i][j] are the bytes that dispatch i moves by its argument j: the
	// traffic of edges. nil, or a nil row, where that is not known.
	Args      [][]uint64
	Bandwidth float64 // the device's bytes a second; 0 if not known
}

// The levels, from the whole graph in a handful of boxes to every kernel launch.
const (
	levelModel    = "model"
	levelLayer    = "layer"
	levelStage    = "stage"
	levelDispatch = "dispatch"
)

// Levels are the values of Options.Level, the coarsest first.
func Levels() []string { return []string{levelModel, levelLayer, levelStage, levelDispatch} }

// format is one way to write a plan.
type format struct {
	name  string
	write func(io.Writer, *graph.Plan, Options) error
}

var formats = []format{
	{"dot", ofView(writeDOT)},
	{"svg", ofView(writeSVG)},
	{"mermaid", ofView(writeMermaid)},
	{"json", ofView(writeJSON)},
	{"html", writeHTML},
	{"text", writeText},
}

// ofView makes a format of a writer of one view.
func ofView(write func(io.Writer, *view) error) func(io.Writer, *graph.Plan, Options) error {
	return func(w io.Writer, p *graph.Plan, o Options) error { return write(w, newView(p, o)) }
}

// Formats are the values of Options.Format.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// Write writes a plan. An error names the option at fault and what was wanted,
// or is w's own.
func Write(w io.Writer, p *graph.Plan, o Options) error {
	if o.Format == "" {
		o.Format = "svg"
	}
	if o.Level == "" {
		o.Level = levelStage
	}
	i := slices.IndexFunc(formats, func(f format) bool { return f.name == o.Format })
	if i < 0 {
		return fmt.Errorf("format %q, wanted %s", o.Format, either(Formats()))
	}
	if !slices.Contains(Levels(), o.Level) {
		return fmt.Errorf("level %q, wanted %s", o.Level, either(Levels()))
	}
	if len(p.Dispatches) == 0 {
		return fmt.Errorf("plan %q has no dispatches to draw", p.Name)
	}
	if err := o.Profile.check(p); err != nil {
		return err
	}
	return formats[i].write(w, p, o)
}

// check tells whether a profile is one of this plan.
func (f *Profile) check(p *graph.Plan) error {
	if f == nil {
		return nil
	}
	n := len(p.Dispatches)
	if len(f.Nanoseconds) != n {
		return fmt.Errorf("profile has %d times, wanted one for each of %d dispatches", len(f.Nanoseconds), n)
	}
	if f.Bytes != nil && len(f.Bytes) != n {
		return fmt.Errorf("profile has %d byte counts, wanted none or one for each of %d dispatches", len(f.Bytes), n)
	}
	if f.Args != nil && len(f.Args) != n {
		return fmt.Errorf("profile has argument bytes of %d dispatches, wanted none or %d", len(f.Args), n)
	}
	for i, row := range f.Args {
		if want := len(p.Dispatches[i].Args); row != nil && len(row) != want {
			return fmt.Errorf("profile has bytes of %d arguments for dispatch %d, wanted %d", len(row), i, want)
		}
	}
	return nil
}

func either(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
