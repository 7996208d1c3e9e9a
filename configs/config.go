package configs

import "maps"

// Config is a run profile. The zero value is not useful: start from [Default],
// [Open], [Load] or [Parse].
type Config struct {
	// File is where the profile was read from, as messages name it; "" for
	// Default.
	File string
	// Embedded is true when the profile came out of the binary. Its model path
	// is then relative to the working folder, and a model that is not there
	// may be found among the shipped ones.
	Embedded bool

	Model    Model
	Device   Device
	Context  Context
	Pipeline Pipeline
	Compute  Compute
	Sampling Sampling
	Run      Run
	Server   Server

	options Options
	set     map[string]bool
}

// Model is the [model] table.
type Model struct {
	// Path of the GGUF file (the first one of a split model), ready to open:
	// ~ and $VARS are expanded, and a relative path of a file is joined to the
	// file's folder. A path given by Set is relative to the working folder.
	Path string
}

// Device is the [device] table.
type Device struct {
	// Name is "auto", part of a device's name, or its index.
	Name string
	// Memory is the most that may be taken of the device's memory, in bytes; 0 is 90% of
	// all that it has.
	Memory uint64
}

// Context is the [context] table.
type Context struct {
	// Length is how many positions a sequence can have. Where the key is not
	// set (see IsSet) it is an upper bound: a model trained on less gets less.
	Length int
	// KVType is the element type of the kv cache: "f16", "q8_0", or "auto", which is f16
	// where a cache of that type fits the memory and q8_0 where it does not.
	KVType string
}

// Pipeline is the [pipeline] table.
type Pipeline struct {
	// Granularity is what one goroutine of the flow runs: "stage", "layer" or
	// "device".
	Granularity string
	// MicroBatches is how many steps may be in flight at once; fewer than two are two.
	MicroBatches int
}

// Compute is the [compute] table: in what precision the kernels calculate.
type Compute struct {
	// Activations is the type in which activations meet quantized weights when
	// few rows are computed: "f32", or, where the device has packed integer dot
	// products, "q16" or "q8", fixed point of so many bits within each 32
	// elements.
	Activations string
	// MatMul is the type of the factors when many rows are computed: "f16" where
	// the device has it, or "f32", which is exact and uses no matrix units for
	// anything. Sums are always float32.
	MatMul string
	// Sync is how a dispatch waits for those before it: "barrier", or "counter"
	// for kernels that can wait by themselves; "auto" takes what is known to
	// work on the device.
	Sync string
	// Deterministic has a batch use the same kernels for any number of rows, so
	// that what a prompt gets does not depend on what runs beside it.
	Deterministic bool
}

// Sampling is the [sampling] table. A nil field is a key that was not set, so
// that the model file's own defaults can apply: see Or.
type Sampling struct {
	Temperature   *float64 // 0 picks the likeliest token
	TopK          *int     // 0 is off
	TopP          *float64 // 1 is off
	MinP          *float64 // 0 is off
	RepeatPenalty *float64 // 1 is off
	Seed          *uint64
}

// Run is the [run] table.
type Run struct {
	// MaxTokens is the most tokens generated for a prompt.
	MaxTokens int
	// System is the system message of a chat; "" leaves the model's own.
	System string
}

// Default gives the values of all keys that a profile leaves out: those of o.Base,
// or else an empty model path, unset sampling keys and values for all others.
func Default(o Options) *Config {
	if o.Base != nil {
		c := *o.Base
		c.File, c.Embedded, c.options, c.set = "", false, o, maps.Clone(o.Base.set)
		return &c
	}
	return &Config{
		Device:   Device{Name: "auto"},
		Context:  Context{Length: 32768, KVType: "auto"},
		Pipeline: Pipeline{Granularity: "device", MicroBatches: 2},
		Compute:  Compute{Activations: "q16", MatMul: "f16", Sync: "auto", Deterministic: true},
		Run:      Run{MaxTokens: 512},
		Server:   Server{Host: "127.0.0.1", Port: 8080, MaxQueue: 256, Drain: 10},
		options:  o,
		set:      map[string]bool{},
	}
}

// IsSet tells whether a key such as "context.length" was given by the file or
// by Set, rather than left at its default.
func (c *Config) IsSet(key string) bool { return c.set[key] }

// Check reports what a profile lacks once all overrides are applied: a model.
func (c *Config) Check() error {
	if c.Model.Path == "" {
		return &Error{File: c.File, Key: "model.path", Problem: "is missing, want the path of a GGUF file"}
	}
	return nil
}

// Or fills the unset keys of s from t: first the profile, then the model file,
// then FallbackSampling.
func (s Sampling) Or(t Sampling) Sampling {
	return Sampling{
		Temperature:   or(s.Temperature, t.Temperature),
		TopK:          or(s.TopK, t.TopK),
		TopP:          or(s.TopP, t.TopP),
		MinP:          or(s.MinP, t.MinP),
		RepeatPenalty: or(s.RepeatPenalty, t.RepeatPenalty),
		Seed:          or(s.Seed, t.Seed),
	}
}

func or[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}

// FallbackSampling has every key set: what applies where neither the profile
// nor the model file says anything.
func FallbackSampling() Sampling {
	return Sampling{
		Temperature:   ptr(0.7),
		TopK:          ptr(20),
		TopP:          ptr(0.8),
		MinP:          ptr(0.0),
		RepeatPenalty: ptr(1.05),
		Seed:          ptr(uint64(0)),
	}
}

func ptr[T any](v T) *T { return &v }
