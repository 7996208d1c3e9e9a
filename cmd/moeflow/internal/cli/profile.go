package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"moeflow/cmd/moeflow/internal/device"
	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/configs"
	"moeflow/gguf"
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/models"
	"moeflow/vk"
)

// modelFlags adds the flags of every command that takes CONFIG.
func (a *app) modelFlags(c *cobra.Command) {
	c.Flags().StringVarP(&a.model, "model", "m", "", "GGUF file, instead of the config's model.path")
	c.Flags().StringVar(&a.device, "device", "", "device: auto, an index or part of a name")
	c.Flags().StringArrayVar(&a.set, "set", nil, "override a config key, as key.path=value (repeatable)")
	c.Flags().BoolVar(&a.validation, "validation", false, "run under Vulkan's validation layers")
	c.Flags().MarkHidden("validation")
}

// isModel tells whether an argument names a model file.
func isModel(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".gguf") }

// splitConfig takes a leading CONFIG or model file off the arguments: a name that
// ends in .toml or .gguf, or that of a shipped profile.
func splitConfig(args []string) (config string, rest []string) {
	if len(args) == 0 {
		return "", nil
	}
	for _, n := range configs.Shipped() {
		if args[0] == n || args[0] == strings.TrimSuffix(n, ".toml") {
			return args[0], args[1:]
		}
	}
	if strings.HasSuffix(args[0], ".toml") || isModel(args[0]) {
		return args[0], args[1:]
	}
	return "", args
}

// profile reads the config and applies the overriding flags. A model that is named
// without a config gets the default of every key: the shipped profile is about the
// shipped model.
func (a *app) profile(name string) (c *configs.Config, err error) {
	o, err := a.userConfig()
	if err != nil {
		return nil, err
	}
	a.environment(name)
	switch {
	case isModel(name) && a.model != "":
		return nil, usage{fmt.Errorf("two models are named, %s and --model %s: want one", name, a.model)}
	case isModel(name):
		c = configs.Default(o)
		c.Model.Path = name
	case name == "" && (a.namesModel() || o.Base != nil && o.Base.Model.Path != ""):
		c = configs.Default(o)
	default:
		if c, err = configs.Open(name, o); err != nil {
			return nil, err
		}
	}
	path := c.Model.Path
	for _, s := range a.set {
		if err := c.Set(s); err != nil {
			return nil, err
		}
	}
	if a.model != "" {
		c.Model.Path = a.model
	}
	// A file that was asked for by name is never replaced by the one inside
	// the binary.
	c.Embedded = c.Embedded && c.Model.Path == path
	if a.device != "" {
		c.Device.Name = a.device
	}
	return c, c.Check()
}

// namesModel tells whether a flag names a model file.
func (a *app) namesModel() bool { return a.model != "" || a.sets("model.path") }

// sets tells whether --set has a key.
func (a *app) sets(key string) bool {
	return slices.ContainsFunc(a.set, func(s string) bool {
		k, _, _ := strings.Cut(s, "=")
		return strings.TrimSpace(k) == key
	})
}

// userFile is where the user's own config is, "" if there is no folder for it.
func userFile() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "moeflow", "config.toml")
}

// userConfig is what profiles take from their surroundings: the environment, the
// home folder, and the values of the user's own config, if there is one.
func (a *app) userConfig() (configs.Options, error) {
	home, _ := os.UserHomeDir()
	o := configs.Options{Getenv: os.Getenv, Home: home}
	file := userFile()
	if file == "" {
		return o, nil
	}
	c, err := configs.Load(file, o)
	switch {
	case err == nil:
		o.Base = c
	case !errors.Is(err, fs.ErrNotExist):
		return o, usage{err}
	}
	return o, nil
}

// environment takes the model and the device that environment variables name where
// the command line names none.
func (a *app) environment(config string) {
	if config == "" && !a.namesModel() {
		a.model = os.Getenv("MOEFLOW_MODEL")
	}
	if a.device == "" && !a.sets("device.name") {
		a.device = os.Getenv("MOEFLOW_DEVICE")
	}
}

// openModel opens the profile's model: the file, or, for a shipped profile
// whose model is not on disk, the model inside the binary.
func openModel(c *configs.Config) (*model.Model, error) {
	f, err := openFile(c.Model.Path, c.Embedded)
	if c.Embedded && errors.Is(err, fs.ErrNotExist) {
		err = usage{fmt.Errorf("%w (give the file with --model)", err)}
	}
	if err != nil {
		return nil, err
	}
	m, err := model.New(f)
	if err != nil {
		return nil, usage{errors.Join(err, f.Close())}
	}
	return m, nil
}

// engineOptions turns a profile into what the engine takes.
func (a *app) engineOptions(c *configs.Config) engine.Options {
	d := vk.Options{Device: c.Device.Name, Validation: a.validation, OnMessage: func(s string) { fmt.Fprintln(a.Err, "validation:", s) }}
	if dir, err := os.UserCacheDir(); err == nil {
		d.CacheDir = filepath.Join(dir, "moeflow")
	}
	return engine.Options{
		Load: engine.Load{Open: device.Opener(d), Slots: c.Pipeline.MicroBatches, Progress: a.progress()},
		Plans: engine.Plans{Granularity: graph.Granularity(c.Pipeline.Granularity), KVType: kvTypes[c.Context.KVType], KVAuto: c.Context.KVType == "auto", Memory: c.Device.Memory, Context: c.Context.Length,
			Without: without(c.Compute), Sync: c.Compute.Sync, Deterministic: c.Compute.Deterministic},
	}
}

// without lists the kernels' precisions that a profile does not allow.
func without(c configs.Compute) []string {
	var out []string
	for _, p := range []string{"q16", "q8"} {
		if c.Activations != p {
			out = append(out, p)
		}
	}
	if c.MatMul == "f32" {
		out = append(out, "f16")
	}
	return out
}

// kvTypes are the config's names of kv cache types.
var kvTypes = map[string]quant.Type{"auto": quant.F16, "f16": quant.F16, "q8_0": quant.Q8_0}

// start opens a profile's model and engine with changed options. done closes
// both.
func (a *app) start(c *configs.Config, change func(*engine.Options, *model.Model)) (e *engine.Engine, done func() error, err error) {
	m, err := openModel(c)
	if err != nil {
		return nil, nil, err
	}
	return a.startModel(c, m, change)
}

// startModel is start with a model that is open. It is closed by done, and if
// the engine cannot be opened.
func (a *app) startModel(c *configs.Config, m *model.Model, change func(*engine.Options, *model.Model)) (e *engine.Engine, done func() error, err error) {
	o := a.engineOptions(c)
	if c.IsSet("context.length") && c.Context.Length > m.Context {
		fmt.Fprintf(a.Err, "warning: context.length %d is more than the %d the model was trained for; using %d\n", c.Context.Length, m.Context, m.Context)
	}
	if change != nil {
		change(&o, m)
	}
	e, err = engine.Open(m, o)
	if err != nil {
		return nil, nil, errors.Join(openError(m, o, err), m.Close())
	}
	if o.Plans.KVAuto {
		fmt.Fprintf(a.Err, "kv cache: %s (%s of positions, %s of weights, %s has %s)\n", kvName(e.KVType), engine.Bytes(e.Memory.KV), engine.Bytes(e.Memory.Weights), e.Device.Name, engine.Bytes(e.Device.Memory))
	}
	return e, func() error { return errors.Join(e.Close(), m.Close()) }, nil
}

// openFile opens a model file, or, where shipped allows it and no such file is
// on disk, the shipped model of that name.
func openFile(path string, shipped bool) (*gguf.File, error) {
	f, err := gguf.Open(path)
	if shipped && errors.Is(err, fs.ErrNotExist) {
		if data, ok := models.Shipped(filepath.Base(path)); ok {
			return gguf.FromBytes(filepath.Base(path), data)
		}
	}
	if errors.Is(err, gguf.ErrChanged) {
		return nil, err // the file was sound when it was opened
	}
	if err != nil {
		return nil, usage{err}
	}
	return f, nil
}

// openError is why an engine could not be opened: wrong use where the model cannot
// be computed as the config wants it on any device, rather than for want of what
// this device has.
func openError(m *model.Model, o engine.Options, err error) error {
	if _, perr := engine.PlanOf(m, o, nil, 1); perr != nil {
		return usage{err}
	}
	return err
}
