package gguf

import (
	"encoding/binary"
	"fmt"
)

// cursor walks a header. Its first failure stays, and every read after it gives
// zero, so a caller may read a few fields and look at err once.
type cursor struct {
	b   []byte
	pos int
	err error
}

// mostHeader is the most bytes of a header: ten times those of the largest
// vocabularies, and few enough to hold in memory a few times over.
const mostHeader = 256 << 20

// left is the number of bytes not yet read.
func (c *cursor) left() uint64 { return uint64(len(c.b) - c.pos) }

func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// take returns a view of the next n bytes. what names them in the error.
func (c *cursor) take(n uint64, what string) []byte {
	if c.err == nil && n > c.left() {
		c.fail("the file ends at byte %d within %s, which takes %d bytes from byte %d", len(c.b), what, n, c.pos)
	}
	if c.err == nil && n > uint64(mostHeader-c.pos) {
		c.fail("has a header of more than %d bytes: %s takes %d bytes from byte %d", mostHeader, what, n, c.pos)
	}
	if c.err != nil {
		return nil
	}
	b := c.b[c.pos : c.pos+int(n) : c.pos+int(n)]
	c.pos += int(n)
	return b
}

func (c *cursor) u32(what string) uint32 {
	if b := c.take(4, what); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64(what string) uint64 {
	if b := c.take(8, what); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// str returns a view of a string: uint64 length, then its bytes.
func (c *cursor) str(what string) []byte { return c.take(c.u64("the length of "+what), what) }

// count reads a number of things that take at least size bytes each, so a count
// that the rest of the file cannot hold is refused before anything is read.
func (c *cursor) count(size int, what string) uint64 {
	n := c.u64("the number of " + what)
	return c.fits(n, size, what)
}

func (c *cursor) fits(n uint64, size int, what string) uint64 {
	if c.err == nil && n > c.left()/uint64(size) {
		c.fail("says it has %d %s, more than fit in the %d bytes left of the file", n, what, c.left())
	}
	if c.err == nil && n > uint64(mostHeader-c.pos)/uint64(size) {
		c.fail("says it has %d %s, more than fit in a header of %d bytes", n, what, mostHeader)
	}
	if c.err != nil {
		return 0
	}
	return n
}

// atMost refuses a count above any that a model has.
func (c *cursor) atMost(n, most uint64, what string) uint64 {
	if c.err == nil && n > most {
		c.fail("says it has %d %s, wanted at most %d", n, what, most)
	}
	if c.err != nil {
		return 0
	}
	return n
}
