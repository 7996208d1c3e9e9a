package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// types sends keys to a terminal.
func (c *terminal) types(t *testing.T, keys string) {
	t.Helper()
	if _, err := io.WriteString(c.keys, keys); err != nil {
		t.Fatal(err)
	}
}

// next waits until the screen shows a text behind what was waited for before, and
// gives what is between.
func (c *terminal) next(t *testing.T, text string) string {
	t.Helper()
	c.seesFrom(t, c.seen, text)
	all := c.screen()
	from := c.seen
	c.seen = from + strings.Index(all[from:], text) + len(text)
	return all[from : c.seen-len(text)]
}

// chats starts a chat and waits for its prompt.
func chats(t *testing.T, args ...string) *terminal {
	t.Helper()
	c := onTerminal(t, append([]string{"run"}, args...)...)
	c.next(t, "Ctrl-D leaves")
	c.next(t, "> ")
	return c
}

// ask sends a line and waits until it is answered.
func (c *terminal) ask(t *testing.T, line string) string {
	t.Helper()
	c.types(t, line+"\r")
	c.next(t, "\r\n")
	return c.next(t, pasteMark+"> ")
}

// pasteMark is what stands before the prompt where users' text has a colour.
const pasteMark = "\x1b[36m"

// leaves ends a chat by Ctrl-D.
func (c *terminal) leaves(t *testing.T) {
	t.Helper()
	c.types(t, "\x04")
	if code := c.exitCode(t); code != 0 {
		t.Errorf("exit code %d: %q", code, c.screen())
	}
	if !strings.HasSuffix(c.screen(), pasteOff+"\x1b[0m") {
		t.Errorf("the terminal is left as it was in raw mode: %q", tail(c.screen()))
	}
}

// saved is the conversation so far, through /save.
func (c *terminal) saved(t *testing.T) (turns []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chat.json")
	c.ask(t, "/save "+path)
	var s savedChat
	if err := json.Unmarshal([]byte(readFile(t, path)), &s); err != nil {
		t.Fatal(err)
	}
	for _, m := range s.Messages {
		turns = append(turns, fmt.Sprint(m["role"], ": ", m["content"]))
	}
	return turns
}

// TestChatMessages: what is typed and pasted arrives as it is.
func TestChatMessages(t *testing.T) {
	long := strings.Repeat("0123456789", 800)
	c := chats(t, "-n", "2", "-c", "2048")
	pasted := "\x1b[200~one\ntwo\nthree\n\tfour\x1b[201~"
	for _, keys := range []string{pasted, "\u4e16\u754cx\x1b[D\x7f", `"""` + "\r first\rlast\r" + `"""`, `goes \` + "\ron", "/etc/passwd is a file", "// a comment"} {
		c.types(t, keys+"\r")
		c.next(t, "the answer was cut at 2 tokens")
		c.next(t, pasteMark+"> ")
	}
	turns := c.saved(t)
	want := []string{"one\ntwo\nthree\n\tfour", "\u4e16x", " first\nlast", "goes \non", "/etc/passwd is a file", "// a comment"}
	for i, w := range want {
		if 2*i >= len(turns) || turns[2*i] != "user: "+w || !strings.HasPrefix(turns[2*i+1], "assistant: ") {
			t.Errorf("message %d of %q, wanted %q", i, turns, w)
		}
	}
	// Of many characters, none is lost, pasted or not; that the context cannot hold
	// them is said, and the message taken back.
	for _, keys := range []string{long, "\x1b[200~" + long + "\x1b[201~"} {
		c.types(t, keys+"\r")
		c.next(t, "the prompt has ")
		c.next(t, " tokens, the context holds 2048")
		c.next(t, pasteMark+"> ")
	}
	if again := c.saved(t); len(again) != len(turns) {
		t.Errorf("%d messages, before %d", len(again), len(turns))
	}
	c.leaves(t)
}

// TestChatLong: 8,000 characters are one message, pasted and typed.
func TestChatLong(t *testing.T) {
	long := strings.Repeat("interface ", 800)
	c := chats(t, "-n", "2")
	for _, keys := range []string{long, "\x1b[200~" + long + "\x1b[201~"} {
		c.ask(t, "/clear")
		c.types(t, keys+"\r")
		c.next(t, "the answer was cut at 2 tokens")
		c.next(t, pasteMark+"> ")
		if got := c.saved(t); len(got) != 2 || got[0] != "user: "+long {
			t.Errorf("%d messages, the first with %d characters, wanted %d", len(got), len(got[0])-6, len(long))
		}
	}
	c.leaves(t)
}

// TestChatInterrupt: Ctrl-C stops the answer, which stays in the conversation as far
// as it came; at the prompt it drops what was typed, or says how to leave. What is
// typed during an answer is not shown in it.
func TestChatInterrupt(t *testing.T) {
	c := chats(t, "-n", "1900", "--ignore-eos")
	c.types(t, "Write a program.\r")
	c.next(t, "\r\n")
	c.types(t, "typed ahead")
	c.next(t, "\n")
	c.types(t, "\x03")
	if answer := c.next(t, pasteMark+"> "); !strings.Contains(answer, "stopped") || strings.Contains(answer, "typed") {
		t.Errorf("behind Ctrl-C came %q", answer)
	}
	turns := c.saved(t)
	if last := turns[len(turns)-1]; !strings.HasPrefix(last, "assistant: ") || len(last) < 12 {
		t.Errorf("the conversation has %q", turns)
	}
	c.types(t, "half a line\x03")
	c.next(t, "half a line")
	if said := c.next(t, pasteMark+"> "); strings.Contains(said, "leaves") {
		t.Errorf("said %q", said)
	}
	c.types(t, "\x03")
	c.next(t, "Ctrl-D or /bye leaves")
	c.next(t, pasteMark+"> ")
	c.types(t, "/bye\r")
	if code := c.exitCode(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestChatContext: a full context drops the oldest turns, says so, keeps the system
// message, and goes on with what is still valid.
func TestChatContext(t *testing.T) {
	c := chats(t, "-v", "-n", "32", "-c", "256", "--system", "Be brief.", "--ignore-eos")
	stats := regexp.MustCompile(`prompt (\d+) tokens \((\d+) reused\)`)
	dropped, reused := 0, 0
	for i := range 12 {
		said := c.ask(t, fmt.Sprintf("This is message number %d of a dozen.", i))
		m := stats.FindStringSubmatch(said)
		if m == nil {
			t.Fatalf("message %d: %q", i, said)
		}
		if strings.Contains(said, "the context of 256 positions is full: the oldest ") {
			dropped++
		} else if i > 0 {
			n := 0
			if fmt.Sscan(m[2], &n); n > 0 {
				reused++
			}
		}
	}
	if dropped < 2 || dropped > 6 || reused < 12-1-dropped {
		t.Errorf("turns were dropped %d times, and others went on with what was there %d times", dropped, reused)
	}
	turns := c.saved(t)
	if len(turns) != 25 || turns[0] != "system: Be brief." || turns[1] != "user: This is message number 0 of a dozen." {
		t.Errorf("%d turns were saved: %q", len(turns), turns[:2])
	}
	if said := c.ask(t, "/show"); !strings.Contains(said, "system: Be brief.") || !strings.Contains(said, "24 messages, ") || strings.Contains(said, "24 of them") {
		t.Errorf("/show says %q", said)
	}
	c.leaves(t)
}

// TestChatHistory: lines come back in the next chat, unless nobody wants that.
func TestChatHistory(t *testing.T) {
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	c := chats(t, "-n", "1")
	c.ask(t, "remembered words")
	c.leaves(t)
	if info, err := os.Stat(filepath.Join(state, "moeflow", "history")); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	c = chats(t, "-n", "1", "--no-history")
	c.ask(t, "not this")
	c.types(t, "\x1b[A\r")
	c.next(t, "\r\n")
	if got := c.saved(t); len(got) != 2 {
		t.Errorf("without a history: %q", got)
	}
	c.leaves(t)
	c = chats(t, "-n", "1")
	c.ask(t, "\x1b[A again")
	if got := c.saved(t); got[0] != "user: remembered words again" {
		t.Errorf("%q", got)
	}
	c.leaves(t)
}

// TestChatCommands: what is no command is refused with those that are, and each of
// these does what it says.
func TestChatCommands(t *testing.T) {
	c := chats(t, "-n", "3")
	if said := c.ask(t, "/foo bar"); !strings.Contains(said, "/foo is no command; there are /help /set /show /system /clear /save /load /retry /bye") {
		t.Errorf("said %q", said)
	}
	if said := c.ask(t, "Reverse."); strings.Contains(said, "tokens/s") {
		t.Errorf("statistics that nobody asked for: %q", said)
	}
	for line, want := range map[string]string{
		"/set temperature 101": "/set: sampling.temperature is 101, want a number from 0 to 100",
		"/set colour blue":     "/set wants one of max_tokens, min_p, ",
		"/set":                 "/set wants one of max_tokens, min_p, ",
		"/help":                "/retry",
		"/clear all":           "/clear takes nothing behind it",
		"/save":                "/save: give the name of a file",
		"/load /none/such":     "/none/such: no such file or directory",
		"/save " + os.Args[0]:  "is there and is no saved conversation",
		"/load " + os.Args[0]:  "is no saved conversation: want JSON with messages",
	} {
		if said := c.ask(t, line); !strings.Contains(said, want) {
			t.Errorf("%s says %q, wanted %q", line, said, want)
		}
	}
	c.ask(t, "/set verbose")
	c.ask(t, "/set max_tokens 5")
	c.ask(t, "/set seed 7")
	if said := c.ask(t, "/retry"); !strings.Contains(said, "generated 5 tokens") {
		t.Errorf("/retry says %q", said)
	}
	c.ask(t, "/system Be brief.")
	if said := c.ask(t, "/show"); !strings.Contains(said, "at most 5 tokens") || !strings.Contains(said, "system: Be brief.") || !strings.Contains(said, "2 messages, 2 of them") {
		t.Errorf("/show says %q", said)
	}
	path := filepath.Join(t.TempDir(), "chat.json")
	c.ask(t, "/save "+path)
	before := readFile(t, path)
	c.ask(t, "/clear")
	if said := c.ask(t, "/show"); !strings.Contains(said, "0 messages") || !strings.Contains(said, "system: Be brief.") {
		t.Errorf("/show says %q", said)
	}
	if said := c.ask(t, "/retry"); !strings.Contains(said, "no message to answer yet") {
		t.Errorf("/retry says %q", said)
	}
	c.ask(t, "/system")
	c.ask(t, "/load "+path)
	c.ask(t, "/save "+path)
	if again := readFile(t, path); again != before {
		t.Errorf("a conversation was saved as %s, loaded, and saved as %s", before, again)
	}
	c.leaves(t)
}

// TestChatColours: none where the user wants none, and a model without a template is
// told before the prompt.
func TestChatColours(t *testing.T) {
	model, err := os.ReadFile(shippedFile)
	if err != nil {
		t.Fatal(err)
	}
	bare := write(t, "bare.gguf", string(bytes.Replace(model, []byte("tokenizer.chat_template"), []byte("tokenizer.chat_tempLate"), 1)))
	t.Setenv("NO_COLOR", "1")
	c := onTerminal(t, "run", bare, "--temp", "0", "-n", "8")
	c.next(t, "this model has no chat template: each message is continued as it is")
	c.next(t, "> ")
	c.types(t, "func main() {\r")
	c.next(t, "\r\n")
	answer := c.next(t, "> ")
	if want := ok(t, moeflow(t, "run", "--completion", "-p", "func main() {", "-n", "8", "-q")); !strings.HasPrefix(strings.ReplaceAll(answer, "\r\n", "\n"), want) {
		t.Errorf("%q, wanted %q", answer, want)
	}
	c.types(t, "/system x\r")
	c.next(t, "there is no system message")
	c.types(t, "\x04")
	if code := c.exitCode(t); code != 0 || regexp.MustCompile(`\x1b\[\d+m`).MatchString(strings.ReplaceAll(c.screen(), "\x1b[0m", "")) {
		t.Errorf("exit code %d: %q", code, c.screen())
	}
}
