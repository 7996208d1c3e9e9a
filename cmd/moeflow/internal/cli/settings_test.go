package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUserSettings: what applies is the flag, then the environment, then the config
// that is named, then the user's own, then the default.
func TestUserSettings(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	model, err := filepath.Abs(shippedFile)
	if err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(dir, "moeflow", "config.toml")
	put := func(text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(mine), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(mine, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	says := func(want string, args ...string) {
		t.Helper()
		o := moeflow(t, append([]string{"run", "-v", "-p", "x", "-n", "1"}, args...)...)
		if !strings.Contains(o.err, want) {
			t.Errorf("%v: wanted %q in %q", args, want, o.err)
		}
	}
	put("[sampling]\ntop_k = 7\nmin_p = 0.25\n[context]\nlength = 512\n")
	says("context 2048 positions, ")           // the shipped profile sets it
	says("temperature 0, top-k 7, ")           // and leaves this out
	says("top-k 9, top-p", "--top-k", "9")     // a flag
	says("context 512 positions", "-m", model) // no profile
	says("top-k 7, top-p 0.8, min-p 0.25", model)
	put("[model]\npath = \"" + model + "\"\n")
	says("temperature 0.7, ")
	says("temperature 0, ", "tiny")
	t.Setenv("MOEFLOW_MODEL", filepath.Join(dir, "none.gguf"))
	t.Setenv("MOEFLOW_DEVICE", "no such card")
	says("none.gguf: no such file")
	says(`device "no such card" fits 0 devices`, "tiny")
	says("temperature 0, ", "tiny", "--device", "0")
	t.Setenv("MOEFLOW_DEVICE", "")
	put("[run]\nmax_tokns = 1\n")
	says(mine+`:2: run.max_tokns is not a known key, the nearest is "run.max_tokens"`, "tiny")
	if o := moeflow(t, "tokenize", "tiny"); o.code != exitUsage {
		t.Errorf("a user's config that is wrong: exit code %d", o.code)
	}
}
