package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"moeflow/configs"
)

// runFlags are the flags of run, and of batch where both have them.
type runFlags struct {
	prompt, file, system, ids     string
	chat, raw, ignoreEOS, printID bool
	completion                    bool
	stop                          []string
	json, quiet, verbose          bool
	noHistory                     bool
	maxTokens, context            int
	temp, topP, minP, repeat      float64
	topK                          int
	seed                          uint64
	see                           seeFlags
}

// add adds the flags that only run has.
func (f *runFlags) add(fl *pflag.FlagSet) {
	fl.StringVarP(&f.prompt, "prompt", "p", "", "the prompt; what is piped into standard input is appended to it")
	fl.StringVarP(&f.file, "prompt-file", "f", "", "file with the prompt; - is standard input")
	fl.StringVar(&f.ids, "ids", "", "the prompt as token ids, comma-separated")
	fl.BoolVar(&f.completion, "completion", false, "continue the prompt as it is, without the model's chat template")
	fl.BoolVar(&f.completion, "raw-prompt", false, "the same as --completion")
	fl.StringArrayVar(&f.stop, "stop", nil, "text that ends the answer, and is no part of it (repeatable)")
	fl.BoolVar(&f.printID, "print-ids", false, "print generated ids, space-separated, instead of text")
	fl.BoolVar(&f.json, "json", false, "print the answer and its figures as JSON, at its end")
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "say nothing but the answer and errors")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "say with which settings the model runs; in a chat, the speed of each answer")
	fl.BoolVar(&f.noHistory, "no-history", false, "keep no history of what is typed in a chat, and show none")
}

// answers adds the flags that say how prompts are answered.
func (f *runFlags) answers(fl *pflag.FlagSet) {
	fl.BoolVar(&f.chat, "chat", false, "wrap the prompt with the model's chat template, which it must have")
	fl.BoolVar(&f.raw, "raw", false, "take special tokens in the prompt as plain text")
	fl.StringVar(&f.system, "system", "", "system message of the chat")
	fl.BoolVar(&f.ignoreEOS, "ignore-eos", false, "go on past the end of the text")
	fl.IntVarP(&f.maxTokens, "max-tokens", "n", 0, "most tokens to generate")
	fl.IntVarP(&f.context, "context", "c", 0, "most positions of prompt and answer together")
	fl.Float64Var(&f.temp, "temp", 0, "temperature; 0 takes the likeliest token")
	fl.IntVar(&f.topK, "top-k", 0, "sample from the k likeliest tokens; 0 is off")
	fl.Float64Var(&f.topP, "top-p", 1, "sample from the likeliest tokens of this total probability; 1 is off")
	fl.Float64Var(&f.minP, "min-p", 0, "drop tokens below this share of the likeliest; 0 is off")
	fl.Float64Var(&f.repeat, "repeat-penalty", 1, "penalty on tokens already there; 1 is off")
	fl.Uint64Var(&f.seed, "seed", 0, "seed of the random numbers")
}

// check tells what is wrong with the flags by themselves.
func (f *runFlags) check() error {
	switch {
	case f.chat && f.completion:
		return usage{fmt.Errorf("--chat and --completion exclude each other")}
	case f.quiet && f.verbose:
		return usage{fmt.Errorf("--quiet and --verbose exclude each other")}
	case f.completion && f.system != "":
		return usage{fmt.Errorf("--system: a completion has no system message")}
	}
	for _, s := range f.stop {
		if s == "" {
			return usage{fmt.Errorf("--stop is empty, want a text")}
		}
	}
	return nil
}

// flagKeys are the config keys that the flags of answers stand for.
var flagKeys = []struct{ flag, key string }{
	{"max-tokens", "run.max_tokens"}, {"context", "context.length"}, {"system", "run.system"},
	{"temp", "sampling.temperature"}, {"top-k", "sampling.top_k"}, {"top-p", "sampling.top_p"}, {"min-p", "sampling.min_p"},
	{"repeat-penalty", "sampling.repeat_penalty"}, {"seed", "sampling.seed"},
}

// overrides carries the flags that were given into the config, with its checks.
func (f *runFlags) overrides(c *cobra.Command, cfg *configs.Config) error {
	for _, o := range flagKeys {
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
