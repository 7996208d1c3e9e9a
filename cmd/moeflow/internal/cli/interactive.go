package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/tokenizer/chat"
)

// interactive is a chat on the terminal: a line is a turn, a line ending in a
// backslash goes on in the next, /clear forgets the conversation and /bye or
// the end of input leaves. Turns share the kv cache of the turns before.
func (s *session) interactive(ctx context.Context) error {
	fmt.Fprintf(s.Err, "chat with %s on %s; /clear starts anew, /bye leaves\n", s.engine.Model.Name(), s.engine.Device.Name)
	in := bufio.NewScanner(s.In)
	in.Buffer(nil, 16<<20)
	var turns []chat.Message
	for {
		fmt.Fprint(s.Err, "> ")
		line, ok := readTurn(in)
		if !ok {
			if errors.Is(in.Err(), syscall.EIO) {
				return errInterrupted // the terminal has gone
			}
			return in.Err()
		}
		switch strings.TrimSpace(line) {
		case "":
			continue
		case "/bye":
			return nil
		case "/clear":
			turns = nil
			continue
		}
		turns = append(turns, chat.Message{"role": "user", "content": line})
		ids, err := s.render(ctx, turns)
		if err != nil {
			return err
		}
		out := &printed{w: s.Out}
		res, err := s.stream(ctx, ids, out)
		if err != nil {
			return err
		}
		s.timing(len(ids), res)
		if res.Finish == generate.FinishCancel {
			return errInterrupted
		}
		turns = append(turns, chat.Message{"role": "assistant", "content": out.text.String()})
	}
}

func readTurn(in *bufio.Scanner) (string, bool) {
	var lines []string
	for in.Scan() {
		line, more := strings.CutSuffix(in.Text(), `\`)
		if lines = append(lines, line); !more {
			return strings.Join(lines, "\n"), true
		}
	}
	return strings.Join(lines, "\n"), len(lines) > 0
}
