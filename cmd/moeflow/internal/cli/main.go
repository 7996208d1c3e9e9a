package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"moeflow/configs"
	"moeflow/vk"
)

// Streams are what a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Exit codes.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// usage marks an error as wrong use rather than a failure while running.
type usage struct{ error }

func (u usage) Unwrap() error { return u.error }

// errInterrupted ends a command that Ctrl-C stopped, after it has flushed.
var errInterrupted = errors.New("interrupted")

// Main runs one command line and returns the exit code. An interrupt ends the
// command within a second: see signals.
func Main(args []string, s Streams) int {
	a := newApp(s)
	ctx, stop := a.signals()
	defer stop()
	a.In = &stdin{ctx: ctx, from: s.In}
	root := newRoot(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if perr := a.out.end(); err == nil {
		err = perr
	}
	code := exitCode(err, a.Err)
	if err != nil && ctx.Err() != nil {
		code = exitInterrupted
	}
	a.err.end()
	return code
}

// newApp prints through printers: what is said about files to stderr can do nothing
// to a terminal, and neither can what a model generates, where stdout is one. Pipes
// and files get stdout as it is.
func newApp(s Streams) *app {
	a := &app{stdin: s.In, out: &printer{w: s.Out, escapes: isTerminal(s.Out)}, err: &printer{w: s.Err, escapes: true}}
	if a.Streams = (Streams{In: s.In, Out: a.out, Err: a.err}); isTerminal(s.Err) {
		a.bars = s.Err
	}
	return a
}

// interrupted tells whether a command ended because it was asked to.
func interrupted(err error) bool {
	return errors.Is(err, errInterrupted) || errors.Is(err, context.Canceled)
}

func exitCode(err error, stderr io.Writer) int {
	switch {
	case err == nil:
		return 0
	case interrupted(err):
		return exitInterrupted
	case errors.Is(err, syscall.EPIPE):
		return exitFailed // the reader went away: nobody to tell
	}
	fmt.Fprintln(stderr, "moeflow:", oneLine(err))
	var u usage
	var c *configs.Error
	var d *vk.NameError
	if errors.As(err, &u) || errors.As(err, &c) || errors.As(err, &d) {
		return exitUsage
	}
	return exitFailed
}

// commands is the table of commands: one line each.
var commands = []func(*app) *cobra.Command{
	runCommand,
	batchCommand,
	serveCommand,
	benchCommand,
	graphCommand,
	logitsCommand,
	perplexityCommand,
	tokenizeCommand,
	inspectCommand,
	devicesCommand,
	versionCommand,
	configTopic,
}

// app is what commands share.
type app struct {
	Streams                 // In gives up when the command is interrupted; Out and Err are out and err
	stdin         io.Reader // as it is, to ask whether it is a terminal or a file
	out, err      *printer
	bars          io.Writer // a terminal for bars of progress, nil where stderr is none
	last          lastWords
	patience      atomic.Int64 // nanoseconds beyond graceTime that a command may take to end
	model, device string
	set           []string
	validation    bool
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "moeflow",
		Short:         "Run mixture-of-experts language models on one GPU as a graph of stages",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          func(c *cobra.Command, args []string) error { return unknownCommand(c, args) },
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.Version = version()
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetHelpFunc(a.showHelp)
	root.SuggestionsMinimumDistance = 2 // letters that may be wrong in a suggested command
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage{fmt.Errorf("%w; see %s --help", flagError(err), c.CommandPath())}
	})
	for _, make := range commands {
		c := make(a)
		c.Args = usageArgs(c.Args)
		root.AddCommand(c)
	}
	groups(root)
	complete(root)
	return root
}

// flagWants is what the value of a flag must be, by the flag's type.
var flagWants = map[string]string{"int": "a whole number", "uint64": "a whole number of at least 0", "float64": "a number", "bool": "true or false"}

// flagError says what is wrong with the value of a flag in the user's words rather
// than in those of Go's parsers.
func flagError(err error) error {
	var bad *pflag.InvalidValueError
	if !errors.As(err, &bad) {
		return err
	}
	want := flagWants[bad.GetFlag().Value.Type()]
	var number *strconv.NumError
	if want == "" || !errors.As(err, &number) {
		return err
	}
	if errors.Is(number, strconv.ErrRange) {
		want = "a smaller number"
	}
	f := bad.GetFlag()
	name := "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	return fmt.Errorf("invalid argument %q for %q flag: want %s", bad.GetValue(), name, want)
}

func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf(", did you mean %s?", near[0])
	}
	return usage{fmt.Errorf("unknown command %q%s", args[0], hint)}
}

// usageArgs marks errors of argument counts as wrong use.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		if err := check(c, args); err != nil {
			return usage{fmt.Errorf("%w; see %s --help", err, c.CommandPath())}
		}
		return nil
	}
}
