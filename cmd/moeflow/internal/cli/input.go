package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// The most bytes of texts that are read whole: of a prompt, and of a text to
// tokenize or to score.
const (
	mostPrompt = 64 << 20
	mostText   = 256 << 20
)

// stdin reads standard input and gives up when the context is done, even while
// nothing comes: a terminal or a pipe may be silent for ever.
type stdin struct {
	ctx    context.Context
	from   io.Reader
	chunks chan chunk // made by the first Read
	ask    chan struct{}
	left   []byte
	err    error
}

type chunk struct {
	data []byte
	err  error
}

// chunkBytes is how much is read at once.
const chunkBytes = 64 << 10

func (s *stdin) Read(p []byte) (int, error) {
	if len(s.left) == 0 && s.err == nil {
		s.next()
	}
	n := copy(p, s.left)
	if s.left = s.left[n:]; n > 0 || len(p) == 0 {
		return n, nil
	}
	return 0, s.err
}

// next waits for a chunk. The goroutine reads only when it is asked to, so no input
// is lost that the command does not want. It ends with the command, or is waiting
// for input that nobody wants any more.
func (s *stdin) next() {
	if s.chunks == nil {
		s.chunks, s.ask = make(chan chunk, 1), make(chan struct{}, 1)
		go func() {
			buf := make([]byte, chunkBytes)
			for {
				select {
				case <-s.ctx.Done():
					return
				case <-s.ask:
				}
				n, err := s.from.Read(buf)
				s.chunks <- chunk{bytes.Clone(buf[:n]), err}
				if err != nil {
					return
				}
			}
		}()
	}
	s.ask <- struct{}{}
	select {
	case <-s.ctx.Done():
		s.err = s.ctx.Err()
	case c := <-s.chunks:
		s.left, s.err = c.data, c.err
	}
}

// isPipe tells whether a stream brings what another program or a file has: no
// terminal, and no device such as /dev/null.
func isPipe(s io.Reader) bool {
	f, ok := s.(*os.File)
	if !ok {
		return true
	}
	i, err := f.Stat()
	return err == nil && (i.Mode().IsRegular() || i.Mode()&fs.ModeNamedPipe != 0)
}

// readText reads a text whole: a file, or standard input for "-". What is no text
// file by its type is refused, and so are UTF-16 and more than most bytes; a byte
// order mark is left out, as batch does. The errors are of wrong use but for
// those of reading and of the context.
func (a *app) readText(ctx context.Context, path string, most int) (string, error) {
	name, from := textName(path), a.In
	if !standardInput(path) {
		f, err := openText(ctx, path)
		if err != nil {
			return "", err
		}
		defer f.Close()
		from = &stdin{ctx: ctx, from: f}
	}
	data, err := io.ReadAll(io.LimitReader(from, int64(most)+1))
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, plainError(err))
	}
	if len(data) > most {
		return "", usage{fmt.Errorf("%s has more than %d MiB, wanted at most that much text", name, most>>20)}
	}
	for _, mark := range []string{"\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(data, []byte(mark)) {
			return "", usage{fmt.Errorf("%s: the text is UTF-16, want UTF-8", name)}
		}
	}
	return string(bytes.TrimPrefix(data, []byte("\ufeff"))), nil
}

// textName is what messages call a text.
func textName(path string) string {
	if path == "-" {
		return "standard input"
	}
	return path
}

// standardInput tells whether a path is a name of standard input.
func standardInput(path string) bool {
	return path == "-" || path == "/dev/stdin" || path == "/dev/fd/0" || path == "/proc/self/fd/0"
}

// checkText refuses what is no text by its type: neither a file nor a pipe.
func checkText(path string) error {
	i, err := os.Stat(path)
	switch {
	case err != nil:
		return usage{fmt.Errorf("%s: %w", path, plainError(err))}
	case i.IsDir():
		return usage{fmt.Errorf("%s is a folder, wanted a text file", path)}
	case !i.Mode().IsRegular() && i.Mode()&fs.ModeNamedPipe == 0:
		return usage{fmt.Errorf("%s is a device, wanted a text file", path)}
	}
	return nil
}

// openText opens a file or a pipe. A pipe may wait for its writer as long as it
// likes, but not longer than the context.
func openText(ctx context.Context, path string) (*os.File, error) {
	if err := checkText(path); err != nil {
		return nil, err
	}
	type opened struct {
		f   *os.File
		err error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := os.Open(path)
		done <- opened{f, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case o := <-done:
		if o.err != nil {
			return nil, usage{fmt.Errorf("%s: %w", path, plainError(o.err))}
		}
		return o.f, nil
	}
}

// plainError is an error of the file system without the call and the path.
func plainError(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
