package configs

import (
	"math"
	"strings"
	"testing"
)

// FuzzParse: whatever a profile holds, it gives values within the table's
// ranges or one line that starts with the file; never a panic.
func FuzzParse(f *testing.F) {
	for _, n := range Shipped() {
		data, err := shipped.ReadFile(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("p.toml", data, testOptions)
		if err != nil {
			if s := err.Error(); !strings.HasPrefix(s, "p.toml:") || strings.ContainsAny(s, "\r\n") || len(s) > 1000 {
				t.Fatalf("bad error %q", s)
			}
			return
		}
		if c.Context.Length < 1 || c.Pipeline.MicroBatches < 1 || c.Run.MaxTokens < 1 || c.Device.Name == "" {
			t.Fatalf("accepted %+v", c)
		}
		s := c.Sampling.Or(FallbackSampling())
		for _, v := range []float64{*s.Temperature, *s.TopP, *s.MinP, *s.RepeatPenalty} {
			if math.IsNaN(v) || v < 0 || v > 100 {
				t.Fatalf("accepted sampling value %g", v)
			}
		}
	})
}

// FuzzSet: the same for overrides.
func FuzzSet(f *testing.F) {
	for _, s := range []string{"sampling.top_p=0.5", "model.path=~/x.gguf", "run.system=\"a\"", "x=1", "=", "context.length={a=1}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := Default(testOptions)
		if err := c.Set(s); err != nil {
			if m := err.Error(); !strings.HasPrefix(m, "--set") || strings.ContainsAny(m, "\r\n") || len(m) > 1000 {
				t.Fatalf("bad error %q", m)
			}
		}
	})
}
