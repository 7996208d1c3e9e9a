package job

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// scan reads the results that are there: which lines are finished, and of which
// job. A last line without its end, if it began as a result does or is nothing
// but zeros, was torn and is left for Begin to cut off. Everything else that is
// no result is an error, so that no file of another kind is ever cut. A line
// whose result is a failure of the engine is not finished: Begin drops the result.
func (o *Output) scan(results io.Reader) error {
	r := bufio.NewReaderSize(results, 64<<10)
	for n := 1; ; n++ {
		head, end, size, whole, err := scanLine(r)
		if err != nil {
			return fmt.Errorf("%s: %w", o.Name, err)
		}
		if size == 0 {
			return nil
		}
		if !whole {
			zeros := len(bytes.Trim(head, "\x00")) == 0 && len(bytes.Trim(end, "\x00")) == 0
			if !zeros && !bytes.HasPrefix(head, []byte(resultHead)[:min(len(head), len(resultHead))]) {
				return fmt.Errorf("%s:%d: no result of moeflow batch: nothing is changed", o.Name, n)
			}
			o.Torn = size
			return nil
		}
		rec, sum, ok := readRecord(end)
		switch {
		case !ok || !bytes.HasPrefix(head, []byte(resultHead)):
			return fmt.Errorf("%s:%d: no result of moeflow batch: nothing is changed", o.Name, n)
		case o.Finished.sum(rec.Line) != 0 || o.failed.sum(rec.Line) != 0:
			return fmt.Errorf("%s:%d: a second result of line %d of the prompts", o.Name, n, rec.Line)
		case o.job != "" && o.job != rec.Job:
			return fmt.Errorf("%s:%d: a result of another job than those before it", o.Name, n)
		}
		o.job = rec.Job
		o.size += size
		if rec.Retry {
			o.failed.add(rec.Line, sum)
		} else {
			o.Finished.add(rec.Line, sum)
		}
	}
}

// scanLine reads a line of any length and keeps its beginning and its end. size
// counts the line's end, and is 0 at the end of the file; whole tells whether
// the line had one.
func scanLine(r *bufio.Reader) (head, end []byte, size int64, whole bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		size += int64(len(part))
		if room := len(resultHead) - len(head); room > 0 {
			head = append(head, part[:min(room, len(part))]...)
		}
		end = append(end, part[max(0, len(part)-recordSize):]...)
		end = end[max(0, len(end)-recordSize):]
		switch {
		case err == nil:
			return head, bytes.TrimSuffix(end, []byte("\n")), size, true, nil
		case err == io.EOF:
			return head, end, size, false, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, nil, 0, false, err
		}
	}
}
