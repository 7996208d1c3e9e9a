package output

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func put(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	return path
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// names lists a folder.
func names(t *testing.T, dir string) string {
	t.Helper()
	es, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range es {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func open(t *testing.T, path, data string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(data)); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestCommitAndDiscard(t *testing.T) {
	dir := t.TempDir()
	old, fresh := put(t, filepath.Join(dir, "old"), "before"), filepath.Join(dir, "fresh")
	for _, path := range []string{old, fresh} {
		f := open(t, path, "new")
		if err := f.Discard(); err != nil {
			t.Error(err)
		}
		if err := f.Commit(); err != nil {
			t.Error(err)
		}
	}
	if got := names(t, dir); got != "old" || text(t, old) != "before" {
		t.Errorf("after Discard the folder has %s, and old says %q", got, text(t, old))
	}
	for _, path := range []string{old, fresh} {
		f := open(t, path, "new")
		if _, err := f.WriteAt([]byte("N"), 0); err != nil {
			t.Error(err)
		}
		if err := f.Commit(); err != nil {
			t.Error(err)
		}
		if err := f.Discard(); err != nil {
			t.Error(err)
		}
	}
	if got := names(t, dir); got != "fresh old" || text(t, old) != "New" || text(t, fresh) != "New" {
		t.Errorf("after Commit the folder has %s, and they say %q and %q", got, text(t, old), text(t, fresh))
	}
	if i, err := os.Stat(old); err != nil || i.Mode().Perm() != 0o640 {
		t.Errorf("the permissions became %v, %v", i.Mode(), err)
	}
	long := filepath.Join(dir, strings.Repeat("é", 125))
	if err := open(t, long, "x").Commit(); err != nil || text(t, long) != "x" {
		t.Errorf("a name of 250 bytes: %v", err)
	}
}

// TestLinks: a symbolic link stays, what it leads to is written, and the other
// name of a hard link keeps what it had.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	file := put(t, filepath.Join(dir, "file"), "before")
	link, dangling, hard := filepath.Join(dir, "link"), filepath.Join(dir, "dangling"), filepath.Join(dir, "hard")
	for from, to := range map[string]string{link: "file", dangling: filepath.Join(dir, "far")} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(file, hard); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, dangling} {
		if err := open(t, path, "new").Commit(); err != nil {
			t.Fatal(err)
		}
		if i, err := os.Lstat(path); err != nil || i.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s is no link any more: %v, %v", path, i, err)
		}
	}
	if text(t, file) != "new" || text(t, filepath.Join(dir, "far")) != "new" || text(t, hard) != "before" {
		t.Errorf("%q, %q, %q", text(t, file), text(t, filepath.Join(dir, "far")), text(t, hard))
	}
	round := filepath.Join(dir, "round")
	if err := os.Symlink(round, round); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(round); err == nil || !strings.HasPrefix(err.Error(), round+": ") {
		t.Errorf("a link to itself: %v", err)
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	locked := put(t, filepath.Join(dir, "locked"), "before")
	if err := os.Chmod(locked, 0o444); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"":                           "the path is empty",
		dir:                          dir + " is a folder, wanted a file",
		dir + "/new/":                "is the path of a folder",
		filepath.Join(dir, "a", "b"): "its folder cannot be used: no such file or directory",
		locked + "/x":                locked + "/x: not a directory",
	} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, wanted %s", path, err, want)
		}
	}
	if os.Getuid() != 0 { // who may write everything
		if _, err := Open(locked); err == nil || err.Error() != locked+": permission denied" {
			t.Errorf("a file that may not be written: %v", err)
		}
	}
	if got := names(t, dir); got != "locked" {
		t.Errorf("the folder has %s", got)
	}
}

// TestPlaceTaken: what came to the place after Open is replaced only if it is a
// regular file.
func TestPlaceTaken(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	f := open(t, path, "new")
	if err := os.Mkdir(path, 0o777); err != nil {
		t.Fatal(err)
	}
	err := f.Commit()
	left, gerr := filepath.Glob(path + ".*.part")
	if gerr != nil || len(left) != 1 || text(t, left[0]) != "new" {
		t.Fatalf("parts %v, %v", left, gerr)
	}
	if err == nil || err.Error() != path+" is no regular file any more: it is left as it is, and the new one is "+left[0] {
		t.Errorf("%v", err)
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	model := put(t, filepath.Join(dir, "m-00001-of-00002.gguf"), "weights")
	other := put(t, filepath.Join(dir, "m-00002-of-00002.gguf"), "weights")
	link, hard, sub := filepath.Join(dir, "link"), filepath.Join(dir, "hard"), filepath.Join(dir, "sub")
	if err := errors.Join(os.Symlink(other, link), os.Link(model, hard), os.Symlink(dir, sub)); err != nil {
		t.Fatal(err)
	}
	inputs := []Path{{What: "the model", Path: model}, {What: "part 2 of the model", Path: other}, {What: "the prompt", Path: filepath.Join(dir, "none.txt")}}
	for _, c := range []struct {
		outs []Path
		want string
	}{
		{[]Path{{What: "-o", Path: model}}, "-o: " + model + " is the model: wanted another file"},
		{[]Path{{What: "-o", Path: dir + "/./m-00001-of-00002.gguf"}}, " is the model ("},
		{[]Path{{What: "--trace", Path: link}}, "--trace: " + link + " is part 2 of the model (" + other + "): wanted another file"},
		{[]Path{{What: "-o", Path: hard}}, "-o: " + hard + " is the model (" + model + ")"},
		{[]Path{{What: "-o", Path: filepath.Join(sub, "none.txt")}}, " is the prompt ("},
		{[]Path{{What: "-o", Path: dir + "/a"}, {What: "--trace", Path: dir + "/a"}}, "--trace: " + dir + "/a is written by -o: wanted another file"},
		{[]Path{{What: "-o", Path: dir + "/a"}, {What: "--trace", Path: sub + "/a"}}, " is written by -o ("},
		{[]Path{{What: "-o", Path: dir + "/a"}, {What: "--trace", Path: dir + "/b"}}, ""},
		{[]Path{{What: "-o", Path: os.DevNull}, {What: "--trace", Path: os.DevNull}}, ""},
	} {
		err := Check(c.outs, inputs)
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrSame) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, wanted %q", c.outs, err, c.want)
		}
	}
	if text(t, model) != "weights" || text(t, other) != "weights" {
		t.Error("an input has changed")
	}
}

// TestStreamsChecked: standard input and output are files where the shell has
// redirected them.
func TestStreamsChecked(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "p"), "prompt")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in, ok := Stream("standard input", f)
	if !ok {
		t.Fatal("a file is no file")
	}
	for _, none := range []any{strings.NewReader("x"), nil} {
		if _, ok := Stream("standard input", none); ok {
			t.Errorf("%v is a file", none)
		}
	}
	if err := Check([]Path{{What: "--trace", Path: path}}, []Path{in}); err == nil || err.Error() != "--trace: "+path+" is standard input: wanted another file" {
		t.Errorf("%v", err)
	}
	in.What = "standard output"
	if err := Check([]Path{in}, []Path{{What: "the prompts", Path: path}}); err == nil || err.Error() != "standard output is the prompts ("+path+"): wanted another file" {
		t.Errorf("%v", err)
	}
}
