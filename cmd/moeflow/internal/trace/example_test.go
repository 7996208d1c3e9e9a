package trace_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"moeflow/cmd/moeflow/internal/trace"
)

func Example() {
	dir, _ := os.MkdirTemp("", "trace")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "out.json")
	w, err := trace.Create(path, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	row := w.Row(w.Process("host"), "sampler")
	now := time.Now()
	w.Slice(row, "pick", now, now.Add(3*time.Microsecond), trace.Arg{Key: "step", Value: 7})
	fmt.Println(w.Close())
	data, _ := os.ReadFile(path)
	fmt.Println(strings.Contains(string(data), `"dur":3.000,"args":{"step":7}}`))
	// Output:
	// <nil>
	// true
}
