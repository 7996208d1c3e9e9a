package lineedit_test

import (
	"fmt"
	"io"

	"moeflow/cmd/moeflow/internal/lineedit"
)

func Example() {
	keys := [][]byte{[]byte("Helo\x1b[Dl\r")} // the arrow goes back before the o
	e := &lineedit.Editor{
		Out:  io.Discard, // the terminal
		Size: func() (columns, rows int) { return 80, 24 },
		Next: func() ([]byte, error) {
			if len(keys) == 0 {
				return nil, io.EOF
			}
			k := keys[0]
			keys = keys[1:]
			return k, nil
		},
	}
	text, err := e.Read("> ")
	fmt.Println(text, err)
	// Output: Hello <nil>
}
