package grammar_test

import (
	"fmt"
	"log"

	"moeflow/tokenizer/grammar"
)

func Example() {
	tokens := []string{`{"`, `name`, `":`, `"`, `Ann`, `"}`, `7`, ` `, ``}
	const end = 8
	v, err := grammar.NewVocabulary(tokens, []int32{end})
	if err != nil {
		log.Fatal(err)
	}
	schema := `{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"], "additionalProperties": false}`
	g, err := grammar.JSONSchema(v, []byte(schema), grammar.SchemaOptions{})
	if err != nil {
		log.Fatal(err)
	}
	m := g.NewMatcher()
	mask := make([]uint32, v.Words())
	for _, next := range []int32{0, 1, 2, 3, 4, 5, end} {
		if err := m.Mask(mask); err != nil {
			log.Fatal(err)
		}
		n, _ := grammar.Count(mask)
		fmt.Printf("%d allowed, %q is taken\n", n, tokens[next])
		if err := m.Accept(next); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// 1 allowed, "{\"" is taken
	// 1 allowed, "name" is taken
	// 2 allowed, "\":" is taken
	// 4 allowed, "\"" is taken
	// 7 allowed, "Ann" is taken
	// 7 allowed, "\"}" is taken
	// 1 allowed, "" is taken
}
