package cli

import (
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestErrors: the exit code, one line on stderr that names what is wrong, and
// nothing on stdout.
func TestErrors(t *testing.T) {
	profile := write(t, "p.toml", "[model]\npath = \"m.gguf\"\n\n[sampling]\ntopp = 0.5\n")
	none := filepath.Join(t.TempDir(), "none.gguf")
	bad := write(t, "bad.gguf", "this is no model at all, not even a short one")
	text := write(t, "short.txt", "a")
	long := strings.Repeat("1,", 200) + "1"
	for _, c := range []struct {
		args string // separated by |
		code int
		want string
	}{
		{"rum", 2, `unknown command "rum", did you mean run?`},
		{"inspekt", 2, `unknown command "inspekt", did you mean inspect?`},
		{"quantize", 2, `unknown command "quantize"`},
		{"run|--promt|x", 2, "unknown flag: --promt; see moeflow run --help"},
		{"run|-n|many|-p|x", 2, `invalid argument "many" for "-n, --max-tokens" flag: want a whole number; see moeflow run --help`},
		{"run|-n|99999999999999999999|-p|x", 2, `"-n, --max-tokens" flag: want a smaller number; see moeflow run --help`},
		{"run|--temp|hot|-p|x", 2, `invalid argument "hot" for "--temp" flag: want a number; see moeflow run --help`},
		{"run|--seed|-1|-p|x", 2, `invalid argument "-1" for "--seed" flag: want a whole number of at least 0; see moeflow run --help`},
		{"run|--chat=perhaps|-p|x", 2, `invalid argument "perhaps" for "--chat" flag: want true or false; see moeflow run --help`},
		{"run|-n|0|-p|x", 2, "--max-tokens: run.max_tokens is 0"},
		{"run|--temp|-1|-p|x", 2, "--temp: sampling.temperature is -1"},
		{"run|a|b|c", 2, "accepts at most 2 arg(s), received 3"},
		{"run|stray|-p|x", 2, `argument "stray" is neither a config`},
		{"run", 2, "no prompt: give --prompt, --prompt-file, --ids or -"},
		{"run|-p|", 2, "the prompt is empty"},
		{"run|-", 2, "the prompt is empty"},
		{"run|-p|x|--ids|1", 2, "--prompt, --prompt-file (or -) and --ids exclude each other"},
		{"run|-p|x|-", 2, "exclude each other"},
		{"run|-f|" + none, 2, "--prompt-file: " + none + ": no such file or directory"},
		{"run|--ids|1,two", 2, `--ids: "two" is not a token id`},
		{"run|--ids|1,-2", 2, `--ids: "-2" is not a token id`},
		{"run|--ids|99999999999", 2, `--ids: "99999999999" is not a token id`},
		{"run|--ids|4096", 2, "token 0 of the prompt is 4096, the vocabulary has 0 to 4095"},
		{"run|--ids|" + long + "|--set|context.length=128", 2, "the prompt has 201 tokens, the context holds 128: raise context.length"},
		{"run|none.toml|-p|x", 2, "none.toml: no such config file"},
		{"run|" + profile + "|-p|x", 2, profile + `:5: sampling.topp is not a known key, the nearest is "sampling.top_p"`},
		{"run|--set|sampling.topp=1|-p|x", 2, `--set: sampling.topp is not a known key, the nearest is "sampling.top_p"`},
		{"run|--set|nonsense|-p|x", 2, "want key.path=value"},
		{"run|--set|context.kv_type=f64|-p|x", 2, `--set: context.kv_type is the text "f64", want "auto", "f16" or "q8_0"`},
		{"run|--set|pipeline.granularity=token|-p|x", 2, "pipeline.granularity"},
		{"run|--model|" + none + "|-p|x", 2, none + ": no such file or directory"},
		{"run|--model|" + filepath.Join(filepath.Dir(none), "tiny-go-q4_k_m.gguf") + "|-p|x", 2, "no such file or directory"},
		{"run|--model|" + bad + "|-p|x", 2, bad},
		{"run|--device|no such card|-p|x", 2, `device "no such card" fits 0 devices, wanted one of 0: `},
		{"inspect", 2, "accepts 1 arg(s), received 0"},
		{"inspect|" + none, 2, none + ": no such file or directory"},
		{"inspect|" + bad, 2, bad},
		{"devices|extra", 2, "extra"},
		{"logits|--ids|1", 2, "-o: give the .npy file to write"},
		{"logits|-o|" + none, 2, "--ids: no token ids, want at least one"},
		{"perplexity", 2, "received 0"},
		{"perplexity|" + none + ".txt", 2, none + ".txt"},
		{"perplexity|" + none, 2, "give the FILE to score"},
		{"run|" + none + "|-p|x", 2, none + ": no such file or directory"},
		{"run|" + none + "|-m|" + bad + "|-p|x", 2, "two models are named"},
		{"run|-p|x|--chat|--completion", 2, "--chat and --completion exclude each other"},
		{"run|-p|x|-q|-v", 2, "--quiet and --verbose exclude each other"},
		{"run|-p|x|--stop|", 2, "--stop is empty, want a text"},
		{"run|-p|x|--completion|--system|s", 2, "--system: a completion has no system message"},
		{"run|-c|0|-p|x", 2, "--context: context.length is 0"},
		{"perplexity|-c|2|" + text, 2, "--window: 2 tokens, want at least 3"},
		{"perplexity|" + text, 2, "the text has 1 tokens, want at least 3"},
		{"tokenize|a|b", 2, `argument "a" is not a config`},
		{"tokenize|" + none, 2, none},
		{"bench|-b|0", 2, `--batch: "0" is not a count of 1 to 512`},
		{"bench|-r|0", 2, "-r must be at least 1"},
		{"bench|--granularity|token", 2, "--granularity: pipeline.granularity"},
	} {
		o := moeflow(t, strings.Split(c.args, "|")...)
		if o.code != c.code {
			t.Errorf("%s: exit code %d, wanted %d: %s", c.args, o.code, c.code, o.err)
		}
		if o.out != "" || !strings.HasPrefix(o.err, "moeflow: ") || strings.Count(o.err, "\n") != 1 || !strings.Contains(o.err, c.want) {
			t.Errorf("%s:\n%swanted one line with %s, and on stdout nothing but %q", c.args, o.err, c.want, o.out)
		}
	}
}

func TestHelp(t *testing.T) {
	all := ok(t, moeflow(t, "--help"))
	for _, name := range []string{"run", "batch", "serve", "bench", "logits", "perplexity", "tokenize", "inspect", "devices"} {
		if !strings.Contains(all, "\n  "+name+" ") {
			t.Errorf("the help says nothing of %s", name)
		}
		help := ok(t, moeflow(t, name, "--help"))
		if !strings.Contains(help, "moeflow "+name) || strings.Contains(help, "validation") {
			t.Errorf("help of %s:\n%s", name, help)
		}
	}
}

// gone is a reader that went away after some bytes.
type gone struct{ left int }

func (g *gone) Write(p []byte) (int, error) {
	if g.left -= len(p); g.left < 0 {
		return 0, syscall.EPIPE
	}
	return len(p), nil
}

func TestReaderGoesAway(t *testing.T) {
	for _, args := range [][]string{{"run", "--completion", "-p", "func main() {", "-n", "200"}, {"inspect", "tiny"}, {"tokenize"}} {
		var errs strings.Builder
		code := Main(args, Streams{In: strings.NewReader("some text"), Out: &gone{}, Err: &errs})
		if code != exitFailed || errs.String() != "" {
			t.Errorf("%v: exit code %d, %q; wanted %d and silence", args, code, errs.String(), exitFailed)
		}
	}
	if exitCode(io.ErrUnexpectedEOF, io.Discard) != exitFailed {
		t.Error("an error of the reader's own is no failure")
	}
}
