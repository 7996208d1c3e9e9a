package configs

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"github.com/BurntSushi/toml"
)

//go:embed *.toml
var shipped embed.FS

// DefaultName is the shipped profile that runs the shipped model: what Open
// takes for an empty name.
const DefaultName = "tiny.toml"

// maxBytes bounds what is read: a profile has under a hundred lines, and the
// TOML library takes quadratic time over deeply nested input.
const maxBytes = 16 << 10

// Shipped lists the profiles that are part of the binary.
func Shipped() []string {
	names, _ := fs.Glob(shipped, "*.toml")
	sort.Strings(names)
	return names
}

// Open reads a profile by name: a file on disk, or else a shipped profile
// ("tiny", "tiny.toml" or "configs/tiny.toml"), or, for "", DefaultName. Errors
// are of type *Error, or of package os where a file cannot be read.
func Open(name string, o Options) (*Config, error) {
	if name != "" {
		c, err := Load(name, o)
		if !errors.Is(err, fs.ErrNotExist) {
			return c, err
		}
	}
	base := name
	if dir := path.Dir(filepath.ToSlash(name)); dir == "configs" {
		base = path.Base(filepath.ToSlash(name))
	}
	if name == "" {
		base = DefaultName
	}
	for _, n := range Shipped() {
		if n == base || strings.TrimSuffix(n, ".toml") == base {
			data, err := shipped.ReadFile(n)
			if err != nil {
				return nil, err
			}
			return parse(&Config{File: path.Join("configs", n), Embedded: true}, data, o)
		}
	}
	return nil, &Error{File: name, Problem: "no such config file; shipped with moeflow are " + strings.Join(Shipped(), ", ")}
}

// Load reads a profile from disk.
func Load(file string, o Options) (*Config, error) {
	// Asked before it is opened: opening a pipe waits for its writer.
	i, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !i.Mode().IsRegular() {
		return nil, &Error{File: file, Problem: "is no regular file, want a TOML profile"}
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, err
	}
	return Parse(file, data, o)
}

// Parse reads a profile from memory. file is its name in errors, and its folder
// is the one that model.path is relative to.
func Parse(file string, data []byte, o Options) (*Config, error) {
	return parse(&Config{File: file}, data, o)
}

func parse(from *Config, data []byte, o Options) (*Config, error) {
	c := Default(o)
	c.File, c.Embedded = from.File, from.Embedded
	if len(data) > maxBytes {
		return nil, &Error{File: c.File, Problem: fmt.Sprintf("is larger than %d bytes, want a TOML profile", maxBytes)}
	}
	if s := string(data); strings.HasPrefix(s, "\xff\xfe") || strings.HasPrefix(s, "\xfe\xff") {
		return nil, &Error{File: c.File, Problem: "is UTF-16, want a TOML profile in UTF-8"}
	}
	// The TOML library keeps lines to itself but for errors, so each value is
	// decoded into a probe whose errors come back with the line.
	var top map[string]toml.Primitive
	md, err := toml.Decode(string(data), &top)
	if err != nil {
		return nil, c.located("", err)
	}
	var errs []*Error
	for name, p := range top {
		errs = append(errs, c.readTable(&md, name, p)...)
	}
	if len(errs) > 0 {
		sort.Slice(errs, func(i, j int) bool {
			if errs[i].Line != errs[j].Line {
				return errs[i].Line < errs[j].Line
			}
			return errs[i].Key < errs[j].Key
		})
		return nil, errs[0]
	}
	return c, nil
}

// readTable stores the keys of one table, or tells what is wrong with each.
func (c *Config) readTable(md *toml.MetaData, name string, p toml.Primitive) []*Error {
	known := false
	for _, t := range tables() {
		known = known || t == name
	}
	var body map[string]toml.Primitive
	err := md.PrimitiveDecode(p, probe(func(v any) error {
		_, isTable := v.(map[string]any)
		switch {
		case known && isTable:
			return nil
		case known:
			return fmt.Errorf("is %s, want a table: [%s]", describe(v), name)
		case isTable:
			return errors.New(unknownTable(name))
		}
		return errors.New(unknown(name))
	}))
	if err == nil {
		err = md.PrimitiveDecode(p, &body)
	}
	if err != nil {
		return []*Error{c.located(cut(name), err)}
	}
	var errs []*Error
	for leaf, p := range body {
		full := name + "." + leaf
		err := md.PrimitiveDecode(p, probe(func(v any) error {
			return c.put(full, v, c.inFolder)
		}))
		if err != nil {
			errs = append(errs, c.located(cut(full), err))
		}
	}
	return errs
}

// put stores one value, checked against the table. place turns a model path
// into one that can be opened.
func (c *Config) put(name string, v any, place func(string) string) error {
	k, ok := find(name)
	if !ok {
		return errors.New(unknown(name))
	}
	if !k.put(c, v) {
		return fmt.Errorf("is %s, want %s", describe(v), k.want)
	}
	if name == "model.path" {
		p, err := c.options.expand(c.Model.Path)
		if err != nil {
			return err
		}
		c.Model.Path = place(p)
	}
	c.set[name] = true
	return nil
}

// goTypes leaves Go's names of types out of what the TOML library says.
var goTypes = strings.NewReplacer(" for int64", "", " for float64", "")

// located gives an error of the TOML library its file and line.
func (c *Config) located(key string, err error) *Error {
	e := &Error{File: c.File, Key: key, Problem: err.Error()}
	var pe toml.ParseError
	if errors.As(err, &pe) {
		message := goTypes.Replace(pe.Message)
		e.Line, e.Problem = pe.Position.Line, message
		if key == "" {
			e.Key, e.Problem = cut(pe.LastKey), cut(message)
		}
	}
	return e
}

// probe hands a TOML value to a function; an error comes back with the line of
// the value.
type probe func(any) error

// UnmarshalTOML is called by the TOML library.
func (p probe) UnmarshalTOML(v any) error { return p(v) }

// describe says what stands in a file, for errors.
func describe(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("the text %q", cut(v))
	case int64:
		return fmt.Sprintf("%d", v)
	case float64:
		return fmt.Sprintf("%g", v)
	case bool:
		return fmt.Sprintf("%t", v)
	case map[string]any:
		return "a table"
	case []any, []map[string]any:
		return "a list"
	}
	return "a date"
}
