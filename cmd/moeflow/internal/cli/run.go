package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/cmd/moeflow/internal/openai"
	"moeflow/configs"
	"moeflow/stages/sample"
	"moeflow/tokenizer/chat"
)

func runCommand(a *app) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run [CONFIG|MODEL.gguf] [-]",
		Short: "Answer a prompt, streaming; with a terminal and no prompt, an interactive chat",
		Args:  cobra.MaximumNArgs(2),
	}
	a.modelFlags(c)
	fl := c.Flags()
	f.add(fl)
	f.answers(fl)
	f.see.add(fl)
	c.RunE = func(c *cobra.Command, args []string) error { return a.run(c, args, &f) }
	return c
}

func (a *app) run(c *cobra.Command, args []string, f *runFlags) (err error) {
	name, rest := splitConfig(args)
	if len(rest) == 1 && rest[0] == "-" {
		f.file = "-"
	} else if len(rest) > 0 {
		return usage{fmt.Errorf("argument %q is neither a config (a .toml file or %s) nor a model (a .gguf file) nor -", rest[0], strings.Join(configs.Shipped(), ", "))}
	}
	if err := f.check(); err != nil {
		return err
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
	given = given || f.ids != ""
	if !given && !isTerminal(a.stdin) {
		return usage{fmt.Errorf("no prompt: give --prompt, --prompt-file, --ids or -")}
	}
	if f.quiet {
		a.bars = nil
	}
	if len(f.see.outputs()) > 0 {
		defer keepPipe()() // so that a reader who goes away does not leave parts of files
	}
	if err := f.see.open(a); err != nil {
		return err
	}
	s, err := a.newSession(cfg, f, !given)
	if err != nil {
		return errors.Join(err, f.see.discard())
	}
	defer func() { err = s.close(err) }()
	if !given {
		return s.interactive(c.Context())
	}
	ids, err := s.promptIDs(c.Context(), f, text)
	if err != nil {
		return err
	}
	s.settings()
	return s.answer(c.Context(), ids)
}

// silence is how long a command waits for its input before it says so.
const silence = time.Second

// promptText is the prompt and whether there is one. What is piped into a command
// without a file for its prompt is the end of the prompt.
func (a *app) promptText(c *cobra.Command, f *runFlags) (text string, given bool, err error) {
	n, text := 0, f.prompt
	for _, given := range []bool{c.Flags().Changed("prompt"), f.file != "", f.ids != ""} {
		if given {
			n++
		}
	}
	switch given = n > 0; {
	case n > 1:
		return "", false, usage{fmt.Errorf("--prompt, --prompt-file (or -) and --ids exclude each other")}
	case f.ids != "":
		return "", true, nil
	case f.file != "":
		if text, err = a.readText(c.Context(), f.file, mostPrompt); err != nil && f.file != "-" {
			err = fmt.Errorf("--prompt-file: %w", err)
		}
	case isPipe(a.stdin):
		said := time.AfterFunc(silence, func() {
			fmt.Fprintln(a.Err, "reading standard input up to its end, which is the end of the prompt (</dev/null leaves it out)")
		})
		more, err := a.readText(c.Context(), "-", mostPrompt)
		said.Stop()
		if err != nil {
			return "", false, err
		}
		if text != "" && more != "" && !f.completion {
			text += "\n\n" // a completion goes on where the prompt ends
		}
		text, given = text+more, given || more != ""
	}
	if err == nil && given && text == "" {
		err = usage{fmt.Errorf("the prompt is empty")}
	}
	return text, given, err
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
	drawn    bool                                                   // nobody set params.Seed
	after    func(prompt int, r generate.Result, text string) error // says what became of an answer
	done     func() error
	forget   func() // takes back what is said if the process must end
}

func (a *app) newSession(cfg *configs.Config, f *runFlags, chats bool) (*session, error) {
	var params sample.Params
	drawn := false
	e, done, err := a.start(cfg, func(o *engine.Options, m *model.Model) {
		f.see.options(a, o)
		sampling := cfg.Sampling.Or(m.Sampling())
		if sampling.Seed == nil {
			sampling.Seed, drawn = new(uint64(rand.Uint32())), true
		}
		params = samplingParams(sampling.Or(configs.FallbackSampling()))
		o.Plans.Sampler = chats || !params.Plain() // a chat may change its settings
	})
	if err != nil {
		return nil, err
	}
	l, err := generate.Start(e, generate.Options{Keep: true})
	if err != nil {
		return nil, errors.Join(err, done())
	}
	s := &session{app: a, cfg: cfg, flags: f, engine: e, loop: l, done: done, params: params, drawn: drawn}
	s.after = s.report
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

// settings says with which settings the model runs, if that is wanted.
func (s *session) settings() {
	if s.flags.verbose {
		s.tellSettings()
	}
}

func (s *session) tellSettings() {
	p := s.params
	fmt.Fprintf(s.Err, "%s on %s: context %d positions, kv cache %s; at most %d tokens, temperature %g, top-k %d, top-p %g, min-p %g, repeat penalty %g, seed %d\n",
		s.engine.Model.Name(), s.engine.Device.Name, s.engine.Context, s.cfg.Context.KVType, s.cfg.Run.MaxTokens,
		p.Temperature, p.TopK, p.TopP, p.MinP, p.RepeatPenalty, p.Seed)
}

// promptIDs turns the prompt into tokens: through the model's chat template, unless
// it has none or the prompt is to be continued as it is.
func (s *session) promptIDs(ctx context.Context, f *runFlags, text string) ([]int32, error) {
	defer s.engine.Tokenizing("tokenize the prompt")()
	switch {
	case f.ids != "":
		return parseIDs("--ids", f.ids)
	case f.chat || !f.completion && s.engine.Model.HasChatTemplate():
		return s.render(ctx, []chat.Message{{"role": "user", "content": text}})
	case f.system != "":
		return nil, usage{fmt.Errorf("--system: %s has no chat template, so a prompt is continued as it is", s.engine.Model.Name())}
	}
	return s.engine.Model.Tokenizer.EncodePrompt(text, !f.raw), nil
}

// render turns a conversation into tokens through the model's template. A template
// that cannot do it is a model or a prompt that cannot be used.
func (s *session) render(ctx context.Context, turns []chat.Message) ([]int32, error) {
	if err := s.loadTemplate(); err != nil {
		return nil, err
	}
	if s.cfg.Run.System != "" {
		turns = append([]chat.Message{{"role": "system", "content": s.cfg.Run.System}}, turns...)
	}
	ids, err := openai.EncodeChat(ctx, s.engine.Model.Tokenizer, s.template, chat.Conversation{Messages: turns, AddGenerationPrompt: true}, s.flags.raw)
	if err != nil {
		return nil, usageUnless(ctx, err)
	}
	return ids, nil
}

// loadTemplate makes the model's template, once.
func (s *session) loadTemplate() error {
	if s.template != nil {
		return nil
	}
	t, err := s.engine.Model.ChatTemplate()
	if err != nil {
		return usage{err}
	}
	s.template = t
	return nil
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
