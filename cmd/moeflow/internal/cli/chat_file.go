package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"moeflow/tokenizer/chat"
)

// savedChat is a conversation in a file: the part of a request to OpenAI's API that
// has the messages.
type savedChat struct {
	Model    string         `json:"model,omitempty"`
	Messages []chat.Message `json:"messages"`
}

// fileArgument is the file that a command names.
func fileArgument(name, rest string) (string, error) {
	rest = strings.Trim(rest, `"'`)
	if rest == "" {
		return "", fmt.Errorf("%s: give the name of a file", name)
	}
	if path, ok := strings.CutPrefix(rest, "~/"); ok {
		home, err := os.UserHomeDir()
		return filepath.Join(home, path), err
	}
	return rest, nil
}

// save writes the whole conversation, also what has left the context. A file that
// holds something else is left as it is.
func (t *talk) save(ctx context.Context, rest string) error {
	if err := t.write(ctx, rest); err != nil {
		t.note("%s", oneLine(err))
	}
	return nil
}

func (t *talk) write(ctx context.Context, rest string) error {
	path, err := fileArgument("/save", rest)
	if err != nil {
		return err
	}
	if _, err := t.read(ctx, path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("/save: %s is there and is no saved conversation", path)
	}
	c := savedChat{Model: t.engine.Model.Name(), Messages: t.turns}
	if t.cfg.Run.System != "" {
		c.Messages = append([]chat.Message{{"role": "system", "content": t.cfg.Run.System}}, t.turns...)
	}
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	f, err := t.create("/save", path)
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err := endFile(f, err); err != nil {
		return fmt.Errorf("/save: %w", err)
	}
	t.note("%d messages are in %s", len(c.Messages), path)
	return nil
}

// load goes on with a conversation from a file.
func (t *talk) load(ctx context.Context, rest string) error {
	path, err := fileArgument("/load", rest)
	var c savedChat
	if err == nil {
		c, err = t.read(ctx, path)
	}
	if err != nil {
		t.note("%s", oneLine(err))
		return nil
	}
	t.turns, t.from, t.cfg.Run.System = c.Messages, 0, ""
	if len(c.Messages) > 0 && c.Messages[0]["role"] == "system" {
		t.cfg.Run.System, t.turns = c.Messages[0]["content"].(string), c.Messages[1:]
	}
	t.note("%d messages from %s", len(c.Messages), path)
	return nil
}

func (t *talk) read(ctx context.Context, path string) (savedChat, error) {
	var c savedChat
	if _, err := os.Stat(path); err != nil {
		return c, fmt.Errorf("%s: %w", path, plainError(err))
	}
	text, err := t.readText(ctx, path, mostPrompt)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil || c.Messages == nil {
		return c, fmt.Errorf("%s is no saved conversation: want JSON with messages", path)
	}
	for _, m := range c.Messages {
		if err := checkRole(m); err != nil {
			return c, fmt.Errorf("%s: %w", path, err)
		}
	}
	return c, nil
}
