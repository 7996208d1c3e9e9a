package lineedit

import (
	"fmt"
	"strings"

	"github.com/rivo/uniseg"
)

// screen knows what of a message stands on the terminal.
type screen struct {
	columns, rows int
	row           int    // of the cursor, below the first row that was drawn
	shown         string // all that was drawn, "" for nothing
	atEnd         bool   // the cursor is behind all of it
}

// begin forgets what was drawn: the cursor is at the start of an empty row.
func (s *screen) begin() { s.row, s.shown, s.atEnd = 0, "", false }

// tabWidth is the distance of tab stops.
const tabWidth = 8

// layout cuts a prompt and a text into rows of the terminal's width and tells where
// the cursor stands. Lines but the first begin under the text of the first.
func (s *screen) layout(prompt string, text []rune, at int) (rows []string, row, column int) {
	columns := max(s.columns, 4)
	indent := min(uniseg.StringWidth(prompt), columns/2)
	var b strings.Builder
	b.WriteString(prompt)
	x := uniseg.StringWidth(prompt)
	place := -1 // in text of what comes next
	end := func() {
		rows = append(rows, b.String())
		b.Reset()
		x = 0
	}
	mark := func(n int) {
		if place += n; place == at {
			row, column = len(rows), x
		}
	}
	mark(1)
	rest, state := string(text), -1
	for rest != "" {
		var c string
		var w int
		c, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		n := len([]rune(c))
		switch c {
		case "\n", "\r", "\r\n":
			end()
			b.WriteString(strings.Repeat(" ", indent))
			x = indent
			mark(n)
			continue
		case "\t":
			w = tabWidth - x%tabWidth
			c = strings.Repeat(" ", min(w, columns))
		}
		if x+w > columns {
			if end(); place == at {
				row, column = len(rows), 0
			}
		}
		b.WriteString(c)
		before := x
		x += w
		for i := 1; i < n; i++ { // a cursor within a character stands before it
			if place++; place == at {
				row, column = len(rows), before
			}
		}
		mark(1)
	}
	if x >= columns { // the cursor has a column of its own
		full := row == len(rows) && column >= columns
		if end(); full {
			row, column = len(rows), 0
		}
	}
	return append(rows, b.String()), row, min(column, columns-1)
}

// draw writes what brings the terminal from what it shows to a message with its
// cursor. At last all rows are shown, and the cursor goes to the row below.
func (s *screen) draw(b *strings.Builder, prompt, begin, end string, text []rune, at int, last bool) {
	rows, row, column := s.layout(prompt, text, at)
	from, to := 0, len(rows)
	if most := max(s.rows-1, 1); !last && len(rows) > most {
		// Only a window around the cursor: what has left the terminal cannot be
		// written again.
		from = min(max(0, row-most/2), len(rows)-most)
		to = from + most
	}
	whole := strings.Join(rows[from:to], "\r\n")
	wasEnd := s.atEnd
	s.atEnd = at == len(text) && row == to-1
	if grown, ok := strings.CutPrefix(whole, s.shown); ok && wasEnd && s.atEnd && !last && s.shown != "" && !strings.Contains(grown, "\n") {
		fmt.Fprint(b, begin, grown, end)
		s.shown = whole
		return
	}
	if last && whole == s.shown && s.row == to-1 {
		b.WriteString("\r\n")
		s.begin()
		return
	}
	if s.shown != "" {
		b.WriteString("\r")
		if s.row > 0 {
			fmt.Fprintf(b, "\x1b[%dA", s.row)
		}
		b.WriteString("\x1b[J")
	}
	fmt.Fprint(b, begin, whole, end)
	if last {
		b.WriteString("\r\n")
		s.begin()
		return
	}
	s.shown, s.row = whole, row-from
	if up := to - from - 1 - s.row; up > 0 {
		fmt.Fprintf(b, "\x1b[%dA", up)
	}
	b.WriteString("\r")
	if column > 0 {
		fmt.Fprintf(b, "\x1b[%dC", column)
	}
}
