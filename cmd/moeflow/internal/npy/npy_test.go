package npy

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// want is what numpy wrote into testdata/stored.npz (np.savez) and
// testdata/deflated.npz (np.savez_compressed); tools/golden/npy.py made them.
var want = map[string]Array{
	"ids":    {Shape: []int{3}, Int32: []int32{-1, 0, 2147483647}},
	"logits": {Shape: []int{2, 3}, Float32: []float32{0, 0.5, 1, -1.5, 1e-40, 3e38}},
	"one":    {Float32: []float32{7}},
	"none":   {Shape: []int{0, 4}, Float32: []float32{}},
}

func TestReadArchive(t *testing.T) {
	for _, name := range []string{"stored.npz", "deflated.npz"} {
		got, err := ReadArchive(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %v\nwant %v", name, got, want)
		}
	}
}

// TestWriter compares with the file that numpy writes, byte for byte.
func TestWriter(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	x := want["logits"].Float32
	for i := range 2 {
		if err := w.Row(x[3*i : 3*i+3]); err != nil {
			t.Fatal(err)
		}
	}
	numpys, err := os.ReadFile(filepath.Join("testdata", "logits.npy"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), numpys) {
		t.Errorf("got  %q\nwant %q", b.Bytes(), numpys)
	}
	if err := w.Row(x[:3]); err == nil || err.Error() != "row 2 of 3 values, wanted 2 rows of 3" {
		t.Errorf("a row too many: %v", err)
	}
	w, err = NewWriter(&b, 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Row(x[:2]); err == nil || err.Error() != "row 0 of 2 values, wanted 1 rows of 3" {
		t.Errorf("a short row: %v", err)
	}
}

func npy(version byte, dict, data string) string {
	size := string([]byte{byte(len(dict)), byte(len(dict) >> 8)})
	if version > 1 {
		size += "\x00\x00"
	}
	return magic + string([]byte{version, 0}) + size + dict + data
}

func TestRead(t *testing.T) {
	const dict = "{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }\n"
	for _, c := range []struct{ name, in, want string }{
		{"version 2", npy(2, fmt.Sprintf(dict, "<i4", "False", "1,"), "\x05\x00\x00\x00"), "{[1] [] [5]} <nil>"},
		{"wrong magic", "PK\x03\x04    ", `starts with "PK\x03\x04  ", wanted "\x93NUMPY": this is no .npy file`},
		{"empty", "", `starts with "\x00\x00\x00\x00\x00\x00", wanted "\x93NUMPY": this is no .npy file`},
		{"no length", magic + "\x01\x00\x08", "the file ends within its header"},
		{"short header", magic + "\x01\x00\x08\x00{'des", "the file ends within its header"},
		{"huge header", magic + "\x02\x00\xff\xff\xff\xff{'des", "the file ends within its header"},
		{"no fields", npy(1, "{}", ""), `header "{}", wanted descr, fortran_order and shape`},
		{"type", npy(1, fmt.Sprintf(dict, "<f8", "False", "1,"), ""), `elements are "<f8", wanted <f4 or <i4`},
		{"big-endian", npy(1, fmt.Sprintf(dict, ">f4", "False", "1,"), ""), `elements are ">f4", wanted <f4 or <i4`},
		{"order", npy(1, fmt.Sprintf(dict, "<f4", "True", "1, 2"), ""), "is in Fortran order, wanted C order"},
		{"short data", npy(1, fmt.Sprintf(dict, "<f4", "False", "2,"), "1234567"), "7 bytes of data, wanted 8 for shape [2]"},
		{"absurd dimension", npy(1, fmt.Sprintf(dict, "<f4", "False", "99999999999"), ""),
			"shape (99999999999): 99999999999 is no dimension of 31 bits"},
		{"absurd shape", npy(1, fmt.Sprintf(dict, "<f4", "False", "2000000000, 2000000000, 9"), ""),
			"shape (2000000000, 2000000000, 9) has too many elements"},
	} {
		a, err := Read(strings.NewReader(c.in))
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprint(a, err)
		}
		if got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestArchiveErrors(t *testing.T) {
	path := filepath.Join("testdata", "logits.npy")
	if _, err := ReadArchive(path); err == nil || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("an .npy file as archive: %v", err)
	}
}

func Example() {
	var b bytes.Buffer
	w, err := NewWriter(&b, 1, 2)
	if err == nil {
		err = w.Row([]float32{0.5, 2})
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := Read(&b)
	fmt.Println(a.Shape, a.Float32, err)
	// Output: [1 2] [0.5 2] <nil>
}
