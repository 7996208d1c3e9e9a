package lineedit

import (
	"bytes"
	"unicode/utf8"
)

// name is what a key means.
type name int

const (
	keyNone name = iota // the key is a character
	keyIgnored
	keyEnter
	keyNewline
	keyInterrupt
	keyPaste
	keyPasted
	keyLeft
	keyRight
	keyUp
	keyDown
	keyHome
	keyEnd
	keyWordLeft
	keyWordRight
	keyBackspace
	keyDelete
	keyCutWord
	keyCutStart
	keyCutEnd
	keyClear
)

// key is one key.
type key struct {
	name name
	r    rune // the character, if it is one
}

const (
	ctrlC  = 0x03
	ctrlD  = 0x04
	escape = 0x1b
)

// controls are the keys that are one byte.
var controls = map[byte]name{
	0x01: keyHome, 0x02: keyLeft, ctrlC: keyInterrupt, ctrlD: keyDelete, 0x05: keyEnd, 0x06: keyRight, 0x08: keyBackspace,
	'\n': keyEnter, 0x0b: keyCutEnd, 0x0c: keyClear, '\r': keyEnter, 0x0e: keyDown, 0x10: keyUp, 0x15: keyCutStart,
	0x17: keyCutWord, 0x7f: keyBackspace,
}

// sequences are the keys that begin with an escape, without it: those of xterm, the
// Linux console and rxvt. With Alt, Enter is a line end within the message.
var sequences = map[string]name{
	"[A": keyUp, "[B": keyDown, "[C": keyRight, "[D": keyLeft, "OA": keyUp, "OB": keyDown, "OC": keyRight, "OD": keyLeft,
	"[H": keyHome, "[F": keyEnd, "OH": keyHome, "OF": keyEnd, "[1~": keyHome, "[4~": keyEnd, "[7~": keyHome, "[8~": keyEnd,
	"[3~": keyDelete, "[1;5D": keyWordLeft, "[1;5C": keyWordRight, "[1;3D": keyWordLeft, "[1;3C": keyWordRight,
	"b": keyWordLeft, "f": keyWordRight, "\x7f": keyCutWord, "\b": keyCutWord, "\r": keyNewline, "\n": keyNewline,
	"[200~": keyPaste, "[201~": keyPasted,
}

var pasteEnd = []byte("\x1b[201~")

// decode reads the first key of b and how many bytes it has, 0 if more must come.
// While text is pasted, all but the mark of its end is text.
func decode(b []byte, pasting bool) (key, int) {
	if len(b) == 0 {
		return key{}, 0
	}
	if pasting {
		return decodePasted(b)
	}
	if b[0] == escape {
		return decodeEscape(b)
	}
	if k, ok := controls[b[0]]; ok {
		return key{k, rune(b[0])}, 1
	}
	return decodeRune(b)
}

func decodePasted(b []byte) (key, int) {
	switch {
	case bytes.HasPrefix(b, pasteEnd):
		return key{name: keyPasted}, len(pasteEnd)
	case bytes.HasPrefix(pasteEnd, b):
		return key{}, 0
	case b[0] < ' ' || b[0] == 0x7f:
		return key{r: rune(b[0])}, 1
	}
	return decodeRune(b)
}

func decodeRune(b []byte) (key, int) {
	if !utf8.FullRune(b) {
		return key{}, 0
	}
	r, n := utf8.DecodeRune(b)
	if r == utf8.RuneError && n == 1 || !printable(r) {
		return key{name: keyIgnored, r: r}, n
	}
	return key{r: r}, n
}

// longestSequence bounds what is waited for behind an escape.
const longestSequence = 32

// decodeEscape reads what begins with an escape: ESC [ parameters letter, ESC O
// letter, or ESC and a character, which is how Alt is sent.
func decodeEscape(b []byte) (key, int) {
	if len(b) == 1 {
		return key{}, 0
	}
	n := 2
	switch b[1] {
	case '[':
		for n < len(b) && n < longestSequence && b[n] >= ' ' && b[n] <= '?' {
			n++
		}
		if n == len(b) {
			return key{}, 0
		}
		n++
	case 'O':
		if n == len(b) {
			return key{}, 0
		}
		n++
	case escape:
		return key{name: keyIgnored}, 1
	}
	if b[1] == ctrlC {
		return key{keyInterrupt, ctrlC}, n
	}
	if k, ok := sequences[string(b[1:n])]; ok {
		return key{name: k}, n
	}
	return key{name: keyIgnored}, n
}
