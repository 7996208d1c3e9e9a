package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
)

// Writer writes a float32 array of shape [rows, cols] row by row, so the array
// need not be in memory as a whole.
type Writer struct {
	w          io.Writer
	rows, cols int
	done       int
	buf        []byte
}

// NewWriter writes the header (version 1.0) to w. The array is complete after
// rows calls of Row.
func NewWriter(w io.Writer, rows, cols int) (*Writer, error) {
	dict := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", rows, cols)
	// The header is padded with spaces so that the data starts at a multiple of
	// 64 bytes, and ends in a newline.
	const before = len(magic) + 4
	n := (before + len(dict) + 1 + 63) / 64 * 64
	h := append([]byte(magic), 1, 0)
	h = binary.LittleEndian.AppendUint16(h, uint16(n-before))
	h = append(h, dict...)
	h = append(h, strings.Repeat(" ", n-1-len(h))...)
	h = append(h, '\n')
	if _, err := w.Write(h); err != nil {
		return nil, err
	}
	return &Writer{w: w, rows: rows, cols: cols}, nil
}

// Row writes the next row, which must have cols values.
func (w *Writer) Row(x []float32) error {
	if len(x) != w.cols || w.done == w.rows {
		return fmt.Errorf("row %d of %d values, wanted %d rows of %d", w.done, len(x), w.rows, w.cols)
	}
	w.done++
	w.buf = w.buf[:0]
	for _, v := range x {
		w.buf = binary.LittleEndian.AppendUint32(w.buf, math.Float32bits(v))
	}
	_, err := w.w.Write(w.buf)
	return err
}
