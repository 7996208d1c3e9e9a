package configs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Options is what a profile may take from its surroundings. This package looks
// at no environment itself: the zero value refuses $VARS and ~.
type Options struct {
	// Getenv gives an environment variable, "" where it is not set.
	Getenv func(string) string
	// Home is the user's home folder.
	Home string
	// Base has the values of keys that a profile leaves out, as the user's own
	// config does; nil is none.
	Base *Config
}

// expand replaces a leading ~ by the home folder and $NAME and ${NAME} by
// environment variables.
func (o Options) expand(p string) (string, error) {
	if p == "~" || strings.HasPrefix(p, "~/") || strings.HasPrefix(p, `~\`) {
		if o.Home == "" {
			return "", errors.New("starts with ~, but the home folder is not known")
		}
		p = filepath.Join(o.Home, p[1:])
	}
	var missing string
	p = os.Expand(p, func(name string) string {
		var v string
		if o.Getenv != nil {
			v = o.Getenv(name)
		}
		if v == "" && missing == "" {
			missing = name
		}
		return v
	})
	if missing != "" {
		return "", fmt.Errorf("names $%s, which is not set in the environment", cut(missing))
	}
	return p, nil
}

// inFolder makes a relative path of a profile relative to the working folder.
func (c *Config) inFolder(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(filepath.Dir(c.File), p)
}
