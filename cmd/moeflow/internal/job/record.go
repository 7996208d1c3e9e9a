package job

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"regexp"
	"strconv"
)

// record ties a result to its prompt and its job: the field "moeflow" of a
// result.
type record struct {
	Line  int      `json:"line"`  // of the prompt
	Input string   `json:"input"` // sum of the line, eight hexadecimal digits
	Job   Identity `json:"job"`
	Retry bool     `json:"retry,omitempty"` // the result is a failure of the engine, which a resumed job computes again
}

// Identity is what a job was, as two sums: of the model and of the settings.
type Identity string

// NewIdentity makes the identity of a job. model tells the weights and how they
// are computed with, settings all else that changes an answer.
func NewIdentity(model, settings string) Identity {
	return Identity(hexSum([]byte(model)) + "-" + hexSum([]byte(settings)))
}

// lineSum is a checksum of a line of prompts, never 0.
func lineSum(b []byte) uint32 {
	sum := sha256.Sum256(b)
	return max(1, binary.BigEndian.Uint32(sum[:]))
}

func hexSum(b []byte) string {
	return hex.EncodeToString(binary.BigEndian.AppendUint32(nil, lineSum(b)))
}

// recordSize is more bytes than the record at the end of a line has.
const recordSize = 128

var recordAtEnd = regexp.MustCompile(`,"moeflow":\{"line":(\d{1,9}),"input":"([0-9a-f]{8})","job":"([0-9a-f]{8}-[0-9a-f]{8})"(,"retry":true)?\}\}$`)

// readRecord reads the record at the end of a line of results, of which the last
// bytes are enough. A quote within a JSON string is escaped, so no text of an
// answer looks like it, and a line that was torn has none.
func readRecord(end []byte) (rec record, sum uint32, ok bool) {
	m := recordAtEnd.FindSubmatch(end)
	if m == nil {
		return rec, 0, false
	}
	line, _ := strconv.Atoi(string(m[1]))
	n, _ := strconv.ParseUint(string(m[2]), 16, 32)
	return record{line, string(m[2]), Identity(m[3]), m[4] != nil}, uint32(n), line > 0 && n > 0
}

// Finished tells which lines have their result, and the sum of each of these
// lines: four bytes a line. The zero value has none.
type Finished struct {
	pages map[int]*[pageLines]uint32
	n     int
}

// pageLines is how many lines a page has: what the largest number in a file of
// results can cost is one page.
const pageLines = 1024

func (f *Finished) add(line int, sum uint32) {
	if f.pages == nil {
		f.pages = map[int]*[pageLines]uint32{}
	}
	p := f.pages[line/pageLines]
	if p == nil {
		p = new([pageLines]uint32)
		f.pages[line/pageLines] = p
	}
	if p[line%pageLines] == 0 {
		f.n++
	}
	p[line%pageLines] = sum
}

// sum is that of a finished line, 0 for any other.
func (f *Finished) sum(line int) uint32 {
	if p := f.pages[line/pageLines]; p != nil {
		return p[line%pageLines]
	}
	return 0
}

// Len is the number of finished lines.
func (f *Finished) Len() int { return f.n }

// last is the largest finished line.
func (f *Finished) last() int {
	top := -1
	for p := range f.pages {
		top = max(top, p)
	}
	if top < 0 {
		return 0
	}
	for i := pageLines - 1; i > 0; i-- {
		if f.pages[top][i] != 0 {
			return top*pageLines + i
		}
	}
	return top * pageLines
}
