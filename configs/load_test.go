package configs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var testOptions = Options{
	Getenv: func(n string) string { return map[string]string{"MODELS": "/srv/models"}[n] },
	Home:   "/home/user",
}

// Every line is a broken profile, and the whole error it must give.
func TestErrors(t *testing.T) {
	cases := []struct{ name, toml, want string }{
		{"unknown key", "[sampling]\n\ntop_kk = 3", `p.toml:3: sampling.top_kk is not a known key, the nearest is "sampling.top_k"`},
		{"key in the wrong table", "[run]\ntemprature = 1", `p.toml:2: run.temprature is not a known key, the nearest is "sampling.temperature"`},
		{"key outside tables", "top_p = 1", `p.toml:1: top_p is not a known key, the nearest is "sampling.top_p"`},
		{"unknown table", "[model]\npath='x'\n[samplin]\ntop_k=1", "p.toml:3: samplin is not a known table, the nearest is [sampling]"},
		{"table as a value", "context = 4096", "p.toml:1: context is 4096, want a table: [context]"},
		{"list of tables", "[[model]]\npath='x'", "p.toml:1: model is a list, want a table: [model]"},
		{"wrong type", "[context]\nlength = 'long'", `p.toml:2: context.length is the text "long", want a whole number from 1 to 16777216`},
		{"zero length", "[context]\nlength = 0", "p.toml:2: context.length is 0, want a whole number from 1 to 16777216"},
		{"fraction", "[context]\nlength = 1.5", "p.toml:2: context.length is 1.5, want a whole number from 1 to 16777216"},
		{"choice", "[pipeline]\ngranularity = 'token'", `p.toml:2: pipeline.granularity is the text "token", want "stage", "layer" or "device"`},
		{"choice of two", "[context]\nkv_type = 'f32'", `p.toml:2: context.kv_type is the text "f32", want "auto", "f16" or "q8_0"`},
		{"choice of one", "[compute]\nactivations = 'q9'", `p.toml:2: compute.activations is the text "q9", want "f32", "q16" or "q8"`},
		{"negative temperature", "[sampling]\ntemperature = -0.1", "p.toml:2: sampling.temperature is -0.1, want a number from 0 to 100"},
		{"nan", "[sampling]\ntemperature = nan", "p.toml:2: sampling.temperature is NaN, want a number from 0 to 100"},
		{"infinite", "[sampling]\ntemperature = inf", "p.toml:2: sampling.temperature is +Inf, want a number from 0 to 100"},
		{"top_p zero", "[sampling]\ntop_p = 0", "p.toml:2: sampling.top_p is 0, want a number above 0 and at most 1"},
		{"top_p above", "[sampling]\ntop_p = 1.01", "p.toml:2: sampling.top_p is 1.01, want a number above 0 and at most 1"},
		{"seed", "[sampling]\nseed = -1", "p.toml:2: sampling.seed is -1, want a whole number of at least 0"},
		{"boolean", "[run]\nsystem = true", "p.toml:2: run.system is true, want a text"},
		{"date", "[run]\nsystem = 2020-01-01", "p.toml:2: run.system is a date, want a text"},
		{"empty path", "[model]\npath = ''", `p.toml:2: model.path is the text "", want the path of a GGUF file`},
		{"list", "[model]\npath = ['a', 'b']", "p.toml:2: model.path is a list, want the path of a GGUF file"},
		{"deeper", "[sampling.top_k]\nx = 1", "p.toml:1: sampling.top_k is a table, want a whole number from 0 to 2147483647"},
		{"variable", "[model]\npath = '$NONE/x.gguf'", "p.toml:2: model.path names $NONE, which is not set in the environment"},
		{"the first of two", "[run]\nmax_tokens = 0\n[aaa]\nb=1", "p.toml:2: run.max_tokens is 0, want a whole number from 1 to 16777216"},
		{"long key", "[run]\n" + strings.Repeat("x", 9999) + " = 1", "p.toml:2: run." + strings.Repeat("x", 60) + `… is not a known key, [run] has max_tokens, system`},
		{"number out of range", "[sampling]\ntop_k = 99999999999999999999", "p.toml:2: sampling.top_k 99999999999999999999 is out of range"},
		{"UTF-16", "\xff\xfe[\x00", "p.toml: is UTF-16, want a TOML profile in UTF-8"},
		{"key like no other", "[sampling]\nbanana = 1", "p.toml:2: sampling.banana is not a known key, [sampling] has temperature, top_k, top_p, min_p, repeat_penalty, seed"},
		{"key cut short", "[sampling]\ntemp = 1", `p.toml:2: sampling.temp is not a known key, the nearest is "sampling.temperature"`},
		{"key and table like no other", "banana = 1", "p.toml:1: banana is not a known key, want one of the tables model, device, context, pipeline, compute, sampling, run, server"},
		{"table like no other", "[banana]\nx = 1", "p.toml:1: banana is not a known table, want one of model, device, context, pipeline, compute, sampling, run, server"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("p.toml", []byte(c.toml), testOptions)
			if err == nil || err.Error() != c.want {
				t.Errorf("error\n got %v\nwant %s", err, c.want)
			}
		})
	}
}

// What the TOML library reports keeps its words, on one line, with our place.
func TestSyntaxErrors(t *testing.T) {
	for _, src := range []string{"[model]\npath = ", "[model]\npath", "[model\n", "[model]\n[model]\npath='x'", "[model]\npath = 'a\nb'", "x = \"\\q\"", "\xff = 1"} {
		_, err := Parse("p.toml", []byte(src), testOptions)
		if err == nil || !strings.HasPrefix(err.Error(), "p.toml:") || strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("%q gives %v, want one line starting with the file and line", src, err)
		}
	}
	_, err := Parse("p.toml", make([]byte, maxBytes+1), testOptions)
	if err == nil || !strings.Contains(err.Error(), "larger than 16384 bytes") {
		t.Errorf("an oversized profile gives %v", err)
	}
}

func TestEveryKey(t *testing.T) {
	src := `
[model]
path = "m.gguf"
[device]
name = "1"
memory = "12 GiB"
[context]
length = 99
kv_type = "q8_0"
[pipeline]
granularity = "layer"
micro_batches = 2
[compute]
activations = "f32"
matmul = "f32"
sync = "barrier"
deterministic = false
[sampling]
temperature = 1
top_k = 7
top_p = 0.25
min_p = 0.125
repeat_penalty = 1.5
seed = 9223372036854775807
[run]
max_tokens = 3
system = "be brief"
[server]
host = "::1"
port = 0
api_keys = ["a", "b"]
cors_origins = ["*"]
aliases = []
max_queue = 4
sequences = 5
drain = 6
key_rate = 7
key_parallel = 8
`
	c, err := Parse("dir/p.toml", []byte(src), testOptions)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if !c.IsSet(k.name) {
			t.Errorf("%s is not set by a profile that sets every key", k.name)
		}
	}
	s := c.Sampling
	switch {
	case c.Model.Path != filepath.Join("dir", "m.gguf"), c.Device.Name != "1", c.Context != Context{99, "q8_0"},
		c.Pipeline != Pipeline{"layer", 2}, c.Compute != Compute{"f32", "f32", "barrier", false}, c.Run != Run{3, "be brief"},
		!reflect.DeepEqual(c.Server, Server{"::1", 0, []string{"a", "b"}, []string{"*"}, []string{}, 4, 5, 6, 7, 8}):
		t.Errorf("read %+v", c)
	case *s.Temperature != 1, *s.TopK != 7, *s.TopP != 0.25, *s.MinP != 0.125, *s.RepeatPenalty != 1.5, *s.Seed != 1<<63-1:
		t.Errorf("read %+v", s)
	}
}

func TestUnset(t *testing.T) {
	c, err := Parse("p.toml", []byte("[sampling]\ntop_k = 5\nmin_p = 0"), testOptions)
	if err != nil {
		t.Fatal(err)
	}
	if c.Sampling.Temperature != nil || c.Sampling.TopP != nil || c.IsSet("sampling.top_p") {
		t.Errorf("keys that the profile leaves out are set: %+v", c.Sampling)
	}
	if c.Check() == nil {
		t.Error("a profile without a model passes Check")
	}
	// The model file's own defaults come between the profile and the fallback.
	file := Sampling{TopK: ptr(40), TopP: ptr(0.5)}
	got := c.Sampling.Or(file).Or(FallbackSampling())
	if *got.TopK != 5 || *got.TopP != 0.5 || *got.MinP != 0 || *got.Temperature != 0.7 || *got.RepeatPenalty != 1.05 || *got.Seed != 0 {
		t.Errorf("joined sampling is wrong: %+v", got)
	}
}

func TestPaths(t *testing.T) {
	for in, want := range map[string]string{
		"m.gguf":             filepath.Join("dir", "m.gguf"),
		"../m.gguf":          "m.gguf",
		"/abs/m.gguf":        "/abs/m.gguf",
		"~/m.gguf":           "/home/user/m.gguf",
		"~x/m.gguf":          filepath.Join("dir", "~x", "m.gguf"),
		"$MODELS/m.gguf":     "/srv/models/m.gguf",
		"${MODELS}/a/m.gguf": "/srv/models/a/m.gguf",
	} {
		c, err := Parse("dir/p.toml", []byte("[model]\npath = '"+in+"'"), testOptions)
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if c.Model.Path != want {
			t.Errorf("%s is opened as %s, want %s", in, c.Model.Path, want)
		}
	}
	if _, err := Parse("p.toml", []byte("[model]\npath = '~/m'"), Options{}); err == nil {
		t.Error("~ without a home folder is no error")
	}
}

func TestOpen(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"", "tiny", "tiny.toml", "configs/tiny.toml"} {
		c, err := Open(name, testOptions)
		if err != nil {
			t.Fatalf("Open(%q): %v", name, err)
		}
		if !c.Embedded || c.Model.Path != filepath.Join("models", "tiny-go-q4_k_m.gguf") || c.Check() != nil {
			t.Errorf("Open(%q) = %+v", name, c)
		}
	}
	for _, name := range []string{"none.toml", "elsewhere/tiny.toml"} {
		_, err := Open(name, testOptions)
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "qwen3-coder.toml, tiny.toml") {
			t.Errorf("Open(%q) says %v, want the name and the shipped profiles", name, err)
		}
	}
	// A file on disk comes before a shipped one.
	if err := os.WriteFile("tiny.toml", []byte("[model]\npath = 'mine.gguf'"), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := Open("tiny.toml", testOptions)
	if err != nil || c.Embedded || c.Model.Path != "mine.gguf" {
		t.Errorf("the file on disk is not taken: %+v, %v", c, err)
	}
	if _, err := Open(".", testOptions); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder opens with %v", err)
	}
}

func TestShippedProfiles(t *testing.T) {
	if n := len(Shipped()); n != 2 {
		t.Errorf("%d profiles are shipped, want 2", n)
	}
	for _, name := range Shipped() {
		if c, err := Open(name, Options{}); err != nil {
			t.Error(err)
		} else if err := c.Check(); err != nil {
			t.Error(err)
		}
	}
}

// The defaults must pass the table's own checks.
func TestDefaultsAreAllowed(t *testing.T) {
	c, f := Default(Options{}), FallbackSampling()
	for name, v := range map[string]any{
		"device.name": c.Device.Name, "device.memory": "12GiB", "context.length": int64(c.Context.Length), "context.kv_type": c.Context.KVType,
		"pipeline.granularity": c.Pipeline.Granularity, "pipeline.micro_batches": int64(c.Pipeline.MicroBatches),
		"compute.activations": c.Compute.Activations, "compute.matmul": c.Compute.MatMul, "compute.sync": c.Compute.Sync,
		"compute.deterministic": c.Compute.Deterministic,
		"run.max_tokens":        int64(c.Run.MaxTokens), "run.system": c.Run.System,
		"server.host": c.Server.Host, "server.port": int64(c.Server.Port), "server.api_keys": []any{}, "server.cors_origins": []any{}, "server.aliases": []any{},
		"server.max_queue": int64(c.Server.MaxQueue), "server.sequences": int64(c.Server.Sequences),
		"server.drain": int64(c.Server.Drain), "server.key_rate": int64(c.Server.KeyRate), "server.key_parallel": int64(c.Server.KeyParallel),
		"sampling.temperature": *f.Temperature, "sampling.top_k": int64(*f.TopK), "sampling.top_p": *f.TopP,
		"sampling.min_p": *f.MinP, "sampling.repeat_penalty": *f.RepeatPenalty, "sampling.seed": int64(*f.Seed),
	} {
		if err := Default(Options{}).put(name, v, c.inFolder); err != nil {
			t.Errorf("the default of %s %v", name, err)
		}
	}
}
