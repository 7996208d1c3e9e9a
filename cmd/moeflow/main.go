// Command moeflow runs mixture-of-experts language models on one GPU.
package main

import (
	"os"

	"moeflow/cmd/moeflow/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
