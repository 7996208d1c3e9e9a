package configs

import (
	"strings"

	"github.com/BurntSushi/toml"
)

// Set overrides one key, as --set does: "sampling.top_p=0.9". The value is
// TOML, and the quotes of a text may be left out. A model path is relative to
// the working folder.
func (c *Config) Set(assignment string) error {
	name, value, ok := strings.Cut(assignment, "=")
	if !ok {
		return &Error{File: "--set", Problem: "got " + describe(assignment) + ", want key.path=value"}
	}
	return c.SetKey("--set", strings.TrimSpace(name), strings.TrimSpace(value))
}

// SetKey overrides one key in the name of a flag: SetKey("--temp",
// "sampling.temperature", "0.2").
func (c *Config) SetKey(flag, name, value string) error {
	fail := func(problem string) error {
		return &Error{File: flag, Key: cut(name), Problem: problem}
	}
	k, ok := find(name)
	if !ok {
		return fail(unknown(name))
	}
	v, err := parseValue(value)
	if _, isText := v.(string); k.text && (err != nil || !isText) {
		v, err = value, nil
	}
	if err != nil {
		return fail("is " + describe(value) + ", want " + k.want)
	}
	if err := c.put(name, v, func(p string) string { return p }); err != nil {
		return fail(err.Error())
	}
	return nil
}

// parseValue reads one TOML value.
func parseValue(s string) (any, error) {
	// A line end would let the value go on into further keys.
	if len(s) > maxBytes || strings.ContainsAny(s, "\r\n") {
		return s, nil
	}
	var doc struct{ V any }
	if _, err := toml.Decode("V = "+s, &doc); err != nil {
		return nil, err
	}
	return doc.V, nil
}
