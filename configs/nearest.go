package configs

import (
	"strconv"
	"strings"
)

// unknown describes a key that is not in the table: with the nearest that is, if
// one is near, or else with the keys or the tables that there are.
func unknown(name string) string {
	if k := nearest(name); k != "" {
		return "is not a known key, the nearest is " + strconv.Quote(k)
	}
	table, _, _ := strings.Cut(name, ".")
	var leaves []string
	for _, k := range keys {
		if t, leaf, _ := strings.Cut(k.name, "."); t == table {
			leaves = append(leaves, leaf)
		}
	}
	if len(leaves) > 0 {
		return "is not a known key, [" + table + "] has " + strings.Join(leaves, ", ")
	}
	return "is not a known key, want one of the tables " + strings.Join(tables(), ", ")
}

// unknownTable is unknown for the name of a table.
func unknownTable(name string) string {
	if t := nearestTable(name); t != "" {
		return "is not a known table, the nearest is [" + t + "]"
	}
	return "is not a known table, want one of " + strings.Join(tables(), ", ")
}

// nearest is the known key with the smallest edit distance to name, "" if none is
// near. The part behind the last dot counts alone as well, so that a key in the
// wrong table finds its own.
func nearest(name string) string {
	name = cut(name)
	last := name[strings.LastIndexByte(name, '.')+1:]
	best, least := "", 1<<30
	for _, k := range keys {
		_, leaf, _ := strings.Cut(k.name, ".")
		if !near(last, leaf) {
			continue
		}
		// A leaf alone says less than the whole name: half a step more.
		d := min(2*distance(name, k.name), 2*distance(last, leaf)+1)
		if d < least {
			best, least = k.name, d
		}
	}
	return best
}

// nearestTable is nearest for the name of a table.
func nearestTable(name string) string {
	name = cut(name)
	best, least := "", 1<<30
	for _, t := range tables() {
		if d := distance(name, t); d < least && near(name, t) {
			best, least = t, d
		}
	}
	return best
}

// near tells whether a may be meant to be b: one letter in three may be wrong, or
// it may be cut short.
func near(a, b string) bool {
	const shortest = 3 // letters that say something
	return 3*distance(a, b) <= max(len(a), len(b)) || len(a) >= shortest && strings.HasPrefix(b, a)
}

// distance is Levenshtein's: how many letters to insert, remove or replace.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	row := make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := range s {
		diagonal := row[0]
		row[0] = i + 1
		for j := range t {
			replace := diagonal
			if s[i] != t[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(t)]
}
