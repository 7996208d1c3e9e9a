package openai_test

import (
	"fmt"

	"moeflow/cmd/moeflow/internal/openai"
)

func Example() {
	for _, body := range []string{
		`{"model": "m", "prompt": "func main", "max_tokens": 8.0, "n": 1, "user": "me"}`,
		`{"prompt": "func main", "max_token": 8}`,
		`{"prompt": "func main", "n": 3}`,
	} {
		o, err := openai.ReadObject([]byte(body), "body")
		if err != nil {
			fmt.Println(err)
			continue
		}
		r, err := openai.Parse(openai.Text, o)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(r.Text, r.MaxTokens)
	}
	// Output:
	// func main 8
	// unknown_parameter: max_token is not a known field, the nearest is "max_tokens"
	// unsupported_parameter: n is 3, which is not supported: leave it out or make it 1
}
