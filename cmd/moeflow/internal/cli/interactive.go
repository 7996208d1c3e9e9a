package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/lineedit"
	"moeflow/tokenizer/chat"
)

// talk is a chat: a conversation that a user leads on a terminal.
type talk struct {
	*session
	in         lines
	style      style
	completion bool           // no template: every message is continued by itself
	turns      []chat.Message // without the system message
	from       int            // turns before this one had to leave the context
	warned     bool           // that the history cannot be written
}

// lines is where a chat's messages come from.
type lines interface {
	// read reads a line, or several that were pasted or typed as one. Ctrl-C gives
	// lineedit.ErrInterrupt with what was typed, the end of the input io.EOF.
	read(prompt string) (string, error)
	// answering gives the context of an answer, which Ctrl-C ends, until stop.
	answering(ctx context.Context) (answer context.Context, stop func())
}

// interactive chats until the user leaves. Turns share the kv cache of the turns
// before.
func (s *session) interactive(ctx context.Context) error {
	t := &talk{session: s, completion: s.flags.completion || !s.engine.Model.HasChatTemplate()}
	s.after = t.after
	in, style, stop, err := s.openLines()
	if err != nil {
		return err
	}
	defer stop()
	t.in, t.style = in, style
	if err := t.greet(ctx); err != nil {
		return err
	}
	for {
		text, err := t.message()
		switch {
		case errors.Is(err, lineedit.ErrInterrupt):
			if text == "" {
				t.note("Ctrl-D or /bye leaves, /help lists the commands")
			}
			continue
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, syscall.EIO):
			return errInterrupted // the terminal has gone
		case err != nil:
			return err
		}
		leave, err := t.turn(ctx, text)
		if leave || err != nil {
			return err
		}
	}
}

// greet says with whom the chat is, and what it cannot do.
func (t *talk) greet(ctx context.Context) error {
	if !t.completion {
		if err := t.loadTemplate(); err != nil {
			return err
		}
	}
	if !t.flags.quiet {
		t.note("chat with %s on %s; /help lists the commands, Ctrl-D leaves", t.engine.Model.Name(), t.engine.Device.Name)
	}
	switch {
	case t.flags.completion:
		t.note("each message is continued as it is, without the messages before it")
	case t.completion:
		t.note("this model has no chat template: each message is continued as it is, without the messages before it")
	}
	t.styled(t.settings)
	return nil
}

// message reads a message: what stands between two lines of three quotes, or lines
// of which all but the last end in a backslash.
func (t *talk) message() (string, error) {
	text, err := t.in.read("> ")
	if err != nil {
		return text, err
	}
	rest, quoted := strings.CutPrefix(strings.TrimSpace(text), quotes)
	for quoted {
		if body, ends := strings.CutSuffix(strings.TrimRight(rest, " \t\n"), quotes); ends {
			return quotes + strings.Trim(body, "\n"), nil
		}
		more, err := t.in.read(". ")
		if err != nil {
			return rest + more, err
		}
		rest += "\n" + more
	}
	for strings.HasSuffix(text, `\`) {
		more, err := t.in.read(". ")
		if err != nil {
			return text + more, err
		}
		text = strings.TrimSuffix(text, `\`) + "\n" + more
	}
	return text, nil
}

// quotes begin and end a message of several lines. A message that begins with them
// is no command.
const quotes = `"""`

// turn does what a message asks for.
func (t *talk) turn(ctx context.Context, text string) (leave bool, err error) {
	if name, rest, ok := command(text); ok {
		c := findCommand(name)
		switch {
		case c == nil:
			t.note("%s is no command; there are %s", name, commandNames())
			return false, nil
		case c.args == "" && rest != "":
			t.note("%s takes nothing behind it", name)
			return false, nil
		}
		return c.leaves, c.do(t, ctx, rest)
	}
	if text = strings.TrimPrefix(text, quotes); strings.TrimSpace(text) == "" {
		return false, nil
	}
	t.turns = append(t.turns, chat.Message{"role": "user", "content": text})
	return false, t.reply(ctx)
}

// reply answers the last turn. An answer that Ctrl-C stops stays in the
// conversation as far as it came. What is wrong with the message is said, and the
// message taken back.
func (t *talk) reply(ctx context.Context) error {
	answering, stop := t.in.answering(ctx)
	defer stop()
	out := &printed{w: t.Out}
	var res generate.Result
	ids, err := t.fit(answering)
	if err == nil {
		res, err = t.stream(answering, ids, out)
	}
	stopped := res.Finish == generate.FinishCancel || errors.Is(err, context.Canceled)
	var wrong usage
	bad := new(engine.PromptError)
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case stopped:
		t.note("stopped")
	case errors.As(err, &wrong) || errors.As(err, &bad):
		t.note("%s", oneLine(err))
	case err != nil:
		return err
	default:
		t.after(len(ids), res, "")
	}
	if text := out.text.String(); text != "" || err == nil && !stopped {
		t.turns = append(t.turns, chat.Message{"role": "assistant", "content": text})
	} else {
		t.turns = t.turns[:len(t.turns)-1]
		t.from = min(t.from, len(t.turns))
	}
	return nil
}

// after says what is to be said behind an answer.
func (t *talk) after(prompt int, r generate.Result, _ string) error {
	t.styled(func() {
		t.cut(prompt, r)
		if t.flags.verbose {
			t.timing(prompt, r)
		}
	})
	return nil
}

// fit turns the conversation into tokens. Where the context has no room for it and
// an answer, the oldest turns leave it for good, and a few more than must, so that
// the turns to come go on with the same beginning. The system message stays.
func (t *talk) fit(ctx context.Context) ([]int32, error) {
	if t.completion {
		last := t.turns[len(t.turns)-1]["content"].(string)
		return t.engine.Model.Tokenizer.EncodePrompt(last, !t.flags.raw), nil
	}
	ids, err := t.render(ctx, t.turns[t.from:])
	room := t.engine.Context - min(t.cfg.Run.MaxTokens, t.engine.Context/4)
	if err != nil || len(ids) <= room {
		return ids, err
	}
	from := t.from
	for len(ids) > room*3/4 {
		next := slices.IndexFunc(t.turns[t.from+1:], func(m chat.Message) bool { return m["role"] == "user" })
		if next < 0 {
			break
		}
		t.from += 1 + next
		if ids, err = t.render(ctx, t.turns[t.from:]); err != nil {
			return nil, err
		}
	}
	if t.from > from {
		t.note("the context of %d positions is full: the oldest %d messages have left it", t.engine.Context, t.from-from)
	}
	return ids, nil
}

// note says something that is no answer.
func (t *talk) note(format string, args ...any) {
	t.styled(func() { fmt.Fprintf(t.Err, format+"\n", args...) })
}

// styled sets apart what f writes to stderr.
func (t *talk) styled(f func()) {
	io.WriteString(t.style.w, t.style.note)
	f()
	io.WriteString(t.style.w, t.style.reset)
}
