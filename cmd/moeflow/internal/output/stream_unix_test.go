//go:build unix

package output

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestStreams: what is no regular file is written to, and is there afterwards as
// it was.
func TestStreams(t *testing.T) {
	dir := t.TempDir()
	pipe, sock := filepath.Join(dir, "pipe"), filepath.Join(dir, "sock")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := Open(sock); err == nil || err.Error() != sock+" is a socket, wanted a file" {
		t.Errorf("a socket: %v", err)
	}
	got := make(chan string)
	go func() {
		f, err := os.Open(pipe)
		if err != nil {
			got <- err.Error()
			return
		}
		defer f.Close()
		b, _ := io.ReadAll(f)
		got <- string(b)
	}()
	f := open(t, pipe, "through the pipe")
	if err := f.Commit(); err != nil || f.Seekable() {
		t.Errorf("%v, seekable %t", err, f.Seekable())
	}
	if s := <-got; s != "through the pipe" {
		t.Errorf("the pipe gave %q", s)
	}
	for path, mode := range map[string]os.FileMode{pipe: os.ModeNamedPipe, sock: os.ModeSocket} {
		if i, err := os.Lstat(path); err != nil || i.Mode().Type() != mode {
			t.Errorf("%s became %v, %v", path, i, err)
		}
	}
	null := open(t, os.DevNull, "away")
	if err := null.Discard(); err != nil {
		t.Error(err)
	}
	if i, err := os.Lstat(os.DevNull); err != nil || i.Mode()&os.ModeCharDevice == 0 {
		t.Errorf("%s became %v, %v", os.DevNull, i, err)
	}
}

// TestFull: a full disk is an error that names the user's path.
func TestFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		return // Linux has it
	}
	f, err := Open("/dev/full")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Discard()
	if _, err := f.Write([]byte("x")); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "/dev/full") {
		t.Errorf("%v", err)
	}
}

// TestDescriptor: a descriptor's file is written to, behind what is there, rather
// than replaced.
func TestDescriptor(t *testing.T) {
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "shell"), "before, ")
	held, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	fd := fmt.Sprintf("/dev/fd/%d", held.Fd())
	link := filepath.Join(dir, "link")
	if err := os.Symlink(fd, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{fd, link} {
		if err := open(t, p, "new, ").Commit(); err != nil {
			t.Error(err)
		}
	}
	if _, err := held.WriteString("after"); err != nil {
		t.Fatal(err)
	}
	if got := text(t, path); got != "before, new, new, after" {
		t.Errorf("%q", got)
	}
}
