package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/configs"
	"moeflow/stages/sample"
	"moeflow/tokenizer/chat"
)

// runFlags are the flags of run.
type runFlags struct {
	prompt, file, system, ids     string
	chat, raw, ignoreEOS, printID bool
	maxTokens                     int
	temp, topP, minP, repeat      float64
	topK                          int
	seed                          uint64
	see                           seeFlags
}

func runCommand(a *app) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run [CONFIG] [-]",
		Short: "Answer a prompt, streaming; with a terminal and no prompt, an interactive chat",
		Args:  cobra.MaximumNArgs(2),
	}
	a.modelFlags(c)
	fl := c.Flags()
	fl.StringVarP(&f.prompt, "prompt", "p", "", "the prompt")
	fl.StringVarP(&f.file, "prompt-file", "f", "", "file with the prompt; - is standard input")
	fl.StringVar(&f.ids, "ids", "", "the prompt as token ids, comma-separated")
	fl.BoolVar(&f.printID, "print-ids", false, "print generated ids, space-separated, instead of text")
	f.answers(fl)
	f.see.add(fl)
	c.RunE = func(c *cobra.Command, args []string) error { return a.run(c, args, &f) }
	return c
}

// answers adds the flags that say how prompts are answered.
func (f *runFlags) answers(fl *pflag.FlagSet) {
	fl.BoolVar(&f.chat, "chat", false, "wrap the prompt with the model's chat template")
	fl.BoolVar(&f.raw, "raw", false, "take special tokens in the prompt as plain text")
	fl.StringVar(&f.system, "system", "", "system message of the chat")
	fl.BoolVar(&f.ignoreEOS, "ignore-eos", false, "go on past the end of the text")
	fl.IntVarP(&f.maxTokens, "max-tokens", "n", 0, "most tokens to generate")
	fl.Float64Var(&f.temp, "temp", 0, "temperature; 0 takes the likeliest token")
	fl.IntVar(&f.topK, "top-k", 0, "sample from the k likeliest tokens; 0 is off")
	fl.Float64Var(&f.topP, "top-p", 1, "sample from the likeliest tokens of this total probability; 1 is off")
	fl.Float64Var(&f.minP, "min-p", 0, "drop tokens below this share of the likeliest; 0 is off")
	fl.Float64Var(&f.repeat, "repeat-penalty", 1, "penalty on tokens already there; 1 is off")
	fl.Uint64Var(&f.seed, "seed", 0, "seed of the random numbers")
}

// overrides carries the flags that were given into the config, with its checks.
func (f *runFlags) overrides(c *cobra.Command, cfg *configs.Config) error {
	for _, o := range []struct{ flag, key string }{
		{"max-tokens", "run.max_tokens"}, {"system", "run.system"}, {"temp", "sampling.temperature"},
		{"top-k", "sampling.top_k"}, {"top-p", "sampling.top_p"}, {"min-p", "sampling.min_p"},
		{"repeat-penalty", "sampling.repeat_penalty"}, {"seed", "sampling.seed"},
	} {
		if fl := c.Flags().Lookup(o.flag); fl.Changed {
			if err := cfg.SetKey("--"+o.flag, o.key, fl.Value.String()); err != nil {
				return err
			}
		}
	}
	// --temp 0 asks for the likeliest token, which a config's penalty would
	// change.
	if c.Flags().Changed("temp") && f.temp == 0 && !c.Flags().Changed("repeat-penalty") {
		return cfg.SetKey("--temp", "sampling.repeat_penalty", "1.0")
	}
	return nil
}

func (a *app) run(c *cobra.Command, args []string, f *runFlags) (err error) {
	name, rest := splitConfig(args)
	if len(rest) == 1 && rest[0] == "-" {
		f.file = "-"
	} else if len(rest) > 0 {
		return usage{fmt.Errorf("argument %q is neither a config (a .toml file or %s) nor -", rest[0], strings.Join(configs.Shipped(), ", "))}
	}
	cfg, err := a.profile(name)
	if err != nil {
		return err
	}
	if err := f.overrides(c, cfg); err != nil {
		return err
	}
	if err := f.see.check(a.inputs(cfg, f.file)); err != nil {
		return err
	}
	text, given, err := a.promptText(c, f)
	if err != nil {
		return err
	}
	if given && text == "" {
		return usage{fmt.Errorf("the prompt is empty")}
	}
	if !given && f.ids == "" && !isTerminal(a.stdin) {
		return usage{fmt.Errorf("no prompt: give --prompt, --prompt-file, --ids or -")}
	}
	if len(f.see.outputs()) > 0 {
		defer keepPipe()() // so that a reader who goes away does not leave parts of files
	}
	if err := f.see.open(a); err != nil {
		return err
	}
	s, err := a.newSession(cfg, f)
	if err != nil {
		return errors.Join(err, f.see.discard())
	}
	defer func() { err = s.close(err) }()
	if !given && f.ids == "" {
		return s.interactive(c.Context())
	}
	ids, err := s.promptIDs(c.Context(), f, text)
	if err != nil {
		return err
	}
	return s.answer(c.Context(), ids)
}

// promptText is the prompt and whether there is one.
func (a *app) promptText(c *cobra.Command, f *runFlags) (string, bool, error) {
	n := 0
	for _, given := range []bool{c.Flags().Changed("prompt"), f.file != "", f.ids != ""} {
		if given {
			n++
		}
	}
	switch {
	case n > 1:
		return "", false, usage{fmt.Errorf("--prompt, --prompt-file (or -) and --ids exclude each other")}
	case f.file != "":
		text, err := a.readText(c.Context(), f.file, mostPrompt)
		if err != nil && f.file != "-" {
			err = fmt.Errorf("--prompt-file: %w", err)
		}
		return text, true, err
	}
	return f.prompt, c.Flags().Changed("prompt"), nil
}

// session is a loaded model with one sequence and its settings.
type session struct {
	*app
	cfg      *configs.Config
	flags    *runFlags
	engine   *engine.Engine
	loop     *generate.Loop
	template *chat.Template
	params   sample.Params
	done     func() error
	forget   func() // takes back what is said if the process must end
}

func (a *app) newSession(cfg *configs.Config, f *runFlags) (*session, error) {
	var params sample.Params
	e, done, err := a.start(cfg, func(o *engine.Options, m *model.Model) {
		f.see.options(a, o)
		params = samplingParams(cfg.Sampling.Or(m.Sampling()).Or(configs.FallbackSampling()))
		o.Plans.Sampler = !params.Plain()
	})
	if err != nil {
		return nil, err
	}
	l, err := generate.Start(e, generate.Options{Keep: true})
	if err != nil {
		return nil, errors.Join(err, done())
	}
	s := &session{app: a, cfg: cfg, flags: f, engine: e, loop: l, done: done, params: params}
	if err := f.see.begin(e, a.Err); err != nil {
		return nil, errors.Join(err, l.Close(), done())
	}
	s.forget = a.last.add(func() { f.see.finish(a.Err) })
	return s, nil
}

// close ends a session that ended with err, which is part of what it returns. The
// files of --trace and --expert-stats are completed unless the run has failed; that
// a reader or a terminal has gone is no failure of the run.
func (s *session) close(err error) error {
	defer s.forget()
	if lost := s.loop.Close(); !errors.Is(err, lost) {
		err = errors.Join(err, lost)
	}
	see := &s.flags.see
	if ended := err == nil || interrupted(err) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.EIO); !ended {
		return errors.Join(err, see.discard(), s.done())
	}
	return errors.Join(err, see.end(), s.done(), see.close(s.Err))
}

func samplingParams(c configs.Sampling) sample.Params {
	return sample.Params{Temperature: *c.Temperature, TopK: *c.TopK, TopP: *c.TopP, MinP: *c.MinP,
		RepeatPenalty: *c.RepeatPenalty, Seed: *c.Seed}
}

// promptIDs turns the prompt into tokens.
func (s *session) promptIDs(ctx context.Context, f *runFlags, text string) ([]int32, error) {
	defer s.engine.Tokenizing("tokenize the prompt")()
	if f.ids != "" {
		return parseIDs("--ids", f.ids)
	}
	if f.chat {
		return s.render(ctx, []chat.Message{{"role": "user", "content": text}})
	}
	return s.engine.Model.Tokenizer.EncodePrompt(text, !f.raw), nil
}

// render turns a conversation into tokens through the model's template. A template
// that cannot do it is a model or a prompt that cannot be used.
func (s *session) render(ctx context.Context, turns []chat.Message) ([]int32, error) {
	if s.template == nil {
		t, err := s.engine.Model.ChatTemplate()
		if err != nil {
			return nil, usage{err}
		}
		s.template = t
	}
	if s.cfg.Run.System != "" {
		turns = append([]chat.Message{{"role": "system", "content": s.cfg.Run.System}}, turns...)
	}
	text, err := s.template.Render(ctx, chat.Conversation{Messages: turns, AddGenerationPrompt: true})
	if err != nil {
		return nil, usageUnless(ctx, err)
	}
	return s.engine.Model.Tokenizer.Encode(text, true), nil
}

// parseIDs reads a comma-separated list of token ids. name says where they stand.
func parseIDs(name, list string) ([]int32, error) {
	var ids []int32
	for _, f := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		n, err := strconv.ParseInt(f, 10, 32)
		if err != nil || n < 0 {
			return nil, usage{fmt.Errorf("%s: %q is not a token id", name, f)}
		}
		ids = append(ids, int32(n))
	}
	if len(ids) == 0 {
		return nil, usage{fmt.Errorf("%s: no token ids, want at least one", name)}
	}
	return ids, nil
}
