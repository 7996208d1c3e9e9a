package jinja

import (
	"context"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of one rendering. Real templates stay far below: a conversation of a
// thousand messages takes some hundred thousand steps. What a conversation holds
// raises the limits of steps, memory and output.
const (
	maxSteps  = 5_000_000 // evaluations, and work on texts and lists in units of about the same time
	maxMemory = 64 << 20  // bytes of all values made, whether still in use or not
	maxOutput = 1 << 20   // bytes
	maxCalls  = 100       // macros and recursive loops within each other
	maxNested = 5_000     // evaluations within each other
	maxRange  = 100_000   // as Jinja2's sandbox has it

	// What each byte of a conversation adds to the limits.
	stepsPerByte  = 1
	memoryPerByte = 32
	outputPerByte = 8

	lookEvery = 1_000 // steps between looks at the context
)

// The memory that values take on a 64-bit machine, in bytes, rounded up.
const (
	slotSize    = 40  // an item of a list: the interface and what it points to
	textSize    = 32  // a string beside its bytes
	entrySize   = 256 // a key of a dictionary, as its tables grow
	bindingSize = 64  // a variable of a scope
	frameSize   = 128 // a frame and its scope
	loopSize    = 256
)

// budget is what a rendering may still use. Whatever takes time in proportion to
// a value pays steps before it starts, and whatever makes a value pays for its
// memory before it makes it, so no value is made that the budget cannot hold.
// Memory that was paid for is never paid back: the sum bounds what a template can
// keep, and nobody needs to know which values still are in use.
type budget struct {
	ctx    context.Context
	line   int // of what is evaluated, for errors
	steps  int // left
	memory int // left, in bytes
	output int // limit of the output, in bytes
	unseen int // steps since the last look at ctx

	allSteps, allMemory int // what there was, for errors
}

// newBudget is for values of a size in bytes, as sizeOf gives it.
func newBudget(ctx context.Context, size int) budget {
	b := budget{ctx: ctx, line: 1}
	b.allSteps = maxSteps + times(size, stepsPerByte)
	b.allMemory = maxMemory + times(size, memoryPerByte)
	b.output = maxOutput + times(size, outputPerByte)
	b.steps, b.memory = b.allSteps, b.allMemory
	return b
}

// times is a product of sizes, at most half of the largest int.
func times(a, b int) int {
	if a <= 0 || b <= 0 {
		return 0
	}
	if a > math.MaxInt/2/b {
		return math.MaxInt / 2
	}
	return a * b
}

// sizeOf is about how many bytes a value of the caller takes.
func sizeOf(v any) int {
	n := slotSize
	switch v := v.(type) {
	case string:
		n += len(v)
	case markup:
		n += len(v)
	case list:
		for _, item := range v {
			n += sizeOf(item)
		}
	case tuple:
		for _, item := range v {
			n += sizeOf(item)
		}
	case *Dict:
		for i, k := range v.keys {
			n += sizeOf(k) + sizeOf(v.values[i])
		}
	}
	return n
}

// stopped is the panic of a rendering whose context was cancelled.
type stopped struct{ cause error }

// spend counts steps, and fails when there are none left or the context ended.
func (b *budget) spend(n int) {
	if b.steps -= n; b.steps < 0 || n < 0 {
		b.fail("the template takes more than %d steps, the limit of one conversation", b.allSteps)
	}
	if b.unseen += n; b.unseen >= lookEvery {
		if b.unseen = 0; b.ctx.Err() != nil {
			panic(stopped{context.Cause(b.ctx)})
		}
	}
}

// scan counts the reading of n bytes, one character at a time.
func (b *budget) scan(n int) { b.spend(n / 16) }

// skim counts the reading of n bytes, many at a time: a copy, a comparison, a
// search.
func (b *budget) skim(n int) { b.spend(n / 128) }

// alloc counts n bytes of memory that a value will take.
func (b *budget) alloc(n int) {
	if b.memory -= n; b.memory < 0 || n < 0 {
		b.fail("the template makes values of more than %d MiB, the limit of one conversation", b.allMemory>>20)
	}
	b.skim(n)
}

// slots counts a list of n items.
func (b *budget) slots(n int) {
	b.alloc(times(n, slotSize) + textSize)
	b.spend(1 + n/4)
}

// text counts a string of n bytes that is made one character at a time.
func (b *budget) text(n int) {
	b.scan(n)
	b.alloc(n + textSize)
}

// maxError is the length of an error's text in bytes.
const maxError = 250

// fail ends the rendering with an error of one line.
func (b *budget) fail(format string, args ...any) {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = shortened(s, maxError)
		}
	}
	panic(&Error{b.line, shortened(oneLine(fmt.Sprintf(format, args...)), maxError)})
}

// shortened cuts s to at most about n bytes.
func shortened(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// oneLine writes characters that would move a terminal's cursor as escapes.
func oneLine(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// buffer is a text that grows within the budget.
type buffer struct {
	budget *budget
	most   int // bytes, 0 is no limit beside the budget's
	b      strings.Builder
}

func (f *frame) buffer() *buffer { return f.run.buffer() }

func (r *run) buffer() *buffer { return &buffer{budget: &r.budget} }

// reserve makes room for n more bytes. The builder takes twice what it had and n.
func (b *buffer) reserve(n int) {
	need := b.b.Len() + n
	if b.most > 0 && need > b.most {
		b.budget.fail("the template writes more than %d MiB, the limit of one conversation", b.most>>20)
	}
	if need > b.b.Cap() {
		b.budget.alloc(2*b.b.Cap() + n + textSize)
		b.b.Grow(n)
	}
}

func (b *buffer) write(s string) {
	b.reserve(len(s))
	b.budget.skim(len(s))
	b.b.WriteString(s)
}

// repeat writes s n times.
func (b *buffer) repeat(s string, n int) {
	size := times(len(s), n)
	b.reserve(size)
	b.budget.skim(size)
	b.budget.spend(size / max(len(s), 1) / 16)
	for range n {
		b.b.WriteString(s)
	}
}

func (b *buffer) char(r rune) {
	b.reserve(utf8.UTFMax)
	b.b.WriteRune(r)
}

func (b *buffer) String() string { return b.b.String() }
