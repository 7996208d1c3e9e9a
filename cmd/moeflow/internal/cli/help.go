package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"moeflow/configs"
)

// flagGroups parts the flags of commands that answer prompts, in the order of the
// help.
var flagGroups = []struct{ title, flags string }{
	{"Prompt", "prompt prompt-file ids system chat completion raw-prompt raw no-history"},
	{"Answer", "max-tokens context stop ignore-eos"},
	{"Sampling", "temp top-k top-p min-p repeat-penalty seed"},
	{"Batch", "format resume sequences"},
	{"Model and device", "model device set"},
	{"Output", "output print-ids json quiet verbose"},
	{"Watching", "watch http http-public trace expert-stats"},
}

// examples are shown in the help of commands.
var examples = map[string]string{
	"run": `moeflow run MODEL.gguf                            a chat, in a terminal
moeflow run MODEL.gguf -p "Reverse a linked list in Go"
git diff | moeflow run MODEL.gguf -p "Review this change." -q
moeflow run MODEL.gguf --completion -p 'func main() {' --stop '}'`,
	"batch":      "moeflow batch MODEL.gguf prompts.jsonl -o results.jsonl --resume",
	"bench":      "moeflow bench MODEL.gguf -p 512 -n 128 -b 1,8,32",
	"graph":      "moeflow graph MODEL.gguf --for nvidia --format text --level dispatch",
	"tokenize":   "echo 'func main() {' | moeflow tokenize MODEL.gguf",
	"logits":     "moeflow logits MODEL.gguf --ids 344,2166 -o logits.npy",
	"perplexity": "moeflow perplexity MODEL.gguf text.txt",
	"inspect":    "moeflow inspect MODEL.gguf",
	"serve":      "moeflow serve MODEL.gguf --port 8080",
}

// commandGroups parts the commands in the root's help.
var commandGroups = []struct{ title, commands string }{
	{"Run a model", "run batch serve"},
	{"Look into a model", "inspect graph tokenize logits"},
	{"Measure", "bench perplexity devices"},
}

// groups gives every command its group and its examples.
func groups(root *cobra.Command) {
	for _, g := range commandGroups {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title + ":"})
		for _, c := range root.Commands() {
			if slices.Contains(strings.Fields(g.commands), c.Name()) {
				c.GroupID = g.title
			}
		}
	}
	for _, c := range root.Commands() {
		c.Example = examples[c.Name()]
	}
}

// showHelp prints the help of a command: what it does, how it is called, examples,
// and its flags with the defaults that they have under the config that is named.
func (a *app) showHelp(c *cobra.Command, _ []string) {
	w := c.OutOrStdout()
	if c.Long != "" && !c.Runnable() {
		fmt.Fprintln(w, c.Long)
		return
	}
	fmt.Fprintf(w, "%s\n\nUsage:\n  %s\n", c.Short, c.UseLine())
	if c.HasAvailableSubCommands() {
		showCommands(w, c)
	}
	if c.Long != "" {
		fmt.Fprintf(w, "\n%s\n", c.Long)
	}
	if c.Example != "" {
		fmt.Fprintf(w, "\nExamples:\n  %s\n", strings.ReplaceAll(c.Example, "\n", "\n  "))
	}
	if c.Flags().Lookup("set") == nil {
		showFlags(w, c)
		return
	}
	name, _ := splitConfig(c.Flags().Args())
	cfg, err := a.profile(name)
	if err != nil {
		cfg = configs.Default(configs.Options{})
	}
	effective := func(flag, key string) {
		f := c.Flags().Lookup(flag)
		if text := cfg.Text(key); text != `""` {
			f.Usage += " (default " + text + ")"
		}
		if f.DefValue = ""; f.Value.Type() != "string" {
			f.DefValue = "0" // which the flag's own default is not shown for
		}
	}
	effective("model", "model.path")
	effective("device", "device.name")
	if c.Flags().Lookup("temp") != nil {
		for _, o := range flagKeys {
			effective(o.flag, o.key)
		}
	}
	showFlags(w, c)
	of := cfg.File
	if of == "" {
		of = "a model without a config"
	}
	fmt.Fprintf(w, "\nThe defaults are those of %s; moeflow help config lists the keys of --set.\n", of)
}

func showCommands(w io.Writer, c *cobra.Command) {
	for _, g := range append(c.Groups(), &cobra.Group{Title: "More:"}) {
		fmt.Fprintf(w, "\n%s\n", g.Title)
		for _, sub := range c.Commands() {
			if sub.GroupID == g.ID && (sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand()) {
				fmt.Fprintf(w, "  %-12s %s\n", sub.Name(), sub.Short)
			}
		}
	}
}

// showFlags prints the flags of a command, in groups where it answers prompts: such
// commands have many.
func showFlags(w io.Writer, c *cobra.Command) {
	grouped := map[string]*pflag.FlagSet{}
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		title := "Flags"
		for _, g := range flagGroups {
			if c.Flags().Lookup("temp") != nil && slices.Contains(strings.Fields(g.flags), f.Name) {
				title = g.title
			}
		}
		if grouped[title] == nil {
			grouped[title] = pflag.NewFlagSet("", pflag.ContinueOnError)
		}
		grouped[title].AddFlag(f)
	})
	for _, g := range flagGroups {
		if fl := grouped[g.title]; fl != nil {
			fmt.Fprintf(w, "\n%s:\n%s", g.title, fl.FlagUsages())
		}
	}
	if fl := grouped["Flags"]; fl != nil && fl.HasAvailableFlags() {
		fmt.Fprintf(w, "\nFlags:\n%s", fl.FlagUsages())
	}
}

// configTopic is the help of configs, made of the table of keys.
func configTopic(*app) *cobra.Command {
	var b strings.Builder
	b.WriteString("A config is a file in TOML. Every key may be left out but model.path. Commands that\ntake a config also take --set key.path=value. What a config leaves out comes from " + userFile() + ",\nif that is there, and else has the default below. MOEFLOW_MODEL and MOEFLOW_DEVICE\nname a model and a device where the command line names none.\n")
	table := ""
	for _, k := range configs.Keys() {
		t, leaf, _ := strings.Cut(k.Name, ".")
		if t != table {
			fmt.Fprintf(&b, "\n[%s]\n", t)
			table = t
		}
		fmt.Fprintf(&b, "%-15s %s\n%16swant %s; default: %s\n", leaf, k.Meaning, "", k.Want, k.Default)
	}
	fmt.Fprintf(&b, "\nShipped with moeflow: %s.", strings.Join(configs.Shipped(), ", "))
	return &cobra.Command{Use: "config", Short: "Every key of a config, with its values and its default", Long: b.String()}
}
