package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"moeflow/gguf/quant"
)

// kernel is what a .comp file's header comment states.
type kernel struct {
	path  string // kernels/linear.comp
	op    string
	types []string
	name  string // the file's name without .comp
	tile  [3]uint32
	// minWorkgroups is the fewest workgroups for which the kernel is meant, and
	// maxWorkgroups the most that walk over the work; 0 is no bound.
	minWorkgroups, maxWorkgroups bound
	local                        uint32
	exact                        bool // no other local size will do
	// subgroups is how many subgroups a workgroup must have; 0: any number.
	subgroups uint32
	spec      []string
	f16       []string // arguments that are activations as halves
	needs     []string // device features
	rows      [2]uint32
	requires  []condition
	// precisions names how the kernel rounds beyond float32, if it does; it is
	// compiled once for each.
	precisions []string
	sync       bool
	side       bool     // signals the side counter too
	early      []string // arguments that it reads before it has waited for all
	macros     []string // NAME=VALUE, of an instance
}

// bound is a number of workgroups, for the whole device or for each of its
// multiprocessors.
type bound struct {
	count float64
	perSM bool
}

// readBound reads "264" or "0.91 per_sm".
func readBound(words []string) (bound, error) {
	b := bound{perSM: len(words) == 2 && words[1] == "per_sm"}
	if !b.perSM && len(words) != 1 {
		return b, fmt.Errorf("wanted a count of workgroups, or a count per_sm, got %q", words)
	}
	var err error
	b.count, err = strconv.ParseFloat(words[0], 64)
	if err != nil || !(b.count > 0 && b.count <= 65535) || !b.perSM && b.count != math.Trunc(b.count) {
		return b, fmt.Errorf("%q is not a count of workgroups that every device takes, 1 to 65535, nor one per_sm", strings.Join(words, " "))
	}
	return b, nil
}

// condition is one demand of a header's "requires" line on a parameter.
type condition struct {
	param, over           string
	multiple, least, most uint32
}

// variant is one kernel compiled for one type: one .spv file.
type variant struct {
	kernel
	typ       string
	precision string   // "" for exact float32
	sources   []string // every file that goes into it, slash paths under root
	hash      string   // of those files' names and contents
}

// file is the name of the variant's .spv.
func (v variant) file() string { return v.full() + "_" + strings.ToLower(v.typ) + ".spv" }

// full is the kernel's name; a precision after the first is part of it.
func (v variant) full() string {
	if len(v.precisions) > 1 && v.precision != v.precisions[0] {
		return v.name + "_" + v.precision
	}
	return v.name
}

// variantName is "" for the kernel whose file bears the op's name.
func (v variant) variantName() string {
	if v.full() == v.op {
		return ""
	}
	return v.full()
}

// dirs lists the variant's include path: it ends in the parts of its operation, type
// and precision, so that the kernel's text names none.
func (v *variant) dirs() []string {
	t := strings.ToLower(v.typ)
	out := []string{"lib", "push/" + v.op, "types/" + t}
	if v.precision != "" {
		out = append(out, "lib/act/"+v.precision)
	}
	return out
}

var field = regexp.MustCompile(`^// (op|types|tile|max_workgroups|local|spec|f16|needs|rows|requires|precision|sync|signals|early|instances|min_workgroups):\s*(.*)$`)

// readKernels parses the header of a file: one kernel, or those of its table of
// instances.
func readKernels(root, path string) ([]kernel, error) {
	k := kernel{path: path, name: strings.TrimSuffix(filepath.Base(path), ".comp")}
	f, err := os.Open(filepath.Join(root, path))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	seen := map[string]bool{}
	var table *instances
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if m := instanceRow.FindStringSubmatch(lines.Text()); m != nil && table != nil {
			if err := table.add(m[1], m[2]); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", path, m[1], err)
			}
			continue
		}
		m := field.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		if seen[m[1]] {
			return nil, fmt.Errorf("%s: field %s stands twice in the header", path, m[1])
		}
		seen[m[1]] = true
		if m[1] == "instances" {
			table, err = readColumns(m[2])
		} else {
			err = k.set(m[1], strings.Fields(m[2]))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, m[1], err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	out := []kernel{k}
	if table != nil {
		out, err = table.kernels(k, seen)
	} else {
		err = complete(seen)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

func (k *kernel) set(name string, words []string) error {
	switch name {
	case "op":
		if len(words) != 1 {
			return fmt.Errorf("wanted one name, got %q", words)
		}
		k.op = words[0]
	case "types":
		if len(words) == 0 {
			return fmt.Errorf("wanted at least one type")
		}
		k.types = words
	case "tile":
		if len(words) != len(k.tile) {
			return fmt.Errorf("wanted three counts or all, got %q", words)
		}
		for i, w := range words {
			if w == "all" {
				continue
			}
			n, err := strconv.ParseUint(w, 10, 32)
			if err != nil || n == 0 {
				return fmt.Errorf("%q is neither a count nor all", w)
			}
			k.tile[i] = uint32(n)
		}
	case "max_workgroups":
		var err error
		k.maxWorkgroups, err = readBound(words)
		return err
	case "min_workgroups":
		var err error
		k.minWorkgroups, err = readBound(words)
		return err
	case "local":
		if len(words) == 2 && words[1] == "subgroups" {
			n, err := strconv.ParseUint(words[0], 10, 32)
			if err != nil || n == 0 || n > 32 {
				return fmt.Errorf("%q is not a count of subgroups, 1 to 32", words[0])
			}
			k.subgroups, k.local = uint32(n), 32*uint32(n)
			return nil
		}
		if k.exact = len(words) == 2 && words[1] == "exact"; k.exact {
			words = words[:1]
		}
		if len(words) != 1 {
			return fmt.Errorf("wanted one count and, if no other will do, exact or subgroups, got %q", words)
		}
		n, err := strconv.ParseUint(words[0], 10, 32)
		if err != nil || n < 64 || n&(n-1) != 0 {
			return fmt.Errorf("%q is not a power of two of at least 64, which every subgroup size divides", words[0])
		}
		k.local = uint32(n)
	case "spec":
		k.spec = words
	default:
		return k.choice(name, words)
	}
	return nil
}

// choice sets what a kernel is chosen by.
func (k *kernel) choice(name string, words []string) error {
	switch name {
	case "needs":
		k.needs = words
	case "f16":
		k.f16 = words
	case "precision":
		k.precisions = words
	case "sync":
		if k.sync = slices.Equal(words, []string{"counter"}); !k.sync {
			return fmt.Errorf("wanted counter, got %q", words)
		}
	case "signals":
		if k.side = slices.Equal(words, []string{"main", "side"}); !k.side {
			return fmt.Errorf("wanted main side, got %q", words)
		}
	case "early":
		k.early = words
	case "rows":
		if len(words) != 2 {
			return fmt.Errorf("wanted the fewest and the most rows, got %q", words)
		}
		for i, w := range words {
			n, err := strconv.ParseUint(w, 10, 32)
			if err != nil {
				return fmt.Errorf("%q is no count", w)
			}
			k.rows[i] = uint32(n)
		}
	case "requires":
		for _, w := range words {
			m := demand.FindStringSubmatch(w)
			if m == nil {
				return fmt.Errorf("%q is no demand such as k%%256, top_k<=16 or heads/kv_heads<=8", w)
			}
			n, err := strconv.ParseUint(m[4], 10, 32)
			if err != nil || n == 0 {
				return fmt.Errorf("%q: wanted a count", w)
			}
			c := condition{param: m[1], over: m[2], most: uint32(n)}
			switch m[3] {
			case "%":
				c.multiple, c.most = c.most, 0
			case ">=":
				c.least, c.most = c.most, 0
			}
			k.requires = append(k.requires, c)
		}
	}
	return nil
}

var demand = regexp.MustCompile(`^(\w+?)(?:/(\w+))?(%|<=|>=)(\d+)$`)

// kernels reads the headers of all kernels, in file order.
func kernels(root string) ([]kernel, error) {
	paths, err := filepath.Glob(filepath.Join(root, "kernels", "*", "*.comp"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s/kernels holds no .comp file", root)
	}
	sort.Strings(paths)
	var out []kernel
	for _, p := range paths {
		list, err := readKernels(root, slashed(root, p))
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// variants lists every kernel for every type and precision that it serves.
func variants(root string) ([]variant, error) {
	all, err := kernels(root)
	if err != nil {
		return nil, err
	}
	var out []variant
	for _, k := range all {
		types := k.types
		if len(types) == 0 {
			if types, err = typesOf(root, k); err != nil {
				return nil, err
			}
		}
		for _, t := range types {
			for _, p := range append(k.precisions, "")[:max(1, len(k.precisions))] {
				v := variant{kernel: k, typ: t, precision: p}
				if err := v.gather(root); err != nil {
					return nil, err
				}
				out = append(out, v)
			}
		}
	}
	return out, nil
}

// slashed is a path under root, with slashes.
func slashed(root, path string) string {
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(rel)
}

// typesOf lists the types that a kernel serves whose header does not say: those whose
// folder has every file that the kernel includes.
func typesOf(root string, k kernel) ([]string, error) {
	var out []string
	for _, t := range quant.Types() {
		v := variant{kernel: k, typ: t.String(), precision: append(k.precisions, "")[0]}
		switch err := v.gather(root); {
		case errors.Is(err, errNoInclude):
			continue
		case err != nil:
			return nil, err
		case !slices.ContainsFunc(v.sources, func(s string) bool { return strings.HasPrefix(s, "types/") }):
			return nil, fmt.Errorf("%s: the header has no field types, and no file of a type is included", k.path)
		}
		out = append(out, v.typ)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no type has all files that are included", k.path)
	}
	return out, nil
}

// errNoInclude tells that a type has no file of a name.
var errNoInclude = errors.New("no such file")

var include = regexp.MustCompile(`(?m)^#include "([^"]+)"`)

// gather finds the files that the variant is made of, following includes, and
// hashes them.
func (v *variant) gather(root string) error {
	sum := sha256.New()
	fmt.Fprintln(sum, v.macros)
	seen := map[string]bool{}
	var walk func(path string) error
	walk = func(path string) error {
		if seen[path] {
			return nil
		}
		seen[path] = true
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return err
		}
		v.sources = append(v.sources, path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		for _, m := range include.FindAllStringSubmatch(string(text), -1) {
			found, err := v.resolve(root, m[1])
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if err := walk(found); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(v.path); err != nil {
		return err
	}
	v.hash = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// resolve finds an included file along the variant's include path.
func (v *variant) resolve(root, name string) (string, error) {
	for _, d := range v.dirs() {
		p := d + "/" + name
		if _, err := os.Stat(filepath.Join(root, p)); err == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("include %q: %w for type %s in %v", name, errNoInclude, v.typ, v.dirs())
}
