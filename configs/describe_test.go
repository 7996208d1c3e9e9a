package configs

import (
	"strings"
	"testing"
)

// TestKeys: every key says what it means, and its default is a value that it takes.
func TestKeys(t *testing.T) {
	all := Keys()
	if len(all) != len(keys) {
		t.Fatalf("%d keys are described, there are %d", len(all), len(keys))
	}
	inWords := map[string]string{"model.path": "none", "device.memory": "90% of the device's", "sampling.seed": "drawn by run, 0 of batch"}
	for i, k := range all {
		if k.Name != keys[i].name || !strings.HasSuffix(k.Meaning, ".") || k.Want == "" {
			t.Errorf("%+v", k)
		}
		text, fromModel := strings.CutPrefix(k.Default, "the model file's, else ")
		if want, ok := inWords[k.Name]; ok {
			if k.Default != want {
				t.Errorf("%s has the default %q, wanted %q", k.Name, k.Default, want)
			}
			continue
		}
		c := Default(Options{})
		if err := c.SetKey("--set", k.Name, text); err != nil || c.Text(k.Name) != text {
			t.Errorf("%s has the default %q, which it does not take: %v, %q", k.Name, k.Default, err, c.Text(k.Name))
		}
		if fromModel != strings.HasPrefix(k.Name, "sampling.") {
			t.Errorf("%s has the default %q", k.Name, k.Default)
		}
		for _, v := range k.Values {
			if err := c.SetKey("--set", k.Name, v); err != nil {
				t.Errorf("%s does not take its own value: %v", k.Name, err)
			}
		}
	}
}
