package output_test

import (
	"fmt"
	"os"
	"path/filepath"

	"moeflow/cmd/moeflow/internal/output"
)

func Example() {
	dir, _ := os.MkdirTemp("", "output")
	defer os.RemoveAll(dir)
	model, picture := filepath.Join(dir, "model.gguf"), filepath.Join(dir, "plan.svg")
	os.WriteFile(model, []byte("weights"), 0o666)
	os.WriteFile(picture, []byte("the old picture"), 0o666)
	inputs := []output.Path{{What: "the model", Path: model}}
	fmt.Println(output.Check([]output.Path{{What: "-o", Path: model}}, inputs) != nil)
	fmt.Println(output.Check([]output.Path{{What: "-o", Path: picture}}, inputs))

	f, err := output.Open(picture)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Fprint(f, "the new picture")
	before, _ := os.ReadFile(picture)
	fmt.Println(f.Commit())
	after, _ := os.ReadFile(picture)
	fmt.Printf("%s, then %s\n", before, after)
	// Output:
	// true
	// <nil>
	// <nil>
	// the old picture, then the new picture
}
