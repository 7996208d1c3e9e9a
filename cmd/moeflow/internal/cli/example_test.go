package cli_test

import (
	"os"
	"strings"

	"moeflow/cmd/moeflow/internal/cli"
)

// Text to token ids, by the shipped model's tokenizer.
func Example() {
	cli.Main([]string{"tokenize"}, cli.Streams{In: strings.NewReader("func main() {"), Out: os.Stdout, Err: os.Stderr})
	// Output: 344 2166 339 273
}
