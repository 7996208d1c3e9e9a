package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// Decode turns tokens into text. Control tokens are left out unless special is
// true; ids out of range are left out. The bytes are given as they are, so that
// text which was not UTF-8 comes back unchanged.
func (t *Tokenizer) Decode(ids []int32, special bool) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(t.piece(id, special))
	}
	return b.String()
}

func (t *Tokenizer) piece(id int32, special bool) string {
	if id < 0 || int(id) >= len(t.texts) || !special && t.kind(id) == typeControl {
		return ""
	}
	return t.texts[id]
}

// Decoder turns a stream of tokens into text that is always whole UTF-8: the
// bytes of an unfinished character are held back, and bytes that can begin or
// continue none become U+FFFD.
type Decoder struct {
	t       *Tokenizer
	special bool
	held    []byte
}

// NewDecoder begins a stream. Control tokens are left out.
func (t *Tokenizer) NewDecoder() *Decoder { return &Decoder{t: t} }

// NewSpecialDecoder begins a stream in which control tokens are printed.
func (t *Tokenizer) NewSpecialDecoder() *Decoder { return &Decoder{t: t, special: true} }

// Add takes the next token and returns the text that is now certain.
func (d *Decoder) Add(id int32) string {
	piece := d.t.piece(id, d.special)
	if len(d.held) == 0 && utf8.ValidString(piece) {
		return piece
	}
	d.held = append(d.held, piece...)
	var b strings.Builder
	for len(d.held) > 0 && utf8.FullRune(d.held) {
		r, n := utf8.DecodeRune(d.held)
		b.WriteRune(r)
		d.held = d.held[n:]
	}
	return b.String()
}

// Flush ends the stream: an unfinished character becomes U+FFFD.
func (d *Decoder) Flush() string {
	if len(d.held) == 0 {
		return ""
	}
	d.held = nil
	return string(utf8.RuneError)
}
