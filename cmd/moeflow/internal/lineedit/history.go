package lineedit

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// The most messages that a history has, and of one the most bytes.
const (
	mostMessages = 1000
	mostBytes    = 64 << 10
)

// History is the messages that were typed before, in memory and, where it has one,
// in a file: a message a line, as Go writes strings. A nil History has none.
type History struct {
	file     string
	messages []string // the last one last
	failed   error
}

// OpenHistory reads the history of a file, which need not be there yet; "" keeps it
// in memory. What in the file is no message is passed over.
func OpenHistory(file string) (*History, error) {
	h := &History{file: file}
	if file == "" {
		return h, nil
	}
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return h, err
	}
	lines := 0
	for line := range bytes.Lines(data) {
		if m, err := strconv.Unquote(string(bytes.TrimSpace(line))); err == nil {
			h.keep(m)
		}
		lines++
	}
	if lines > 2*mostMessages {
		return h, h.rewrite()
	}
	return h, nil
}

// Len is the number of messages.
func (h *History) Len() int {
	if h == nil {
		return 0
	}
	return len(h.messages)
}

// at is the n-th message from the last, which is 1.
func (h *History) at(n int) string { return h.messages[len(h.messages)-n] }

// Add adds a message, but not one that is empty, very long or the last one again.
// Err tells whether it could be written.
func (h *History) Add(message string) {
	if h == nil || message == "" || len(message) > mostBytes || len(h.messages) > 0 && h.at(1) == message {
		return
	}
	h.keep(message)
	if h.file == "" || h.failed != nil {
		return
	}
	h.failed = h.append(strconv.Quote(message) + "\n")
}

// Err is why messages are not written, nil if they are.
func (h *History) Err() error {
	if h == nil {
		return nil
	}
	return h.failed
}

func (h *History) keep(message string) {
	if h.messages = append(h.messages, message); len(h.messages) > mostMessages {
		h.messages = slices.Delete(h.messages, 0, 1)
	}
}

// append adds a line to the file, which is for its user alone.
func (h *History) append(line string) error {
	if err := os.MkdirAll(filepath.Dir(h.file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(h.file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}

// rewrite leaves the messages that are kept.
func (h *History) rewrite() error {
	var b bytes.Buffer
	for _, m := range h.messages {
		b.WriteString(strconv.Quote(m) + "\n")
	}
	f, err := os.CreateTemp(filepath.Dir(h.file), "history")
	if err != nil {
		return err
	}
	_, err = f.Write(b.Bytes())
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), h.file)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
