package configs

import (
	"strconv"
	"strings"
)

// unknown describes a key that is not in the table, with the nearest that is.
func unknown(name string) string {
	return "is not a known key, the nearest is " + strconv.Quote(nearest(name))
}

// nearest is the known key with the smallest edit distance to name. The part
// behind the last dot counts alone as well, so that a key in the wrong table
// finds its own.
func nearest(name string) string {
	name = cut(name)
	last := name[strings.LastIndexByte(name, '.')+1:]
	best, least := "", 1<<30
	for _, k := range keys {
		_, leaf, _ := strings.Cut(k.name, ".")
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
		if d := distance(name, t); d < least {
			best, least = t, d
		}
	}
	return best
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
