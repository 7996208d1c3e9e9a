package openai

import "strings"

// nearest is the name of the list that a misspelt name is likely to mean, "" if
// none is near: the same letters in another case or with other separators, or one
// letter more, less or swapped with its neighbour; of longer names also one letter
// that is another, or two such mistakes.
func nearest(name string, names []string) string {
	plain := bare(name)
	best, least := "", 1<<30
	for _, n := range names {
		if d := mistakes(plain, bare(n)); d < least {
			best, least = n, d
		}
	}
	return best
}

// longest is more letters than a misspelt name can have.
const longest = 64

// bare is a name without the ways in which languages join words.
func bare(s string) string {
	if len(s) > longest {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(s))
}

// mistakes is how many mistakes make a of b, or a large number if there are more
// than a name of that length allows.
func mistakes(a, b string) int {
	const none = 1 << 30
	switch d := editDistance(a, b); {
	case a == "" || b == "":
		return none
	case d <= 1 && min(len(a), len(b)) >= 6, d <= 2 && min(len(a), len(b)) >= 8:
		return d
	// In a short name a letter that is another makes another word: step, stop.
	case d == 1 && min(len(a), len(b)) >= 4 && (len(a) != len(b) || swapped(a, b)):
		return d
	case d == 0:
		return d
	}
	return none
}

// swapped tells whether a and b, one mistake apart, have the same letters.
func swapped(a, b string) bool {
	sum := 0
	for i := range len(a) {
		sum += int(a[i]) - int(b[i])
	}
	return sum == 0
}

// editDistance is how many letters to insert, remove, replace or swap with their
// neighbour (the optimal string alignment distance).
func editDistance(a, b string) int {
	s, t := []rune(a), []rune(b)
	before, last, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := range s {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range t {
			replace := last[j]
			if s[i] != t[j] {
				replace++
			}
			row[j+1] = min(replace, row[j]+1, last[j+1]+1)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(t)]
}
