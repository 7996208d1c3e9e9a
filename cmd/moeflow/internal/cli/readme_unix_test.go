//go:build unix

package cli

import (
	"regexp"
	"strings"
	"testing"

	"moeflow/configs"
)

// TestReadmeCommands runs what the README shows after a prompt, with the shipped model
// in place of the large one. The answer that it shows is the shipped model's.
func TestReadmeCommands(t *testing.T) {
	shipped := modelFile(t, "m.gguf")
	readme := readFile(t, "../../../../README.md")
	shown := regexp.MustCompile(`(?m)^    \$ (?:(.*) \| )?bin/moeflow (.*)\n((?:(?:    [^$\n].*)?\n)*)`).FindAllStringSubmatch(readme, -1)
	if len(shown) != 4 {
		t.Fatalf("%d commands, want the shipped model's and three of the large one", len(shown))
	}
	for _, m := range shown {
		args := shellWords(t, m[2])
		large := false
		for i, a := range args {
			if strings.HasSuffix(a, ".gguf") || a == "configs/qwen3-coder.toml" {
				args[i], large = shipped, true
			}
		}
		if large {
			out := ok(t, moeflowWith(t, "One line.\n", append(args, "--max-tokens", "4")...))
			if strings.TrimSpace(out) == "" {
				t.Errorf("%s answers nothing", m[2])
			}
			continue
		}
		answer, _, cut := strings.Cut(m[3], "    the answer was cut")
		answer = strings.TrimSpace(regexp.MustCompile(`(?m)^    `).ReplaceAllString(answer, ""))
		if got := ok(t, moeflow(t, args...)); !cut || strings.TrimSpace(got) != answer {
			t.Errorf("%s answers\n%s\nand in the README\n%s", m[2], got, answer)
		}
	}
}

// TestReadmeConfig: the config that the README shows is one, and every command in its
// table is one.
func TestReadmeConfig(t *testing.T) {
	readme := readFile(t, "../../../../README.md")
	_, rest, _ := strings.Cut(readme, "```toml\n")
	text, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("no config in the README")
	}
	c, err := configs.Load(write(t, "c.toml", text), configs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Context.Length != 32768 || c.Sampling.TopK == nil || *c.Sampling.TopK != 20 {
		t.Errorf("read as %+v", c)
	}
	_, commands, _ := strings.Cut(readme, "\n## Commands\n")
	commands, _, _ = strings.Cut(commands, "\n## ")
	rows := regexp.MustCompile("(?m)^\\| `([a-z]+)").FindAllStringSubmatch(commands, -1)
	if len(rows) < 10 {
		t.Fatalf("%d commands in the README's table", len(rows))
	}
	for _, m := range rows {
		if out := ok(t, moeflow(t, m[1], "--help")); !strings.Contains(out, "moeflow "+m[1]) {
			t.Errorf("%s --help says %s", m[1], out)
		}
	}
}

// TestReadmeFigures: memory is what inspect prints for a file of the large model's
// shapes, and the README's figures of speed stand in docs/benchmarks.md.
func TestReadmeFigures(t *testing.T) {
	readme, results := readFile(t, "../../../../README.md"), readFile(t, "../../../../docs/benchmarks.md")
	printed := ok(t, moeflow(t, "inspect", qwen30B(t)))
	memory := regexp.MustCompile(`(?m)^ *(context +\d+, kv .*)$`).FindAllStringSubmatch(readme, -1)
	if len(memory) != 2 {
		t.Fatalf("%d lines of memory in the README, want those of two types of cache", len(memory))
	}
	for _, m := range memory {
		if !strings.Contains(printed, m[1]+"\n") {
			t.Errorf("the README has %q, inspect prints\n%s", m[1], printed)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^  context +(4096|32768), kv (\S+) *: (\S+ GiB) = weights (\S+ GiB) \+ kv cache (\S+ \S+) \+ activations (\S+ MiB)$`).FindAllStringSubmatch(printed, -1) {
		positions := map[string]string{"4096": "4,096", "32768": "32,768"}[m[1]]
		row := "| " + strings.Join([]string{positions, strings.TrimSuffix(m[2], ":"), m[3], m[4], m[5], m[6]}, " | ") + " |"
		if !strings.Contains(results, row) {
			t.Errorf("docs/benchmarks.md has no row %s", row)
		}
	}
	_, table, _ := strings.Cut(readme, "| | moeflow | llama.cpp Vulkan")
	table, _, _ = strings.Cut(table, "\n\n")
	figures := regexp.MustCompile(`\| ([\d,]+) `).FindAllStringSubmatch(table, -1)
	if len(figures) < 10 {
		t.Fatalf("%d figures of speed in the README", len(figures))
	}
	for _, f := range figures {
		if !strings.Contains(results, "| "+f[1]+" |") {
			t.Errorf("the README's %s tokens per second stand nowhere in docs/benchmarks.md", f[1])
		}
	}
}
