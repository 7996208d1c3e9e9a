package job

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Source is a file of prompts, or a stream of them.
type Source struct {
	Name string

	lines *lines
	file  *os.File // nil for a stream that is not ours to close
	again bool     // file can be read a second time
}

// OpenSource opens a file of prompts.
func OpenSource(path string) (*Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	i, err := f.Stat()
	if err == nil && i.IsDir() {
		err = fmt.Errorf("%s is a folder, want a file of prompts", path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Source{Name: path, lines: newLines(f), file: f, again: i.Mode().IsRegular()}, nil
}

// NewSource reads prompts from a stream.
func NewSource(name string, r io.Reader) *Source { return &Source{Name: name, lines: newLines(r)} }

// File is the open file, nil if the source is a stream.
func (s *Source) File() *os.File { return s.file }

// Close closes the file.
func (s *Source) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// Format is the one that is wanted or, for Auto, that of the first line. io.EOF
// says that there are no prompts at all.
func (s *Source) Format(want Format) (Format, error) {
	line, err := s.lines.peek()
	if err == io.EOF {
		return want, err
	}
	if err == nil {
		if bad := checkText(line.Text, want); bad != nil {
			return want, fmt.Errorf("%s %w", s.Name, bad)
		}
	}
	if err == nil && want == Auto {
		want, err = Detect(line.Text)
	}
	if err != nil {
		return want, fmt.Errorf("%s: %w", s.Name, err)
	}
	return want, nil
}

// Count reads all lines and tells how many prompts there are; -1 for a stream.
// It fails where a finished line is not the one that its result was made of.
func (s *Source) Count(ctx context.Context, done *Finished) (int, error) {
	if !s.again {
		return -1, nil
	}
	l := newLines(bufio.NewReaderSize(io.NewSectionReader(s.file, 0, 1<<62), 1<<20))
	n, last := 0, 0
	for ; ; n++ {
		line, err := l.next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = s.check(line, done)
		}
		if err != nil {
			return 0, err
		}
		last = line.Number
	}
	return n, s.checkEnd(last, done)
}

// check compares a line with the sum that its result has of it, if it has one.
func (s *Source) check(line Line, done *Finished) error {
	if sum := done.sum(line.Number); sum != 0 && sum != lineSum(line.Text) {
		return fmt.Errorf("%s:%d: the line is not the one that its result was made of: resume with the prompts of then, or name another file for the results", s.Name, line.Number)
	}
	return nil
}

// checkEnd fails if there are results of lines behind the last one.
func (s *Source) checkEnd(last int, done *Finished) error {
	if n := done.last(); n > last {
		return fmt.Errorf("%s ends with line %d, and there is a result of line %d: resume with the prompts of then, or name another file for the results", s.Name, last, n)
	}
	return nil
}
