package configs

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// key is one line of the table: what a profile may say.
type key struct {
	name string
	want string // completes "want ..."
	// put stores a TOML value (string, int64, float64, bool, ...) or refuses
	// it.
	put func(*Config, any) bool
	// text is true where the value is a string, so that an override needs no
	// quotes.
	text    bool
	values  []string // all there are, nil where there are too many
	meaning string   // a sentence
}

// means says what a key means.
func (k key) means(sentence string) key {
	k.meaning = sentence
	return k
}

// keys is every key there is, with its range. The order is the order of the
// tables in a profile.
var keys = []key{
	text("model.path", "the path of a GGUF file", 1, func(c *Config, v string) { c.Model.Path = v }).
		means("The model file, the first one of a split model; relative to the config, ~ and $VARS are expanded."),
	text("device.name", `"auto", part of a device's name, or its index`, 1, func(c *Config, v string) { c.Device.Name = v }).
		means("The Vulkan device that runs the model; auto prefers discrete ones, then integrated, then CPUs."),
	size("device.memory", func(c *Config, v uint64) { c.Device.Memory = v }).
		means("The most that is taken of the device's memory."),
	whole("context.length", 1, 1<<24, func(c *Config, v int64) { c.Context.Length = int(v) }).
		means("Positions of a sequence, prompt and answer together; a model trained on less gets less."),
	oneOf("context.kv_type", []string{"auto", "f16", "q8_0"}, func(c *Config, v string) { c.Context.KVType = v }).
		means("The type of the kv cache; auto is f16 where that fits the memory, else q8_0."),
	oneOf("pipeline.granularity", []string{"stage", "layer", "device"}, func(c *Config, v string) { c.Pipeline.Granularity = v }).
		means("What of the plan one goroutine runs."),
	whole("pipeline.micro_batches", 1, 64, func(c *Config, v int64) { c.Pipeline.MicroBatches = int(v) }).
		means("Steps in flight at once; fewer than two are two."),
	oneOf("compute.activations", []string{"f32", "q16", "q8"}, func(c *Config, v string) { c.Compute.Activations = v }).
		means("The type in which activations meet quantized weights when few rows are computed."),
	oneOf("compute.matmul", []string{"f32", "f16"}, func(c *Config, v string) { c.Compute.MatMul = v }).
		means("The type of the factors when many rows are computed; f32 uses no matrix units."),
	oneOf("compute.sync", []string{"auto", "barrier", "counter"}, func(c *Config, v string) { c.Compute.Sync = v }).
		means("How a dispatch waits for those before it; auto takes what the device is known to do."),
	truth("compute.deterministic", func(c *Config, v bool) { c.Compute.Deterministic = v }).
		means("The answer to a prompt of a batch does not depend on the others."),
	real("sampling.temperature", span{0, 100, closed}, func(c *Config, v float64) { c.Sampling.Temperature = &v }).
		means("0 takes the likeliest token; higher values take others more often."),
	whole("sampling.top_k", 0, math.MaxInt32, func(c *Config, v int64) { c.Sampling.TopK = ptr(int(v)) }).
		means("Sample from so many of the likeliest tokens; 0 is off."),
	real("sampling.top_p", span{0, 1, above}, func(c *Config, v float64) { c.Sampling.TopP = &v }).
		means("Sample from the likeliest tokens of this total probability; 1 is off."),
	real("sampling.min_p", span{0, 1, closed}, func(c *Config, v float64) { c.Sampling.MinP = &v }).
		means("Drop tokens below this share of the likeliest one's probability; 0 is off."),
	real("sampling.repeat_penalty", span{0, 100, above}, func(c *Config, v float64) { c.Sampling.RepeatPenalty = &v }).
		means("A penalty on tokens that are there already; 1 is off."),
	whole("sampling.seed", 0, math.MaxInt64, func(c *Config, v int64) { c.Sampling.Seed = ptr(uint64(v)) }).
		means("The seed of the random numbers."),
	whole("run.max_tokens", 1, 1<<24, func(c *Config, v int64) { c.Run.MaxTokens = int(v) }).
		means("The most tokens that an answer has."),
	text("run.system", "a text", 0, func(c *Config, v string) { c.Run.System = v }).
		means("The system message of a chat."),
	text("server.host", "a name or an address", 1, func(c *Config, v string) { c.Server.Host = v }).
		means("The name or address that the server listens on."),
	whole("server.port", 0, 65535, func(c *Config, v int64) { c.Server.Port = int(v) }).
		means("The port that it listens on; 0 is any free one."),
	list("server.api_keys", func(c *Config, v []string) { c.Server.APIKeys = v }).
		means("Keys of which requests must give one."),
	list("server.cors_origins", func(c *Config, v []string) { c.Server.CORSOrigins = v }).
		means("Origins of web pages that may ask the server."),
	list("server.aliases", func(c *Config, v []string) { c.Server.Aliases = v }).
		means("Other names of the model."),
	whole("server.max_queue", 1, 1<<20, func(c *Config, v int64) { c.Server.MaxQueue = int(v) }).
		means("The most requests that wait; others are refused."),
	whole("server.sequences", 0, 512, func(c *Config, v int64) { c.Server.Sequences = int(v) }).
		means("Requests that are computed at once; 0 takes what suits the device's memory."),
	whole("server.drain", 0, 3600, func(c *Config, v int64) { c.Server.Drain = int(v) }).
		means("Seconds that requests have to end when the server is asked to."),
	whole("server.key_rate", 0, 1<<20, func(c *Config, v int64) { c.Server.KeyRate = int(v) }).
		means("Requests that a key may send in a minute; 0 is no bound."),
	whole("server.key_parallel", 0, 1<<20, func(c *Config, v int64) { c.Server.KeyParallel = int(v) }).
		means("Requests that a key may have under way; 0 is no bound."),
}

// find gives the table's line of a key.
func find(name string) (key, bool) {
	for _, k := range keys {
		if k.name == name {
			return k, true
		}
	}
	return key{}, false
}

// tables lists the names before the dots.
func tables() []string {
	var names []string
	for _, k := range keys {
		t, _, _ := strings.Cut(k.name, ".")
		if len(names) == 0 || names[len(names)-1] != t {
			names = append(names, t)
		}
	}
	return names
}

// text is a string of at least min bytes.
func text(name, want string, min int, put func(*Config, string)) key {
	return key{name: name, want: want, text: true, put: func(c *Config, v any) bool {
		s, ok := v.(string)
		if !ok || len(s) < min || strings.ContainsRune(s, 0) {
			return false
		}
		put(c, s)
		return true
	}}
}

// list is a list of texts, none of them empty.
func list(name string, put func(*Config, []string)) key {
	return key{name: name, want: "a list of texts", put: func(c *Config, v any) bool {
		items, ok := v.([]any)
		texts := make([]string, 0, len(items))
		for _, x := range items {
			s, isText := x.(string)
			ok = ok && isText && s != "" && !strings.ContainsAny(s, "\x00\r\n")
			texts = append(texts, s)
		}
		if ok {
			put(c, texts)
		}
		return ok
	}}
}

// size is a number of bytes, as text with a unit.
func size(name string, put func(*Config, uint64)) key {
	return key{name: name, want: `a size such as "12GiB" or "900MB"`, text: true, put: func(c *Config, v any) bool {
		s, ok := v.(string)
		n, good := parseSize(s)
		if !ok || !good {
			return false
		}
		put(c, n)
		return true
	}}
}

// units are those of sizes, the binary ones and the decimal ones.
var units = []struct {
	name  string
	bytes float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}}

// parseSize reads a number and a unit; capitals and a space between them do not
// matter.
func parseSize(s string) (uint64, bool) {
	for _, u := range units {
		number, found := strings.CutSuffix(strings.ToLower(strings.TrimSpace(s)), strings.ToLower(u.name))
		if !found {
			continue
		}
		f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if bytes := f * u.bytes; err == nil && bytes >= 1 && bytes < 1<<50 {
			return uint64(bytes), true
		}
		return 0, false
	}
	return 0, false
}

func truth(name string, put func(*Config, bool)) key {
	return key{name: name, want: "true or false", values: []string{"true", "false"}, put: func(c *Config, v any) bool {
		b, ok := v.(bool)
		if ok {
			put(c, b)
		}
		return ok
	}}
}

func oneOf(name string, names []string, put func(*Config, string)) key {
	want := strconv.Quote(names[0])
	for i, n := range names[1:] {
		sep := ", "
		if i == len(names)-2 {
			sep = " or "
		}
		want += sep + strconv.Quote(n)
	}
	return key{name: name, want: want, text: true, values: names, put: func(c *Config, v any) bool {
		s, ok := v.(string)
		for _, n := range names {
			if ok && s == n {
				put(c, s)
				return true
			}
		}
		return false
	}}
}

func whole(name string, min, max int64, put func(*Config, int64)) key {
	want := fmt.Sprintf("a whole number from %d to %d", min, max)
	if max == math.MaxInt64 {
		want = fmt.Sprintf("a whole number of at least %d", min)
	}
	return key{name: name, want: want, put: func(c *Config, v any) bool {
		n, ok := v.(int64)
		if !ok || n < min || n > max {
			return false
		}
		put(c, n)
		return true
	}}
}

// span is a range of real numbers.
type span struct {
	lo, hi float64
	end    end
}

// end says whether a span has its lower end.
type end bool

const (
	closed end = true
	above  end = false
)

// real is a number, with or without a decimal point. NaN is in no span.
func real(name string, s span, put func(*Config, float64)) key {
	want := fmt.Sprintf("a number from %g to %g", s.lo, s.hi)
	if s.end == above {
		want = fmt.Sprintf("a number above %g and at most %g", s.lo, s.hi)
	}
	return key{name: name, want: want, put: func(c *Config, v any) bool {
		f, ok := v.(float64)
		if n, isInt := v.(int64); isInt {
			f, ok = float64(n), true
		}
		inside := f > s.lo && f <= s.hi || s.end == closed && f == s.lo
		if !ok || !inside {
			return false
		}
		put(c, f)
		return true
	}}
}
