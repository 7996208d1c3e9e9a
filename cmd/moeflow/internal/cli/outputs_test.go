package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"moeflow/models"
)

// modelFile copies the shipped model to a file of the test's own.
func modelFile(t *testing.T, name string) string {
	t.Helper()
	data, ok := models.Shipped("tiny-go-q4_k_m.gguf")
	if !ok {
		t.Fatal("no shipped model")
	}
	return write(t, name, string(data))
}

// TestOutputsOverInputs: no output is written over what a command reads, by any
// name, and nothing at all is changed or made.
func TestOutputsOverInputs(t *testing.T) {
	m, dir := modelFile(t, "m.gguf"), t.TempDir()
	jsonModel := filepath.Join(dir, "m.json")
	hard, link := filepath.Join(dir, "hard"), filepath.Join(dir, "link")
	if err := errors.Join(os.Link(m, jsonModel), os.Link(m, hard), os.Symlink(m, link)); err != nil {
		t.Fatal(err)
	}
	prompt := write(t, "p.txt", "hello\n")
	config := write(t, "c.toml", "[model]\npath = \""+m+"\"\n")
	part1, part2 := filepath.Join(dir, "s-00001-of-00002.gguf"), filepath.Join(dir, "s-00002-of-00002.gguf")
	for _, p := range []string{part1, part2} {
		if err := os.WriteFile(p, []byte("part"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	before := map[string]string{}
	for _, p := range []string{m, prompt, config, part1, part2} {
		before[p] = readFile(t, p)
	}
	for args, want := range map[string]string{
		"graph|--model|" + m + "|--format|json|-o|" + m:                         "-o: " + m + " is the model: ",
		"graph|--model|" + m + "|-o|" + hard:                                    "-o: " + hard + " is the model (" + m + "): ",
		"graph|" + config + "|-o|" + config:                                     "-o: " + config + " is the config: ",
		"graph|" + config + "|-o|" + link:                                       "-o: " + link + " is the model (" + m + "): ",
		"logits|--model|" + m + "|--ids|1|-o|" + m:                              "-o: " + m + " is the model: ",
		"logits|" + config + "|--ids|1|-o|" + config:                            "-o: " + config + " is the config: ",
		"logits|--model|" + part2 + "|--ids|1|-o|" + part1:                      "-o: " + part1 + " is part 1 of the model: ",
		"run|--model|" + m + "|-p|x|--trace|" + m:                               "--trace: " + m + " is the model: ",
		"run|--model|" + part1 + "|-p|x|--trace|" + part2:                       "--trace: " + part2 + " is part 2 of the model: ",
		"run|--model|" + m + "|-p|x|--expert-stats|" + jsonModel:                "--expert-stats: " + jsonModel + " is the model (" + m + "): ",
		"run|-f|" + prompt + "|--trace|" + prompt:                               "--trace: " + prompt + " is the file of the prompt: ",
		"run|-p|x|--trace|" + dir + "/a.json|--expert-stats|" + dir + "/a.json": "--trace: " + dir + "/a.json is written by --expert-stats: ",
		"batch|--model|" + m + "|" + prompt + "|-o|" + hard + "|--resume":       "-o: " + hard + " is the model (" + m + "): ",
		"batch|" + config + "|" + prompt + "|-o|" + config:                      "-o: " + config + " is the config: ",
		"batch|" + prompt + "|-o|" + prompt + "|--resume":                       "-o: " + prompt + " is the file of the prompt: ",
	} {
		o := moeflow(t, strings.Split(args, "|")...)
		if o.code != exitUsage || o.err != "moeflow: "+want+"wanted another file\n" || o.out != "" {
			t.Errorf("%s:\nexit code %d, %q", args, o.code, o.err)
		}
	}
	for p, text := range before {
		if readFile(t, p) != text {
			t.Errorf("%s has changed", p)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 5 {
		t.Errorf("the folder has %v, %v", left, err)
	}
}

// TestFailureKeepsOutputs: a command that fails, early or late, leaves what was
// there before.
func TestFailureKeepsOutputs(t *testing.T) {
	dir := t.TempDir()
	keep := filepath.Join(dir, "keep.json")
	if err := os.WriteFile(keep, []byte("precious"), 0o666); err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(dir, "none.gguf")
	for _, args := range []string{
		"run|-p|x|--model|" + none + "|--trace|" + keep,
		"run|-p|x|--model|" + none + "|--expert-stats|" + keep,
		"run|--ids|4096|--trace|" + keep,
		"run|--ids|4096|--expert-stats|" + keep,
		"graph|--model|" + none + "|-o|" + keep,
		"graph|--device|no such card|-o|" + keep,
		"logits|--model|" + none + "|--ids|1|-o|" + keep,
		"logits|--ids|4096|-o|" + keep,
	} {
		if o := moeflow(t, strings.Split(args, "|")...); o.code == 0 || readFile(t, keep) != "precious" {
			t.Errorf("%s: exit code %d, the file says %.40q", args, o.code, readFile(t, keep))
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("the folder has %v, %v", left, err)
	}
}

// TestOutputsToNull: a device takes all and stays a device.
func TestOutputsToNull(t *testing.T) {
	for _, args := range []string{"graph|-o|" + os.DevNull, "logits|--ids|1|-o|" + os.DevNull, "run|-p|x|-n|1|--trace|" + os.DevNull} {
		if o := moeflow(t, strings.Split(args, "|")...); o.code != 0 {
			t.Errorf("%s: exit code %d, %q", args, o.code, o.err)
		}
	}
	if i, err := os.Stat(os.DevNull); err != nil || i.Mode()&os.ModeDevice == 0 {
		t.Errorf("%s became %v, %v", os.DevNull, i, err)
	}
}
