package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// spot is where an output goes once all symbolic links are followed.
type spot struct {
	path       string
	descriptor bool // a file descriptor of this process, as /dev/stdout is
}

// descriptors are the folders of a process's file descriptors, links followed.
var descriptors = regexp.MustCompile(`^(/dev/fd|/proc/(\d+|self)(/task/\d+)?/fd)$`)

// mostLinks is how many symbolic links are followed, as on Linux.
const mostLinks = 40

// place follows the symbolic links of a path, the last element too. Nothing need
// be at the end.
func place(path string) (spot, error) {
	if path == "" {
		return spot{}, errors.New("the path is empty, wanted that of a file")
	}
	if os.IsPathSeparator(path[len(path)-1]) {
		return spot{}, fmt.Errorf("%s is the path of a folder, wanted that of a file", path)
	}
	at := path
	for range mostLinks {
		dir, err := filepath.EvalSymlinks(filepath.Dir(at))
		if err != nil {
			return spot{}, fmt.Errorf("%s: its folder cannot be used: %w", path, plain(err))
		}
		if dir, err = filepath.Abs(dir); err != nil {
			return spot{}, err
		}
		at = filepath.Join(dir, filepath.Base(at))
		if descriptors.MatchString(filepath.ToSlash(dir)) {
			return spot{at, true}, nil
		}
		to, err := os.Readlink(at)
		if err != nil {
			return spot{path: at}, nil // no link
		}
		if at = to; !filepath.IsAbs(to) {
			at = filepath.Join(dir, to)
		}
	}
	return spot{}, fmt.Errorf("%s: more than %d symbolic links", path, mostLinks)
}

// plain is an error of the file system without the call and the path.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// partName is a name for the file that is written beside the place.
func partName(path string, try uint32) string {
	dir, base := filepath.Split(path)
	const most = 200 // of the 255 bytes that a name may have
	if len(base) > most {
		base = strings.ToValidUTF8(base[:most], "")
	}
	return fmt.Sprintf("%s%s.%08x.part", dir, base, try)
}
