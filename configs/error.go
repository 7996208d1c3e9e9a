package configs

import (
	"fmt"
	"strings"
)

// Error is what is wrong with a profile: one line that names the place.
type Error struct {
	File    string // the profile, or the flag of an override; may be empty
	Line    int    // from 1; 0 where there is none
	Key     string // as in "sampling.top_p"; may be empty
	Problem string // what was found and what was wanted
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
		}
		b.WriteString(": ")
	}
	if e.Key != "" {
		b.WriteString(e.Key)
		b.WriteString(" ")
	}
	b.WriteString(e.Problem)
	return oneLine(b.String())
}

// oneLine keeps an error on one line whatever the file put into it.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// cut keeps what a file says from filling the screen.
func cut(s string) string {
	const most = 64
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
