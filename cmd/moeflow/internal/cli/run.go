package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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
	if !given && f.ids == "" && !isTerminal(a.In) {
		return usage{fmt.Errorf("no prompt: give --prompt, --prompt-file, --ids or -")}
	}
	if err := f.see.open(a.Err); err != nil {
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
	case f.file == "-":
		b, err := io.ReadAll(a.In)
		return string(b), true, err
	case f.file != "":
		b, err := os.ReadFile(f.file)
		if err != nil {
			return "", false, usage{fmt.Errorf("--prompt-file: %w", err)}
		}
		return string(b), true, nil
	}
	return f.prompt, c.Flags().Changed("prompt"), nil
}

// session is a loaded model with one sequence and its settings.
type session struct {
	*app
	cfg      *configs.Config
	flags    *runFlags
	engine   *engine.Engine
	seq      *generate.Sequence
	template *chat.Template
	params   sample.Params
	done     func() error
}

func (a *app) newSession(cfg *configs.Config, f *runFlags) (*session, error) {
	e, done, err := a.start(cfg, func(o *engine.Options, _ *model.Model) { f.see.options(a, o) })
	if err != nil {
		return nil, err
	}
	s := &session{app: a, cfg: cfg, flags: f, engine: e, done: done, seq: generate.NewSequence(e)}
	s.params = samplingParams(cfg.Sampling.Or(e.Model.Sampling()).Or(configs.FallbackSampling()))
	if err := f.see.begin(e, a.Err); err != nil {
		return nil, errors.Join(err, done())
	}
	return s, nil
}

// close ends a session that ended with err, which is part of what it returns. The
// files of --trace and --expert-stats are completed unless the run has failed.
func (s *session) close(err error) error {
	s.seq.Close()
	see := &s.flags.see
	if ended := err == nil || interrupted(err) || errors.Is(err, syscall.EPIPE); !ended {
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
		return parseIDs(f.ids)
	}
	if f.chat {
		return s.render(ctx, []chat.Message{{"role": "user", "content": text}})
	}
	return s.engine.Model.Tokenizer.EncodePrompt(text, !f.raw), nil
}

// render turns a conversation into tokens through the model's template.
func (s *session) render(ctx context.Context, turns []chat.Message) ([]int32, error) {
	if s.template == nil {
		t, err := s.engine.Model.ChatTemplate()
		if err != nil {
			return nil, err
		}
		s.template = t
	}
	if s.cfg.Run.System != "" {
		turns = append([]chat.Message{{"role": "system", "content": s.cfg.Run.System}}, turns...)
	}
	text, err := s.template.Render(ctx, chat.Conversation{Messages: turns, AddGenerationPrompt: true})
	if err != nil {
		return nil, err
	}
	return s.engine.Model.Tokenizer.Encode(text, true), nil
}

// parseIDs reads a comma-separated list of token ids.
func parseIDs(list string) ([]int32, error) {
	var ids []int32
	for _, f := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		n, err := strconv.ParseInt(f, 10, 32)
		if err != nil || n < 0 {
			return nil, usage{fmt.Errorf("--ids: %q is not a token id", f)}
		}
		ids = append(ids, int32(n))
	}
	if len(ids) == 0 {
		return nil, usage{fmt.Errorf("--ids: the prompt is empty")}
	}
	return ids, nil
}

// answer streams the continuation of ids to stdout and the timing to stderr.
func (s *session) answer(ctx context.Context, ids []int32) error {
	res, _, err := s.stream(ctx, ids)
	if err != nil {
		return err
	}
	s.timing(len(ids), res)
	if res.Finish == generate.FinishCancel {
		return errInterrupted
	}
	return nil
}

// stream generates and prints, and returns the text as well.
func (s *session) stream(ctx context.Context, ids []int32) (generate.Result, string, error) {
	dec := s.engine.Model.Tokenizer.NewDecoder()
	var all strings.Builder
	first := true
	put := func(text string) error {
		all.WriteString(text)
		_, err := io.WriteString(s.Out, text)
		return err
	}
	var reading func(done, all int)
	if isTerminal(s.Err) {
		reading = promptBar(s.Err)
	}
	res, err := s.seq.Generate(ctx, generate.Request{
		OnPrefill: reading, IDs: ids, MaxTokens: s.cfg.Run.MaxTokens, Sampling: s.params, IgnoreEOG: s.flags.ignoreEOS,
		OnToken: func(id int32) error {
			if !s.flags.printID {
				done := s.engine.Tokenizing("detokenize")
				text := dec.Add(id)
				done()
				return put(text)
			}
			sep := " "
			if first {
				sep, first = "", false
			}
			return put(sep + strconv.Itoa(int(id)))
		},
	})
	if err != nil {
		return res, "", err
	}
	tail := ""
	if !s.flags.printID {
		tail = dec.Flush()
	}
	if text := all.String() + tail; !strings.HasSuffix(text, "\n") {
		tail += "\n"
	}
	return res, all.String(), put(tail)
}

// timing prints the speed of a finished answer.
func (s *session) timing(prompt int, r generate.Result) {
	rate := func(n int, sec float64) string {
		if n == 0 || sec <= 0 {
			return "-"
		}
		return fmt.Sprintf("%.1f tokens/s", float64(n)/sec)
	}
	fmt.Fprintf(s.Err, "%s: prompt %d tokens (%d reused) %s, generated %d tokens %s, finish: %s\n",
		s.engine.Device.Name, prompt, r.Reused, rate(prompt-r.Reused, r.Prefill.Seconds()),
		len(r.IDs), rate(r.Steps, r.Decode.Seconds()), r.Finish)
}
