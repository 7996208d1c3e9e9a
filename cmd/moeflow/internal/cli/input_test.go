package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTexts: a byte order mark is no part of a text, UTF-16 is refused, and so is
// what is no text file, wherever a text is read.
func TestTexts(t *testing.T) {
	text := strings.Repeat("func main() {\n", 8)
	plain, marked := write(t, "plain", text), write(t, "marked", "\ufeff"+text)
	little, big := write(t, "little", "\xff\xfef\x00"), write(t, "big", "\xfe\xff\x00f")
	for _, c := range []string{"tokenize ", "perplexity -c 16 ", "run -n 2 --temp 0 --print-ids -f "} {
		want := ok(t, moeflow(t, strings.Fields(c+plain)...))
		if got := ok(t, moeflow(t, strings.Fields(c+marked)...)); got != want {
			t.Errorf("%s: with a byte order mark %q, without %q", c, got, want)
		}
		for path, want := range map[string]string{
			little:                          little + ": the text is UTF-16, want UTF-8\n",
			big:                             big + ": the text is UTF-16, want UTF-8\n",
			os.DevNull:                      os.DevNull + " is a device, wanted a text file\n",
			filepath.Dir(plain):             filepath.Dir(plain) + " is a folder, wanted a text file\n",
			filepath.Join(plain, "x"):       filepath.Join(plain, "x") + ": not a directory\n",
			filepath.Join(t.TempDir(), "x"): "x: no such file or directory\n",
		} {
			if o := moeflow(t, strings.Fields(c+path)...); o.code != exitUsage || !strings.HasSuffix(o.err, want) || strings.Count(o.err, "\n") != 1 || o.out != "" {
				t.Errorf("%s%s: exit code %d, %q, wanted %q", c, path, o.code, o.err, want)
			}
		}
	}
	for _, c := range []string{"tokenize", "run -n 1 -"} {
		if o := moeflowWith(t, "\xff\xfef\x00", strings.Fields(c)...); o.code != exitUsage || o.err != "moeflow: standard input: the text is UTF-16, want UTF-8\n" {
			t.Errorf("%s: exit code %d, %q", c, o.code, o.err)
		}
	}
	if got := ok(t, moeflowWith(t, "\ufeff344 2166", "tokenize", "--decode")); got != "func main" {
		t.Errorf("ids behind a byte order mark: %q", got)
	}
}

// endless gives zeros for ever.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestEndlessPrompt(t *testing.T) {
	var out, errs strings.Builder
	code := Main([]string{"run", "-"}, Streams{In: endless{}, Out: &out, Err: &errs})
	if code != exitUsage || errs.String() != "moeflow: standard input has more than 64 MiB, wanted at most that much text\n" {
		t.Errorf("exit code %d, %q", code, errs.String())
	}
}
