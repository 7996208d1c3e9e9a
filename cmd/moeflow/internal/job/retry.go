package job

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// dropFailed takes the results that are failures of the engine out of the file,
// so that every line of prompts has one result again once the line is answered.
// The other results go, unchanged and in their order, into a file beside the old
// one, which then takes the old one's name: killed at any moment, the results are
// those of before or those of after.
func (o *Output) dropFailed() error {
	if o.failed.Len() == 0 {
		return nil
	}
	path, err := filepath.EvalSymlinks(o.Name)
	if err != nil {
		return err
	}
	i, err := o.file.Stat()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(fmt.Sprintf("%s.%d.tmp", path, os.Getpid()), os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, i.Mode().Perm())
	if err != nil {
		return err
	}
	size, err := o.copyFinished(f)
	if err == nil {
		// The new file is locked before it has the name, so that no other job
		// can come between.
		err = errors.Join(f.Chmod(i.Mode().Perm()), f.Sync(), lock(f))
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	syncFolder(filepath.Dir(path))
	old := o.file
	o.file, o.w, o.size, o.Torn, o.failed = f, f, size, 0, Finished{}
	return old.Close()
}

// copyFinished writes the results of finished lines to w and tells their bytes.
func (o *Output) copyFinished(w io.Writer) (size int64, err error) {
	r := bufio.NewReaderSize(io.NewSectionReader(o.file, 0, o.size), 64<<10)
	from, at := int64(0), int64(0) // of the results that are kept together
	flush := func() error {
		n, err := io.Copy(w, io.NewSectionReader(o.file, from, at-from))
		size += n
		return err
	}
	for at < o.size {
		_, end, n, _, err := scanLine(r)
		if err != nil {
			return size, err
		}
		if rec, _, _ := readRecord(end); rec.Retry {
			if err := flush(); err != nil {
				return size, err
			}
			from = at + n
		}
		at += n
	}
	return size, flush()
}
