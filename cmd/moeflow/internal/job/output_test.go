package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestResumeRefuses: files that are not the results of this job are left as
// they are.
func TestResumeRefuses(t *testing.T) {
	prompts := "{\"prompt\":\"a\"}\n{\"prompt\":\"b\"}\n{\"prompt\":\"c\"}\n"
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	write := func(path, text string) { os.WriteFile(path, []byte(text), 0o666) }
	write(in, prompts)
	j, err := start(t, in, out, false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = j.Run(context.Background(), &fake{tok: j.Tokenizer})
	if err := j.end(err); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(out)
	whole := string(b)
	first, rest, _ := strings.Cut(whole, "\n")
	for name, c := range map[string]struct {
		in, out string
		resume  bool
		want    string // of the error; "" for none
	}{
		"not asked":        {prompts, whole, false, fmt.Sprintf("out has %d bytes of results already: go on with it by --resume, or name another file", len(whole))},
		"all there":        {prompts, whole, true, ""},
		"nothing there":    {prompts, "", true, ""},
		"torn":             {prompts, whole[:len(whole)-5], true, ""},
		"torn at once":     {prompts, whole[:7], true, ""},
		"no last end":      {prompts, whole[:len(whole)-1], true, ""},
		"zeros":            {prompts, first + "\n" + strings.Repeat("\x00", 5000), true, ""},
		"longer prompts":   {prompts + "{\"prompt\":\"d\"}", whole, true, ""},
		"a line changed":   {strings.Replace(prompts, `"b"`, `"B"`, 1), whole, true, "in:2: the line is not the one that its result was made of"},
		"a line put in":    {"\n" + prompts, whole, true, "in:2: the line is not"},
		"shorter prompts":  {"{\"prompt\":\"a\"}\n", whole, true, "in ends with line 1, and there is a result of line 3"},
		"notes":            {prompts, "my notes\n", true, "out:1: no result of moeflow batch: nothing is changed"},
		"notes, no end":    {prompts, "my notes", true, "out:1: no result of moeflow batch: nothing is changed"},
		"notes behind":     {prompts, whole + "note", true, "out:4: no result of moeflow batch"},
		"results of other": {prompts, `{"id":"batch_req_1","custom_id":"a","response":{}}` + "\n", true, "out:1: no result of moeflow batch"},
		"twice":            {prompts, whole + first + "\n", true, "out:4: a second result of line"},
		"two jobs":         {prompts, strings.Replace(whole, `"job":"`, `"job":"00000000-`, 1), true, "out:1: no result"},
		"other model":      {prompts, strings.ReplaceAll(first, string(j.ID[:8]), "0123abcd") + "\n", true, "out has results of another model"},
		"other options":    {prompts, strings.ReplaceAll(whole, string(j.ID[9:]), "0123abcd"), true, "out has results of other options"},
		"mixed jobs":       {prompts, first + "\n" + strings.ReplaceAll(rest, string(j.ID[9:]), "0123abcd"), true, "out:2: a result of another job"},
		"a huge line":      {prompts, strings.Replace(first, `"line":`, `"line":99999999`, 1) + "\n", true, "in ends with line 3, and there is a result of line 99999999"},
	} {
		write(in, c.in)
		write(out, c.out)
		j, err := start(t, in, out, c.resume)
		if err == nil {
			_, err = j.Run(context.Background(), &fake{tok: j.Tokenizer})
			err = j.end(err)
		}
		if c.want == "" {
			if n := strings.Count(c.in, "\n"); err != nil || len(results(t, out)) < n {
				t.Errorf("%s: %v, %d results of %d", name, err, len(results(t, out)), n)
			}
			continue
		}
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if left, _ := os.ReadFile(out); string(left) != c.out {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

// TestLock: two jobs cannot write the same results, and the second leaves them
// alone.
func TestLock(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	os.WriteFile(in, []byte("a\nb\n"), 0o666)
	j, err := start(t, in, out, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, resume := range []bool{false, true} {
		if _, err := start(t, in, out, resume); !errors.Is(err, ErrInUse) || !strings.HasSuffix(err.Error(), "out: another job writes it") {
			t.Errorf("a second job: %v", err)
		}
	}
	_, err = j.Run(context.Background(), &fake{tok: j.Tokenizer})
	if err := j.end(err); err != nil {
		t.Fatal(err)
	}
	if j, err = start(t, in, out, true); err != nil {
		t.Fatalf("after the first: %v", err)
	}
	if err := j.end(nil); err != nil {
		t.Error(err)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		dir:                                 "is a folder, want a file for the results",
		filepath.Join(dir, "none", "out"):   "no such file or directory",
		filepath.Join(dir, "a\x00b", "out"): "invalid argument",
	} {
		if _, err := OpenOutput(path, true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", path, err, want)
		}
	}
	if _, err := OpenSource(dir); err == nil || !strings.Contains(err.Error(), "is a folder, want a file of prompts") {
		t.Errorf("a folder of prompts: %v", err)
	}
	if _, err := OpenOutput("/dev/null", true); err == nil || !strings.Contains(err.Error(), "is no regular file") {
		t.Errorf("resuming /dev/null: %v", err)
	}
	o, err := OpenOutput(filepath.Join(dir, "out"), false)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := os.Open(filepath.Join(dir, "out"))
	defer f.Close()
	if !o.Same(f) || Stream("x", io.Discard).Same(f) {
		t.Error("a file is not itself")
	}
	o.Close()
	if _, err := os.Stat(o.Name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file on which no job began is left: %v", err)
	}
	if err := o.append([]byte("x")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("writing to a closed output: %v", err)
	}
}

// TestLines: ends of lines, blank ones, and lines around the limit.
func TestLines(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "",
		"\n\n":                 "",
		"a":                    "1:a ",
		"a\n":                  "1:a ",
		"\ufeffa\r\n\r\nb\r\n": "1:a 3:b ",
		"\ufeff\n\ufeffb":      "2:\ufeffb ",
		"a\rb\n":               "1:a\rb ",
		"12345678\r\nx":        "1:12345678 2:x ",
		"123456789\nx":         "1:12345678+ 2:x ",
		"123456789\r\nx":       "1:12345678+ 2:x ",
		"1234567890123\r\nx":   "1:12345678+ 2:x ",
		"1234567890123":        "1:12345678+ ",
	} {
		l := newLines(strings.NewReader(text))
		l.most = 8
		got := ""
		for i := 0; ; i++ {
			if i%2 == 0 {
				l.peek()
			}
			line, err := l.next()
			if err == io.EOF {
				break
			}
			got += fmt.Sprintf("%d:%s", line.Number, line.Text)
			if line.TooLong {
				got += "+"
			}
			got += " "
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	// A line of many buffers is one line, and its memory is not kept.
	long := bytes.Repeat([]byte("x"), 3<<20)
	l := newLines(bytes.NewReader(append(append(long, '\n'), "y\n"...)))
	if line, err := l.next(); err != nil || len(line.Text) != len(long) || line.TooLong {
		t.Errorf("%d bytes, %v", len(line.Text), err)
	}
	if line, err := l.next(); err != nil || string(line.Text) != "y" || cap(l.buf) > keepBuffer {
		t.Errorf("%q, %v, a buffer of %d", line.Text, err, cap(l.buf))
	}
	broken := newLines(io.MultiReader(strings.NewReader("a\nb"), errReader{}))
	broken.next()
	if _, err := broken.next(); !errors.Is(err, errRead) {
		t.Errorf("a reader that fails: %v", err)
	}
}

var errRead = errors.New("cannot read")

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errRead }

// TestFinished: what is noted of finished lines does not grow with the largest.
func TestFinished(t *testing.T) {
	var f Finished
	if f.last() != 0 || f.sum(5) != 0 || f.Len() != 0 {
		t.Error("the zero value has lines")
	}
	for _, n := range []int{5, 999_999_999, 1023, 1024, 5} {
		f.add(n, uint32(n))
	}
	if f.Len() != 4 || f.last() != 999_999_999 || f.sum(1024) != 1024 || f.sum(6) != 0 || len(f.pages) != 3 {
		t.Errorf("%d lines to %d in %d pages", f.Len(), f.last(), len(f.pages))
	}
}

// FuzzScan: no file of results makes it panic or take much memory, what is kept
// is whole lines, and only what may be a torn result is cut off.
func FuzzScan(f *testing.F) {
	rec := func(line int) string {
		b, _ := encodeLine(errorLine(lineErrorf(codeJSON, "bad"), record{line, "0000000a", NewIdentity("m", "s"), line == 7}))
		return string(b)
	}
	f.Add([]byte(rec(1) + rec(7)))
	f.Add([]byte(rec(1) + rec(2)[:40]))
	f.Add([]byte(rec(999999999) + "\x00\x00\x00"))
	f.Add([]byte(rec(1) + rec(1)))
	f.Add([]byte("notes\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		o := &Output{Name: "r"}
		if err := o.scan(bytes.NewReader(data)); err != nil {
			return
		}
		kept := data[:o.size]
		if o.size+o.Torn != int64(len(data)) || bytes.Count(kept, []byte("\n")) != o.Finished.Len()+o.failed.Len() || len(kept) > 0 && kept[len(kept)-1] != '\n' {
			t.Errorf("%d bytes: %d kept with %d results, %d torn", len(data), o.size, o.Finished.Len(), o.Torn)
		}
		if torn := string(data[o.size:]); torn != "" && !strings.HasPrefix(torn, resultHead) && !strings.HasPrefix(resultHead, torn) && strings.Trim(torn, "\x00") != "" {
			t.Errorf("%q would be cut off", torn)
		}
	})
}
