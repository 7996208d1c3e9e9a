package cli

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"moeflow/cmd/moeflow/internal/job"
	"moeflow/configs"
	"moeflow/graph/export"
	"moeflow/vk"
)

// complete teaches the shells' completion the values of flags and arguments.
func complete(root *cobra.Command) {
	var formats []string
	for _, f := range job.Formats() {
		formats = append(formats, string(f))
	}
	fixed := map[string]map[string][]string{
		"graph": {"format": export.Formats(), "level": export.Levels(), "for": classNames()},
		"batch": {"format": formats},
		"bench": {"granularity": valuesOf("pipeline.granularity")},
	}
	for _, c := range root.Commands() {
		for flag, values := range fixed[c.Name()] {
			c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
		}
		if c.Flags().Lookup("set") != nil {
			c.RegisterFlagCompletionFunc("set", completeKey)
			c.RegisterFlagCompletionFunc("device", completeDevice)
			c.MarkFlagFilename("model", "gguf")
		}
		if c.Flags().Lookup("set") != nil || c.Name() == "inspect" {
			c.ValidArgsFunction = completeConfig
		}
	}
}

// valuesOf lists what a config key takes.
func valuesOf(name string) []string {
	for _, k := range configs.Keys() {
		if k.Name == name {
			return k.Values
		}
	}
	return nil
}

// completeKey completes key.path=value.
func completeKey(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	var out []string
	name, _, valued := strings.Cut(typed, "=")
	for _, k := range configs.Keys() {
		switch {
		case !valued && strings.HasPrefix(k.Name, typed):
			out = append(out, cobra.CompletionWithDesc(k.Name+"=", k.Meaning))
		case valued && k.Name == name:
			for _, v := range k.Values {
				out = append(out, name+"="+v)
			}
		}
	}
	if valued {
		return out, cobra.ShellCompDirectiveNoFileComp
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeDevice lists the devices that are here.
func completeDevice(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	out := []string{"auto"}
	if devs, err := vk.Devices(); err == nil {
		for _, d := range devs {
			out = append(out, cobra.CompletionWithDesc(strconv.Itoa(d.Index), d.Name))
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeConfig lists the shipped configs, and the configs, models and folders on
// disk. Arguments behind the first are files of any kind.
func completeConfig(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var out []string
	for _, n := range configs.Shipped() {
		if n = strings.TrimSuffix(n, ".toml"); strings.HasPrefix(n, typed) {
			out = append(out, n)
		}
	}
	dir, base := filepath.Split(typed)
	entries, _ := os.ReadDir(filepath.Join(".", dir))
	if filepath.IsAbs(dir) {
		entries, _ = os.ReadDir(dir)
	}
	more := cobra.ShellCompDirectiveNoFileComp
	for _, e := range entries {
		switch name := dir + e.Name(); {
		case !strings.HasPrefix(e.Name(), base):
		case e.IsDir():
			out, more = append(out, name+"/"), more|cobra.ShellCompDirectiveNoSpace
		case isModel(name) || strings.HasSuffix(name, ".toml"):
			out = append(out, name)
		}
	}
	return out, more
}
