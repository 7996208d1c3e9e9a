package graph

// The step buffer: what changes at each step, as 32-bit words, one Input tensor
// named "step". A recorded command buffer stays valid because nothing of this
// is in its push constants.
//
//	word 0              active rows
//	word 1              output rows
//	word 2              offset of the outs list, in words
//	word 3              offset of the page lists, in words
//	word 4..7           zero
//	word 8 + 4·r        row r: token, position, pages, slot
//	outs[j]             the row whose logits are output j
//	page lists          physical page numbers
//
// A row's "pages" is an index into the page lists: position p of the row's
// sequence lies in page list[pages + p/page_size], at place p%page_size. Its slot is
// where the token sampled from its logits is kept, if it has any: rows of one step
// with logits need slots of their own.
const (
	StepHeader   = 8 // words
	StepRowWords = 4
	// Words of the header.
	StepRows    = 0 // active rows
	StepOuts    = 1 // output rows
	StepOutsAt  = 2 // where the outs list begins
	StepPagesAt = 3 // where the page lists begin
	// Words of a row.
	RowToken    = 0
	RowPosition = 1
	RowPages    = 2
	RowSlot     = 3
	// FromSampled marks a row's token as the one last sampled into a slot, which
	// the other bits name; it never left the device.
	FromSampled = 1 << 31
	// NoToken stands among the sampled tokens where none could be picked: a logit of
	// the row is NaN or +Inf, or all are -Inf. A row that takes its token from there
	// takes token 0, so that the device reads no memory that is not the table's; its
	// result means nothing.
	NoToken = 1<<32 - 1
)

// StepLayout gives the offsets of a step buffer, in words.
type StepLayout struct {
	Rows  int // the bucket's row count
	Outs  int // the most output rows
	Pages int // the most page numbers, all sequences together
}

// OutsAt is the offset of the list of output rows.
func (l StepLayout) OutsAt() int { return StepHeader + StepRowWords*l.Rows }

// PagesAt is the offset of the page lists.
func (l StepLayout) PagesAt() int { return l.OutsAt() + l.Outs }

// Words is the size of the buffer.
func (l StepLayout) Words() int { return l.PagesAt() + l.Pages }

// StepRow is one row of a step.
type StepRow struct {
	Token    uint32 // token id, or FromSampled | slot
	Position uint32
	Pages    uint32 // index of its sequence's first page number in the page lists
	Slot     uint32 // of the sampled tokens, where the one after this row goes
}

// Fill writes a step into words, which must have Words() elements, and returns
// how many leading words are in use. rows, outs and pages must fit the layout.
func (l StepLayout) Fill(words []uint32, rows []StepRow, outs, pages []uint32) int {
	clear(words[:StepHeader])
	words[StepRows] = uint32(len(rows))
	words[StepOuts] = uint32(len(outs))
	words[StepOutsAt] = uint32(l.OutsAt())
	words[StepPagesAt] = uint32(l.PagesAt())
	for i, r := range rows {
		w := words[StepHeader+StepRowWords*i:][:StepRowWords]
		w[RowToken], w[RowPosition], w[RowPages], w[RowSlot] = r.Token, r.Position, r.Pages, r.Slot
	}
	copy(words[l.OutsAt():], outs)
	copy(words[l.PagesAt():], pages)
	return l.PagesAt() + len(pages)
}
