package tokenizer_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// FuzzEncode: whatever the text, no panic; composed text and bytes that are no
// text come back.
func FuzzEncode(f *testing.F) {
	var texts []string
	readJSON(f, "testdata/texts.json", &texts)
	for _, text := range texts[:60] {
		f.Add([]byte(text))
	}
	tok := loadQwen3(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		text := string(data)
		for _, special := range []bool{false, true} {
			got := tok.Decode(tok.Encode(text, special), true)
			if norm.NFC.IsNormalString(text) && got != text {
				t.Errorf("%q comes back as %q", text, got)
			}
			d, b := tok.NewSpecialDecoder(), strings.Builder{}
			for _, id := range tok.Encode(text, special) {
				b.WriteString(d.Add(id))
			}
			b.WriteString(d.Flush())
			if !utf8.ValidString(b.String()) || utf8.ValidString(got) && b.String() != got {
				t.Errorf("%q streams as %q, want %q", text, b.String(), got)
			}
		}
	})
}
