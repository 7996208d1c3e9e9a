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

	"moeflow/configs"
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

// Main runs one command line and returns the exit code. The first interrupt
// cancels the command's context, the second ends the process at once.
func Main(args []string, s Streams) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	sig := make(chan os.Signal, 2)
	signal.Notify(sig, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(sig)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				if n == 0 {
					return
				}
				<-sig
				os.Exit(exitInterrupted)
			case <-sig:
				cancel()
			}
		}
	}()
	root := newRoot(s)
	root.SetArgs(args)
	return exitCode(root.ExecuteContext(ctx), s.Err)
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
	if errors.As(err, &u) || errors.As(err, &c) {
		return exitUsage
	}
	return exitFailed
}

// oneLine joins the lines of an error, so that each error is one line.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

// commands is the table of commands: one line each.
var commands = []func(*app) *cobra.Command{
	runCommand,
	batchCommand,
	benchCommand,
	graphCommand,
	logitsCommand,
	perplexityCommand,
	tokenizeCommand,
	inspectCommand,
	devicesCommand,
}

// app is what commands share.
type app struct {
	Streams
	model, device string
	set           []string
	validation    bool
}

func newRoot(s Streams) *cobra.Command {
	a := &app{Streams: s}
	root := &cobra.Command{
		Use:           "moeflow",
		Short:         "Run mixture-of-experts language models on one GPU as a graph of stages",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          func(c *cobra.Command, args []string) error { return unknownCommand(c, args) },
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SuggestionsMinimumDistance = 2 // letters that may be wrong in a suggested command
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage{fmt.Errorf("%w; see %s --help", err, c.CommandPath())}
	})
	for _, make := range commands {
		c := make(a)
		c.Args = usageArgs(c.Args)
		root.AddCommand(c)
	}
	return root
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
