//go:build unix

package cli

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"moeflow/vk"
)

var update = flag.Bool("update", false, "rewrite the pictures under docs/images that their commands no longer print")

// shellWords are the words that a shell makes of a command.
func shellWords(t *testing.T, command string) []string {
	t.Helper()
	out, err := exec.Command("bash", "-c", `printf '%s\0' `+command).Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// pictures are the commands in the documentation that write a picture into
// docs/images, by the picture, and the names of all pictures that it shows.
func pictures(t *testing.T) (commands map[string]string, shown []string) {
	t.Helper()
	pages, err := filepath.Glob("docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no documentation found: %v", err)
	}
	writes := regexp.MustCompile(`(?m)^    moeflow (.* docs/images/(\S+))$`)
	shows := regexp.MustCompile(`\]\(images/([^)]+)\)`)
	commands = map[string]string{}
	for _, p := range pages {
		text := readFile(t, p)
		for _, m := range writes.FindAllStringSubmatch(text, -1) {
			commands[m[2]] = m[1]
		}
		for _, m := range shows.FindAllStringSubmatch(text, -1) {
			shown = append(shown, m[1])
		}
	}
	return commands, shown
}

var (
	// An element of a picture with times that no time changes: names, kernels, tensors.
	timeless = regexp.MustCompile(`<text class="(?:name|k|p|o|badge|title)"[^>]*>([^<]*)`)
	// What was counted, of a picture that depends on the device's rounding too.
	counted = regexp.MustCompile(`\d+ tokens \(.*?\) × .*? experts`)
)

// lasting is the part of a picture that its command prints again: all of a plan; the
// boxes without places and colours of one with times; the heading of counted experts.
func lasting(command, picture string) string {
	switch {
	case strings.Contains(command, "--expert-stats"):
		return counted.FindString(picture)
	case strings.Contains(command, "--profile"):
		var out []string
		for _, m := range timeless.FindAllStringSubmatch(picture, -1) {
			out = append(out, m[1])
		}
		return strings.Join(out, "\n")
	}
	return picture
}

// TestPictures: every picture under docs/images is shown, and a drawn one is what the
// command beside it prints. Run with -update after a change of plans or drawings.
func TestPictures(t *testing.T) {
	large := qwen30B(t)
	t.Chdir("../../../..")
	commands, shown := pictures(t)
	files, err := filepath.Glob("docs/images/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no pictures found: %v", err)
	}
	found, err := vk.Find("auto")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if !slices.Contains(shown, name) {
			t.Errorf("%s is shown nowhere in docs", file)
		}
		command := commands[name]
		switch {
		case !strings.HasSuffix(name, ".svg"):
			continue // taken of a page in a browser
		case command == "":
			t.Errorf("no command in docs writes %s", file)
			continue
		case strings.Contains(command, "--profile") && !strings.HasPrefix(found.Name, "llvmpipe"):
			continue // that picture is of llvmpipe
		}
		args := shellWords(t, command)
		drawn := filepath.Join(t.TempDir(), name)
		for i, a := range args {
			args[i] = strings.NewReplacer(file, drawn, "F.gguf", large).Replace(a)
		}
		ok(t, moeflow(t, args...))
		got, want := lasting(command, readFile(t, drawn)), lasting(command, readFile(t, file))
		if got == want && got != "" {
			continue
		}
		if !*update {
			t.Errorf("%s is not what its command prints now; rewrite it with go test ./cmd/moeflow/internal/cli -run TestPictures -update", file)
		} else if err := os.WriteFile(file, []byte(readFile(t, drawn)), 0o666); err != nil {
			t.Error(err)
		}
	}
	for name := range commands {
		if !slices.Contains(files, filepath.Join("docs/images", name)) {
			t.Errorf("a command in docs writes docs/images/%s, which is not there", name)
		}
	}
}
