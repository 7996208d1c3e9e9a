package cli

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"moeflow/cmd/moeflow/internal/output"
	"moeflow/configs"
)

// inputs lists the files that a command reads: the config, the model with all its
// parts, what standard input is redirected to, and the file of the prompt, unless
// that is "" or "-".
func (a *app) inputs(c *configs.Config, prompt string) []output.Path {
	all := append([]output.Path{{What: "the config", Path: c.File}, {What: "the model", Path: c.Model.Path}}, parts(c.Model.Path)...)
	if in, ok := output.Stream("standard input", a.stdin); ok {
		all = append(all, in)
	}
	if f := userFile(); f != "" {
		all = append(all, output.Path{What: "the user's config", Path: f})
	}
	if prompt != "" && prompt != "-" {
		all = append(all, output.Path{What: "the file of the prompt", Path: prompt})
	}
	return all
}

// partName is how the files of a split model are called.
var partName = regexp.MustCompile(`^(.*-)(\d{5})-of-(\d{5})\.gguf$`)

// parts lists the other files of a split model, by their names alone.
func parts(model string) []output.Path {
	m := partName.FindStringSubmatch(model)
	if m == nil {
		return nil
	}
	n, _ := strconv.Atoi(m[3])
	var all []output.Path
	for i := 1; i <= n; i++ {
		if no := fmt.Sprintf("%05d", i); no != m[2] {
			all = append(all, output.Path{What: fmt.Sprintf("part %d of the model", i), Path: m[1] + no + "-of-" + m[3] + ".gguf"})
		}
	}
	return all
}

// checkOutputs fails if an output is an input or another output. It comes before
// any output is opened.
func checkOutputs(outs []output.Path, ins []output.Path) error {
	if err := output.Check(outs, ins); err != nil {
		return usage{err}
	}
	return nil
}

// create begins the file that a flag names. A process that must end discards it.
func (a *app) create(flag, path string) (*output.File, error) {
	f, err := output.Open(path)
	if err != nil {
		return nil, usage{fmt.Errorf("%s: %w", flag, err)}
	}
	a.last.add(func() { f.Discard() })
	return f, nil
}

// result is what a command writes for -o: a file, or stdout.
type result struct {
	io.Writer
	file *output.File // nil for stdout
}

// result begins what -o names: a file, or stdout for "" and "-".
func (a *app) result(path string, c *configs.Config) (*result, error) {
	if path == "" || path == "-" {
		return &result{Writer: a.Out}, nil
	}
	if err := checkOutputs([]output.Path{{What: "-o", Path: path}}, a.inputs(c, "")); err != nil {
		return nil, err
	}
	f, err := a.create("-o", path)
	if err != nil {
		return nil, err
	}
	return &result{f, f}, nil
}

// end completes the result of a command that ended with err: only without an
// error does a file take its place.
func (r *result) end(err error) error {
	if r.file == nil {
		return err
	}
	return endFile(r.file, err)
}

// endFile commits a file that was written without an error, and discards one that
// was not.
func endFile(f *output.File, err error) error {
	if err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Commit()
}
