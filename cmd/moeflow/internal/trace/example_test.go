package trace_test

import (
	"fmt"
	"strings"
	"time"

	"moeflow/cmd/moeflow/internal/trace"
)

func Example() {
	var out strings.Builder
	w, err := trace.New(&out, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	row := w.Row(w.Process("host"), "sampler")
	now := time.Now()
	w.Slice(row, "pick", now, now.Add(3*time.Microsecond), trace.Arg{Key: "step", Value: 7})
	fmt.Println(w.Close())
	fmt.Println(strings.Contains(out.String(), `"dur":3.000,"args":{"step":7}}`))
	// Output:
	// <nil>
	// true
}
