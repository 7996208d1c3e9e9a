package cli

import (
	"strings"
	"testing"
)

// TestNotFinite: where the model's logits are no numbers, every command that takes
// a token or a probability from them fails in one line that says so.
func TestNotFinite(t *testing.T) {
	model := brokenModel(t)
	text := write(t, "text", strings.Repeat("func main() {}\n", 20))
	for _, args := range []string{
		"run|--ids|1,2,3|--temp|0", "run|--ids|1,2,3|--temp|0|-n|1", "run|--ids|1,2,3|--temp|0.7",
		"run|--ids|1,2,3|--temp|0|--repeat-penalty|1.1", "perplexity|-c|6|" + text,
	} {
		o := moeflow(t, append(strings.Split(args, "|"), "--model", model)...)
		lines := strings.Split(strings.TrimSuffix(o.err, "\n"), "\n")
		last := lines[len(lines)-1]
		if o.code != exitFailed || o.out != "" || !strings.Contains(last, "position 3: the model's logits are not finite") && !strings.Contains(last, "window 0, position 4: the model's logits are not finite") {
			t.Errorf("%s: exit code %d, %q on stdout, %s", args, o.code, o.out, o.err)
		}
	}
}
