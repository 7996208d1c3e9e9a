package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A file may hold several kernels that differ in numbers, fields and what they
// include. Its header has a table of them then, one kernel per row: the field
// "instances" names the columns, which are fields of the header and, in the last
// column, macros.
//
//	// instances: tile | local | TILE_M TILE_N
//	//   linear_m64n128:  128 64 1 | 128 exact | 64 128
//	//   linear_m128n128: 128 128 1 | 256 exact | 128 128
//
// A dash stands for a field that a kernel does not have. A macro's name or value has no
// blank.

// instances is a header's table.
type instances struct {
	fields []string   // of the columns but the last
	macros []string   // of the last column
	rows   [][]string // a name, then a cell per column
}

var instanceRow = regexp.MustCompile(`^//   (\w+):\s*(.*)$`)

// readColumns reads what the field "instances" says.
func readColumns(text string) (*instances, error) {
	cells := splitCells(text)
	t := &instances{fields: cells[:len(cells)-1], macros: strings.Fields(cells[len(cells)-1])}
	if len(t.macros) == 0 {
		return nil, fmt.Errorf("wanted columns and, behind the last |, macros, got %q", text)
	}
	return t, nil
}

func splitCells(text string) []string {
	cells := strings.Split(text, "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

// add reads a row of the table.
func (t *instances) add(name, text string) error {
	cells := splitCells(text)
	if len(cells) != len(t.fields)+1 {
		return fmt.Errorf("%d cells, wanted %d", len(cells), len(t.fields)+1)
	}
	if slices.ContainsFunc(t.rows, func(r []string) bool { return r[0] == name }) {
		return fmt.Errorf("a second row of that name")
	}
	t.rows = append(t.rows, append([]string{name}, cells...))
	return nil
}

// kernels gives the kernels of the table's rows, each with the header's fields and its
// own.
func (t *instances) kernels(header kernel, seen map[string]bool) ([]kernel, error) {
	var out []kernel
	for _, row := range t.rows {
		k, has := header, map[string]bool{}
		k.name = row[0]
		for name := range seen {
			has[name] = true
		}
		for i, name := range t.fields {
			switch {
			case seen[name]:
				return nil, fmt.Errorf("field %s stands in the header and in the table of instances", name)
			case row[1+i] == "-":
				continue
			}
			has[name] = true
			if err := k.set(name, strings.Fields(row[1+i])); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", k.name, name, err)
			}
		}
		values := strings.Fields(row[len(row)-1])
		if len(values) != len(t.macros) {
			return nil, fmt.Errorf("%s: %d values of macros, wanted %d", k.name, len(values), len(t.macros))
		}
		k.macros = nil
		for i, m := range t.macros {
			k.macros = append(k.macros, m+"="+values[i])
		}
		if err := complete(has); err != nil {
			return nil, fmt.Errorf("%s: %w", k.name, err)
		}
		out = append(out, k)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the table of instances has no row")
	}
	return out, nil
}

// complete checks that a kernel has the fields that every kernel has.
func complete(has map[string]bool) error {
	for _, want := range []string{"op", "tile", "local", "spec"} {
		if !has[want] {
			return fmt.Errorf("the header has no field %s", want)
		}
	}
	return nil
}
