package configs

import (
	"fmt"
	"reflect"
	"strings"
)

// Key is a key as its documentation shows it.
type Key struct {
	Name    string   // as in "context.length"
	Want    string   // what its value must be
	Meaning string   // a sentence
	Default string   // as TOML, or in words
	Values  []string // all there are, nil where there are too many
}

// Keys describes every key, in the order of a profile.
func Keys() []Key {
	var all []Key
	for _, k := range keys {
		all = append(all, Key{Name: k.name, Want: k.want, Meaning: k.meaning, Values: k.values, Default: Default(Options{}).Text(k.name)})
	}
	return all
}

// Text is the value that a key has in c, as TOML; or, in words, where it comes from
// if c does not say it. It is "" for a key that there is not.
func (c *Config) Text(name string) string {
	v, ok := c.field(name)
	switch {
	case !ok:
		return ""
	case name == "sampling.seed" && v.IsNil():
		return "drawn by run, 0 of batch"
	case name == "device.memory" && v.IsZero():
		return "90% of the device's"
	case name == "model.path" && v.IsZero():
		return "none"
	case v.Kind() == reflect.Pointer && v.IsNil():
		fallback := Config{Sampling: FallbackSampling()}
		v, _ = fallback.field(name)
		return "the model file's, else " + tomlText(v.Elem())
	case v.Kind() == reflect.Pointer:
		return tomlText(v.Elem())
	}
	return tomlText(v)
}

func tomlText(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return fmt.Sprintf("%q", v.String())
	case reflect.Slice:
		var all []string
		for i := range v.Len() {
			all = append(all, tomlText(v.Index(i)))
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	return fmt.Sprint(v.Interface())
}

// field is the field of a key: the one of the table's name and the key's, whatever
// their capitals and without low lines.
func (c *Config) field(name string) (reflect.Value, bool) {
	v := reflect.ValueOf(c).Elem()
	for part := range strings.SplitSeq(name, ".") {
		if v.Kind() != reflect.Struct {
			return v, false
		}
		part = strings.ReplaceAll(part, "_", "")
		v = v.FieldByNameFunc(func(s string) bool { return strings.EqualFold(s, part) })
		if !v.IsValid() {
			return v, false
		}
	}
	return v, true
}
