package model_test

import (
	"fmt"

	"moeflow/cmd/moeflow/internal/model"
)

// What the shipped model's header says.
func Example() {
	m, err := model.Open("../../../../models/tiny-go-q4_k_m.gguf")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	fmt.Println(m.Layers, "layers,", m.TopK, "experts a token,", m.Vocab, "tokens")
	fmt.Println(m.Tokenizer.Encode("func main() {", false))
	// Output:
	// 6 layers, 4 experts a token, 4096 tokens
	// [344 2166 339 273]
}
