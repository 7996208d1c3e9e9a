package cli

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestHelpGroups: every flag of the commands that answer prompts is in a group, each
// with its default under the config that is named.
func TestHelpGroups(t *testing.T) {
	root := newRoot(newApp(Streams{}))
	for _, c := range root.Commands() {
		if c.Flags().Lookup("temp") == nil {
			continue
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			in := 0
			for _, g := range flagGroups {
				if strings.Contains(" "+g.flags+" ", " "+f.Name+" ") {
					in++
				}
			}
			if in != 1 && !f.Hidden && f.Name != "help" {
				t.Errorf("%s: --%s is in %d groups", c.Name(), f.Name, in)
			}
		})
	}
	for args, want := range map[string][]string{
		"run --help":                        {"\nSampling:\n", "\nExamples:\n  moeflow run MODEL.gguf", "most tokens to generate (default 256)", "is off (default the model file's, else 20)", "(default 0)", "The defaults are those of configs/tiny.toml"},
		"run qwen3-coder --help":            {"most tokens to generate (default 4096)", "(default 32768)", "(default 0.7)", "The defaults are those of configs/qwen3-coder.toml"},
		"run m.gguf --help":                 {"most tokens to generate (default 512)", "(default \"m.gguf\")", "likeliest token (default the model file's, else 0.7)", "a model without a config"},
		"run --set run.max_tokens=9 --help": {"most tokens to generate (default 9)"},
		"help run":                          {"most tokens to generate (default 256)"},
		"bench --help":                      {"prompt tokens; 0 skips (default 512)", "moeflow bench MODEL.gguf"},
		"--help":                            {"\nRun a model:\n  batch", "\nMeasure:\n  bench", "\nMore:\n", "\n  config "},
		"help config":                       {"\n[context]\nlength ", "want \"auto\", \"f16\" or \"q8_0\"; default: \"auto\"", "default: the model file's, else 0.8", "qwen3-coder.toml"},
	} {
		help := ok(t, moeflow(t, strings.Fields(args)...))
		for _, w := range want {
			if !strings.Contains(help, w) {
				t.Errorf("%s says nothing of %q:\n%s", args, w, help)
			}
		}
	}
}

// TestComplete: the shells are told the values of flags and arguments.
func TestComplete(t *testing.T) {
	for args, want := range map[string]string{
		"run tin":                    "tiny\n:",
		"run --set context.k":        "context.kv_type=\t",
		"run --set context.kv_type=": "context.kv_type=f16\n",
		"batch --set compute.sync=":  "compute.sync=barrier\n",
		"graph --format ":            "html\n",
		"graph --level ":             "dispatch\n",
		"batch --format ":            "openai\n",
		"bench --granularity ":       "layer\n",
		"run --device ":              "auto\n",
		"run ../../../../models/":    "../../../../models/tiny-go-q4_k_m.gguf\n",
		"inspect ":                   "tiny\n",
		"run --model ":               "gguf\n:8\n",
		"ru":                         "run\t",
	} {
		args := append([]string{"__complete"}, strings.Split(args, " ")...)
		if got := ok(t, moeflow(t, args...)); !strings.Contains(got, want) {
			t.Errorf("%q completes to %q, wanted %q", args, got, want)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if script := ok(t, moeflow(t, "completion", shell)); len(script) < 1000 {
			t.Errorf("%s gets %q", shell, script)
		}
	}
}

func TestVersion(t *testing.T) {
	want := regexp.MustCompile(`^moeflow \S+\ncommit \S.*\nbuilt with go\S+ for \w+/\w+\n$`)
	for _, args := range []string{"version", "--version"} {
		if got := ok(t, moeflow(t, args)); !want.MatchString(got) {
			t.Errorf("%s prints %q", args, got)
		}
	}
}
