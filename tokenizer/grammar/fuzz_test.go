package grammar

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// FuzzJSONSchema: a schema ends in an error or serves a random model, whose text is
// JSON, and valid if the schema is held without a warning.
func FuzzJSONSchema(f *testing.F) {
	for i, s := range judged {
		f.Add(s, uint64(i))
	}
	for i, c := range schemaCases {
		f.Add(c.schema, uint64(i))
	}
	v := vocabularyOf(f)
	f.Fuzz(func(t *testing.T, schema string, seed uint64) {
		g, err := JSONSchema(v, []byte(schema), SchemaOptions{})
		if err != nil {
			return
		}
		r := rand.New(rand.NewPCG(seed, 1))
		m := g.NewMatcher()
		mask := make([]uint32, v.Words())
		text := ""
		for i := 0; i < 100 && !(m.CanEnd() && (i > 20 || m.MustEnd())); i++ {
			if m.Mask(mask) != nil {
				return // a bound
			}
			id, ok := choose(v, mask, r, i > 20)
			if !ok {
				return
			}
			if err := m.Accept(id); err != nil {
				t.Fatalf("%s: behind %q: the mask allows %q: %v", schema, text, v.texts[id], err)
			}
			text += v.texts[id]
		}
		if !m.CanEnd() {
			return
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("%s: %s is no JSON", schema, text)
		}
		if len(g.Warnings()) > 0 {
			return
		}
		validates(t, schema, text)
	})
}

// validates asks the judge, if it can read the schema.
func validates(t *testing.T, schema, text string) {
	s, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
	if err != nil {
		return
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if c.AddResource("schema.json", s) != nil {
		return
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		return
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err == nil {
		err = compiled.Validate(value)
	}
	if err != nil {
		t.Fatalf("%s: %s: %v", schema, text, err)
	}
}
