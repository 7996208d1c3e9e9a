package job

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// MaxLine is how many bytes a line of prompts may have, its end not counted.
const MaxLine = 64 << 20

// keepBuffer is the largest buffer kept from one line to the next.
const keepBuffer = 1 << 20

// Line is a line of prompts that is not blank.
type Line struct {
	Number  int    // from 1; blank lines count
	Text    []byte // without its end; valid until the next is read
	TooLong bool   // Text is only the first MaxLine bytes
}

// lines reads lines that end in LF or CRLF, one at a time. A byte order mark at
// the beginning is left out, and so are lines of nothing but white space.
type lines struct {
	r    *bufio.Reader
	n    int
	most int
	buf  []byte
	held *Line // read ahead by peek
}

func newLines(r io.Reader) *lines {
	return &lines{r: bufio.NewReaderSize(r, 64<<10), most: MaxLine}
}

// peek is the line that next will give.
func (l *lines) peek() (Line, error) {
	if l.held == nil {
		line, err := l.next()
		if err != nil {
			return line, err
		}
		l.held = &line
	}
	return *l.held, nil
}

// next gives the next line that is not blank, or io.EOF.
func (l *lines) next() (Line, error) {
	if l.held != nil {
		line := *l.held
		l.held = nil
		return line, nil
	}
	for {
		line, err := l.one()
		if err != nil || len(bytes.TrimSpace(line.Text)) > 0 {
			return line, err
		}
	}
}

// one gives the next line, blank or not.
func (l *lines) one() (Line, error) {
	if cap(l.buf) > keepBuffer {
		l.buf = nil
	}
	l.buf = l.buf[:0]
	line := Line{Number: l.n + 1}
	read := 0
	for {
		part, err := l.r.ReadSlice('\n')
		read += len(part)
		// Two bytes more than the limit, so that an end of CRLF fits behind it.
		l.buf = append(l.buf, part[:min(len(part), max(0, l.most+2-len(l.buf)))]...)
		if err == nil || err == io.EOF && read > 0 {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
	l.n++
	text := l.buf
	if read <= l.most+2 {
		text = bytes.TrimSuffix(text, []byte("\n"))
		text = bytes.TrimSuffix(text, []byte("\r"))
	}
	if l.n == 1 {
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	if line.TooLong = len(text) > l.most; line.TooLong {
		text = text[:l.most]
	}
	line.Text = text
	return line, nil
}
