package tokenizer

import (
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// TestCompose holds our own composing against package norm's where that adds no
// joiners.
func TestCompose(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune("aeoUsqdL1 \u0301\u0308\u0323\u0327\u0316\u0345\u0304\u0307\u031b\u05bc\u05c1\u05e9\u0915\u093c\u1100\u1161\u11a8\uac00\uac01\u0344\u212b\u1e9b\u0f71\u0f72\u0f74\u2adc\U0001d15e\u0958\u09c7\u09be\u034f\ufb1d")
	for range 20000 {
		var b strings.Builder
		for range 1 + r.IntN(12) {
			b.WriteRune(alphabet[r.IntN(len(alphabet))])
		}
		s := b.String()
		if got, want := compose(decompose(s)), norm.NFC.String(s); got != want {
			t.Fatalf("%+q gives %+q, want %+q", s, got, want)
		}
	}
	if got, want := compose(decompose("\xffe\u0301\xcc\u0301\xe0\xa0")), "\xff\u00e9\xcc\u0301\xe0\xa0"; got != want {
		t.Errorf("bytes that are not UTF-8 give %+q, want %+q", got, want)
	}
	for _, mark := range []string{"\u0301", "\u0316\u0301", "\u1161", "\u11a8", "\u0344", "\u09be"} {
		long := "a" + strings.Repeat(mark, 100) + "\xffb\u0301"
		if got := nfc(long); strings.Contains(got, "\u034f") {
			t.Errorf("a and 100 times %+q gives joiners: %+q", mark, got)
		}
	}
}
