package cli

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"moeflow/configs"
	"moeflow/tokenizer/chat"
)

// chatCommand is what a message /name does.
type chatCommand struct {
	name, args, help string
	leaves           bool
	do               func(t *talk, ctx context.Context, rest string) error
}

// chatCommands is the table of them: one line each.
func chatCommands() []chatCommand {
	return []chatCommand{
		{"/help", "", "list the commands", false, (*talk).help},
		{"/set", "[KEY VALUE]", "change a setting; without one, list them", false, (*talk).change},
		{"/show", "", "show the model, the settings and how full the context is", false, (*talk).show},
		{"/system", "[TEXT]", "set the system message, or take it away", false, (*talk).setSystem},
		{"/clear", "", "forget the conversation, but not the system message", false, (*talk).forgetTurns},
		{"/save", "FILE", "write the conversation to a file, as JSON", false, (*talk).save},
		{"/load", "FILE", "go on with a conversation that was saved", false, (*talk).load},
		{"/retry", "", "answer the last message once more", false, (*talk).retry},
		{"/bye", "", "leave, as Ctrl-D does", true, func(*talk, context.Context, string) error { return nil }},
	}
}

func findCommand(name string) *chatCommand {
	for _, c := range chatCommands() {
		if c.name == name {
			return &c
		}
	}
	return nil
}

func commandNames() string {
	var names []string
	for _, c := range chatCommands() {
		names = append(names, c.name)
	}
	return strings.Join(names, " ")
}

// commandLine is a line that begins with a slash and a word. A path or a comment of
// Go does not.
var commandLine = regexp.MustCompile(`^\s*(/[A-Za-z?]\w*)(?:[ \t]+([^\n]*))?\s*$`)

// command takes a message apart that is a command.
func command(text string) (name, rest string, ok bool) {
	m := commandLine.FindStringSubmatch(text)
	if m == nil {
		return "", "", false
	}
	return m[1], strings.TrimSpace(m[2]), true
}

func (t *talk) help(context.Context, string) error {
	for _, c := range chatCommands() {
		t.note("%-20s %s", strings.TrimSpace(c.name+" "+c.args), c.help)
	}
	t.note("%-20s %s", quotes, "begins and ends a message of several lines, as does a paste")
	t.note("%-20s %s", "Ctrl-C", "stops an answer; what there is of it stays in the conversation")
	return nil
}

// settable are the names that /set knows, and the config's key of each.
var settable = map[string]string{
	"temperature": "sampling.temperature", "top_k": "sampling.top_k", "top_p": "sampling.top_p", "min_p": "sampling.min_p",
	"repeat_penalty": "sampling.repeat_penalty", "seed": "sampling.seed", "max_tokens": "run.max_tokens",
}

func (t *talk) change(_ context.Context, rest string) error {
	name, value, _ := strings.Cut(rest, " ")
	key, known := settable[name]
	switch {
	case name == "verbose" && value == "":
		t.flags.verbose = true
	case name == "quiet" && value == "":
		t.flags.verbose = false
	case !known:
		t.note("/set wants one of %s with a value, or verbose or quiet", strings.Join(slices.Sorted(maps.Keys(settable)), ", "))
	default:
		if err := t.cfg.SetKey("/set", key, strings.TrimSpace(value)); err != nil {
			t.note("%s", oneLine(err))
			return nil
		}
		sampling := t.cfg.Sampling.Or(t.engine.Model.Sampling())
		t.drawn = sampling.Seed == nil
		if t.drawn {
			sampling.Seed = new(t.params.Seed)
		}
		t.params = samplingParams(sampling.Or(configs.FallbackSampling()))
	}
	return nil
}

func (t *talk) show(ctx context.Context, _ string) error {
	t.styled(t.tellSettings)
	if t.cfg.Run.System != "" {
		t.note("system: %s", t.cfg.Run.System)
	}
	used := 0
	if len(t.turns) > t.from && !t.completion {
		ids, err := t.render(ctx, t.turns[t.from:])
		if err != nil {
			t.note("%s", oneLine(err))
			return nil
		}
		used = len(ids)
	}
	t.note("%d messages, %d of them in the context, which has %d of %d positions filled", len(t.turns), len(t.turns)-t.from, used, t.engine.Context)
	return nil
}

func (t *talk) setSystem(_ context.Context, rest string) error {
	if t.completion {
		t.note("/system: messages are continued as they are, so there is no system message")
		return nil
	}
	t.cfg.Run.System = rest
	return nil
}

func (t *talk) forgetTurns(context.Context, string) error {
	t.turns, t.from = nil, 0
	return nil
}

// retry answers the last message of the user again, with another seed.
func (t *talk) retry(ctx context.Context, _ string) error {
	n := len(t.turns)
	for n > 0 && t.turns[n-1]["role"] != "user" {
		n--
	}
	if n == 0 {
		t.note("/retry: there is no message to answer yet")
		return nil
	}
	if t.params.Seed++; t.drawn {
		t.params.Seed = uint64(rand.Uint32())
	}
	t.turns, t.from = t.turns[:n], min(t.from, n-1)
	return t.reply(ctx)
}

// checkRole refuses turns that a chat cannot go on with.
func checkRole(m chat.Message) error {
	role, content := m["role"], m["content"]
	if _, ok := content.(string); !ok || role != "system" && role != "user" && role != "assistant" {
		return fmt.Errorf("a message has role %v, want system, user or assistant, and a text as its content", role)
	}
	return nil
}
