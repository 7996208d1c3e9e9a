package generate_test

import (
	"context"
	"fmt"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/gguf/quant"
	"moeflow/graph/backend"
	"moeflow/stages/ref"
	"moeflow/stages/sample"
)

// A prompt and its continuation by the shipped model, on the reference in Go.
func Example() {
	m, err := model.Open("../../../../models/tiny-go-q4_k_m.gguf")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	e, err := engine.Open(m, engine.Options{
		Load:  engine.Load{Open: func(bool) (backend.Device, error) { return ref.NewDevice(), nil }},
		Plans: engine.Plans{KVType: quant.F16, Context: 64},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer e.Close()
	r, err := generate.One(context.Background(), e, generate.Request{IDs: m.Tokenizer.Encode("func main() {", false), MaxTokens: 4, Sampling: sample.Greedy()})
	fmt.Printf("%q %s %v\n", m.Tokenizer.Decode(r.IDs, false), r.Finish, err)
	// Output: "}\n\nfunc main()" length <nil>
}
