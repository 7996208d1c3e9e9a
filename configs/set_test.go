package configs

import (
	"path/filepath"
	"testing"
)

func TestSet(t *testing.T) {
	c := Default(testOptions)
	c.File = "dir/p.toml"
	for _, s := range []string{
		"model.path=a.gguf", "device.name=1", "run.system = be brief", "context.kv_type=q8_0", "device.memory=1.5 gib",
		"sampling.top_p=0.5", "sampling.temperature=1", "context.length=4_096",
	} {
		if err := c.Set(s); err != nil {
			t.Errorf("Set(%q): %v", s, err)
		}
	}
	if c.Model.Path != "a.gguf" || c.Device.Name != "1" || c.Run.System != "be brief" || c.Context != (Context{4096, "q8_0"}) ||
		*c.Sampling.TopP != 0.5 || *c.Sampling.Temperature != 1 || !c.IsSet("run.system") {
		t.Errorf("after Set: %+v", c)
	}
	if c.Device.Memory != 3<<29 {
		t.Errorf("1.5 gib are %d bytes", c.Device.Memory)
	}
	if err := c.Set(`run.system="two\nlines"`); err != nil || c.Run.System != "two\nlines" {
		t.Errorf("a quoted text gives %q, %v", c.Run.System, err)
	}
	if err := c.SetKey("--system", "run.system", "not \"TOML\nat all"); err != nil || c.Run.System != "not \"TOML\nat all" {
		t.Errorf("a text over two lines gives %q, %v", c.Run.System, err)
	}
	if err := c.Set("model.path=~/m.gguf"); err != nil || c.Model.Path != filepath.Join("/home/user", "m.gguf") {
		t.Errorf("~ gives %q, %v", c.Model.Path, err)
	}
}

func TestSetErrors(t *testing.T) {
	for in, want := range map[string]string{
		"top_p":                 `--set: got the text "top_p", want key.path=value`,
		"sampling.topp=1":       `--set: sampling.topp is not a known key, the nearest is "sampling.top_p"`,
		"sampling.top_p=2":      "--set: sampling.top_p is 2, want a number above 0 and at most 1",
		"sampling.top_p=high":   `--set: sampling.top_p is the text "high", want a number above 0 and at most 1`,
		"sampling.top_p=":       `--set: sampling.top_p is the text "", want a number above 0 and at most 1`,
		"context.length=1\nx=2": `--set: context.length is the text "1\nx=2", want a whole number from 1 to 16777216`,
		"context.kv_type=f64":   `--set: context.kv_type is the text "f64", want "auto", "f16" or "q8_0"`,
		"device.memory=12":      `--set: device.memory is the text "12", want a size such as "12GiB" or "900MB"`,
		"device.memory=-1GB":    `--set: device.memory is the text "-1GB", want a size such as "12GiB" or "900MB"`,
		"model.path=":           `--set: model.path is the text "", want the path of a GGUF file`,
	} {
		err := Default(testOptions).Set(in)
		if err == nil || err.Error() != want {
			t.Errorf("Set(%q)\n got %v\nwant %s", in, err, want)
		}
	}
	err := Default(testOptions).SetKey("--temp", "sampling.temperature", "-1")
	if want := "--temp: sampling.temperature is -1, want a number from 0 to 100"; err == nil || err.Error() != want {
		t.Errorf("SetKey\n got %v\nwant %s", err, want)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		n    int
	}{{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"top_k", "topk", 1}, {"é", "e", 1}, {"flaw", "lawn", 2}} {
		if d := distance(c.a, c.b); d != c.n {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, d, c.n)
		}
	}
}
