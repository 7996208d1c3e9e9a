package lineedit

import (
	"fmt"
	"strings"

	"github.com/rivo/uniseg"
)

// terminal emulates what the editor uses of one: rows that scroll, a cursor, wide
// characters, and the sequences for moving up and right and for erasing.
type terminal struct {
	columns, rows int
	lines         [][]string // cells; the second one of a wide character is empty
	y, x          int
}

func newTerminal(columns, rows int) *terminal {
	t := &terminal{columns: columns, rows: rows}
	t.erase(0)
	return t
}

// erase erases from a row on.
func (t *terminal) erase(from int) {
	t.lines = t.lines[:from]
	for len(t.lines) < t.rows {
		t.lines = append(t.lines, make([]string, t.columns))
	}
}

func (t *terminal) Write(b []byte) (int, error) {
	for rest := string(b); rest != ""; {
		if rest[0] == '\x1b' {
			rest = t.sequence(rest)
			continue
		}
		c, more, w, _ := uniseg.FirstGraphemeClusterInString(rest, -1)
		switch c {
		case "\r\n":
			t.x = 0
			t.down()
		case "\r":
			t.x = 0
		case "\n":
			t.down()
		default:
			if t.x+w > t.columns {
				panic(fmt.Sprintf("%q is written beyond the row, at column %d of %d", c, t.x, t.columns))
			}
			t.lines[t.y][t.x] = c
			for i := 1; i < w; i++ {
				t.lines[t.y][t.x+i] = ""
			}
			t.x += w
		}
		rest = more
	}
	return len(b), nil
}

func (t *terminal) down() {
	if t.y++; t.y == t.rows {
		t.y--
		t.lines = append(t.lines[1:], make([]string, t.columns))
	}
}

// sequence does what an escape sequence says and returns what is behind it.
func (t *terminal) sequence(s string) string {
	end := strings.IndexFunc(s[2:], func(r rune) bool { return r >= '@' }) + 2
	n := 1
	fmt.Sscanf(s[2:end], "%d", &n)
	switch s[end] {
	case 'A':
		t.y = max(0, t.y-n)
	case 'C':
		t.x = min(t.columns-1, t.x+n)
	case 'H':
		t.y, t.x = 0, 0
	case 'J':
		if s[2:end] == "2" {
			t.erase(0)
			break
		}
		clear(t.lines[t.y][t.x:])
		t.erase(t.y + 1)
	case 'm':
	default:
		panic("unknown sequence " + s[1:end+1])
	}
	return s[end+1:]
}

// below gives so many rows of which the cursor is in the given one, and the cursor's
// place.
func (t *terminal) below(n, row int) (rows []string, y, x int) {
	from := t.y - row
	for i := from; i < from+n && i < t.rows; i++ {
		if i >= 0 {
			rows = append(rows, text(t.lines[i]))
		}
	}
	return rows, t.y - from, t.x
}

// text is the characters of a row.
func text(cells []string) string {
	var b strings.Builder
	for i := 0; i < len(cells); i++ {
		c := cells[i]
		if c == "" {
			c = " "
		}
		b.WriteString(c)
		i += max(1, uniseg.StringWidth(c)) - 1
	}
	return strings.TrimRight(b.String(), " ")
}

func trimmed(rows []string) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = strings.TrimRight(r, " ")
	}
	return out
}
