package job

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// ErrInUse says that another job writes the same results.
var ErrInUse = errors.New("another job writes it")

// Output is where results go: a file, locked against other jobs, or a stream.
// Its methods may be called from several goroutines.
type Output struct {
	Name     string
	Finished Finished // lines that had their result when the file was opened
	Torn     int64    // bytes of a torn last line, which Begin cuts off

	job  Identity // of the results that were there; "" if there were none
	w    io.Writer
	file *os.File // nil for a stream that is not ours to close
	sync *syncer  // nil for a stream, and before Begin

	regular bool
	fresh   bool     // the file was not there before, and no job has begun on it
	failed  Finished // lines whose result is a failure of the engine, which Begin drops

	mu   sync.Mutex
	size int64 // up to the end of the last whole line
	err  error // the first one; nothing is written after it
}

// Stream makes an output that can be neither resumed nor synced.
func Stream(name string, w io.Writer) *Output { return &Output{Name: name, w: w} }

// OpenOutput opens a file of results, or begins it. One with results in it is
// only taken if resume says so, and only read until Begin. What is no regular
// file, such as a pipe, is a stream.
func OpenOutput(path string, resume bool) (*Output, error) {
	flags, fresh := os.O_RDWR|os.O_APPEND|os.O_CREATE, true
	if i, err := os.Stat(path); err == nil {
		if i.IsDir() {
			return nil, fmt.Errorf("%s is a folder, want a file for the results", path)
		}
		if fresh = false; !i.Mode().IsRegular() {
			flags = os.O_WRONLY | os.O_APPEND
		}
	}
	f, err := os.OpenFile(path, flags, 0o666)
	if err != nil {
		return nil, err
	}
	o := &Output{Name: path, w: f, file: f, fresh: fresh}
	if err := o.open(resume, fresh); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return o, nil
}

func (o *Output) open(resume, fresh bool) error {
	i, err := o.file.Stat()
	if err != nil {
		return err
	}
	if !i.Mode().IsRegular() {
		if resume {
			return fmt.Errorf("%s is no regular file: there is nothing to resume", o.Name)
		}
		return nil
	}
	if err := lock(o.file); err != nil {
		return fmt.Errorf("%s: %w", o.Name, err)
	}
	o.regular = true
	if i, err = o.file.Stat(); err != nil { // again: under the lock
		return err
	}
	if now, err := os.Stat(o.Name); err != nil || !os.SameFile(i, now) {
		return fmt.Errorf("%s: %w", o.Name, ErrInUse) // it replaced the file just now: see dropFailed
	}
	if i.Size() > 0 && !resume {
		return fmt.Errorf("%s has %d bytes of results already: go on with it by --resume, or name another file", o.Name, i.Size())
	}
	if fresh {
		syncFolder(filepath.Dir(o.Name))
	}
	return o.scan(io.NewSectionReader(o.file, 0, i.Size()))
}

// syncFolder makes the name of a new file last. Some systems cannot, and then
// there is nothing that a job could do.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// Retried is how many lines have a result that Begin drops, so that they are
// computed again: those where the engine failed.
func (o *Output) Retried() int { return o.failed.Len() }

// Same tells whether the output is the file f.
func (o *Output) Same(f *os.File) bool {
	if o.file == nil {
		return false
	}
	a, err := o.file.Stat()
	b, berr := f.Stat()
	return err == nil && berr == nil && os.SameFile(a, b)
}

// Resumable tells whether a job can go on where this one ends.
func (o *Output) Resumable() bool { return o.regular }

// Check fails if the results that are there are those of another job.
func (o *Output) Check(job Identity) error {
	if o.job != "" && o.job != job {
		what := "other options (the sampling, --max-tokens, --chat, the format, …)"
		if o.job[:8] != job[:8] {
			what = "another model, or one computed in another way"
		}
		return fmt.Errorf("%s has results of %s: resume with what it was begun with, or name another file", o.Name, what)
	}
	return nil
}

// Begin makes the file ready to be appended to, as the results of a job. It
// fails where Check does, and changes nothing then.
func (o *Output) Begin(job Identity) error {
	if err := o.Check(job); err != nil {
		return err
	}
	o.job, o.fresh = job, false
	if !o.regular || o.sync != nil {
		return nil
	}
	if err := o.dropFailed(); err != nil {
		return err
	}
	if o.Torn > 0 {
		if err := o.file.Truncate(o.size); err != nil {
			return err
		}
	}
	o.sync = newSyncer(o.file)
	o.sync.wake() // what a killed job wrote may not have been synced
	return nil
}

// append writes a line of results, whole, and sees to it that it is synced soon.
// Where only a part could be written that part is taken back.
func (o *Output) append(line []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil && o.sync != nil {
		o.err = o.sync.failed()
	}
	if o.err != nil {
		return o.err
	}
	n, err := o.w.Write(line)
	if err != nil {
		if n > 0 && o.sync != nil {
			_ = o.file.Truncate(o.size) // else resuming cuts it off
		}
		o.err = err
		return err
	}
	o.size += int64(n)
	if o.sync != nil {
		o.sync.wake()
	}
	return nil
}

// Close syncs and closes the file. Nothing can be written after it. A file that
// was not there before and on which no job began is gone again.
func (o *Output) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.file == nil || errors.Is(o.err, os.ErrClosed) {
		return nil
	}
	var err error
	if o.sync != nil {
		err = o.sync.close()
	}
	if errors.Is(o.err, err) {
		err = nil // known already
	}
	o.err = os.ErrClosed
	if o.fresh && o.regular {
		err = errors.Join(err, os.Remove(o.Name))
	}
	return errors.Join(err, o.file.Close())
}

// syncer syncs a file whenever something was written, in a goroutine of its own:
// what is written while it syncs is synced next, together, so that nobody waits
// for the disk.
type syncer struct {
	file  *os.File
	dirty chan struct{}
	done  chan struct{}
	mu    sync.Mutex
	err   error
}

func newSyncer(f *os.File) *syncer {
	s := &syncer{file: f, dirty: make(chan struct{}, 1), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		for range s.dirty {
			if err := f.Sync(); err != nil {
				s.mu.Lock()
				s.err = err
				s.mu.Unlock()
			}
		}
	}()
	return s
}

func (s *syncer) wake() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

func (s *syncer) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// close syncs what is left.
func (s *syncer) close() error {
	close(s.dirty)
	<-s.done
	return s.failed()
}
