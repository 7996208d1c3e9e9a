package grammar

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// pieces are tokens of several bytes as a real vocabulary has them: parts that go
// over the edges of values, names and characters.
var pieces = strings.Fields(`{" "} "}, "," ": ":" :" "," ", [" "] ["a"] [] {} [{ }] }} "}} tr true rue fal false nul null 12 -1 0. .5 e+ 00 a1 ab abc foo name "name "name": \n \" \\ \u \u00 A1 x" y", --- aaaaaaaa é 😀 €" 2024 -02- T12: :00 Z" @b .com <tool </ >`)

func vocabularyOf(t testing.TB) *Vocabulary {
	t.Helper()
	var texts []string
	for b := range 256 {
		texts = append(texts, string([]byte{byte(b)}))
	}
	texts = append(texts, pieces...)
	texts = append(texts, "\n", "\n  ", "  ", " {", " \"", ",\n", "[\n", "\xf0\x9f", "\xe2\x82", "a\xc3", strings.Repeat("long", 10), "ab", Marker+"<tool_call>", "")
	v, err := NewVocabulary(texts, []int32{int32(len(texts) - 1)})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// walk lets a random model write at most n tokens, and then one that ends the text
// as soon as it may. ok is false if it did not get there.
func walk(t *testing.T, g *Grammar, r *rand.Rand, n int) (text string, ok bool) {
	t.Helper()
	m := g.NewMatcher()
	mask := make([]uint32, g.v.Words())
	for i := 0; i < 4*n+200; i++ {
		if err := m.Mask(mask); err != nil {
			t.Fatalf("behind %q: %v", text, err)
		}
		end := g.v.ends[0]
		if m.CanEnd() != (mask[end>>5]>>(end&31)&1 != 0) {
			t.Fatalf("behind %q: the end is masked wrongly", text)
		}
		if m.CanEnd() && (i > n || m.MustEnd() || r.IntN(4) == 0) {
			return text, true
		}
		id, found := choose(g.v, mask, r, i > n)
		if !found {
			t.Fatalf("behind %q: no token is allowed", text)
		}
		if err := m.Accept(id); err != nil {
			t.Fatalf("behind %q: the mask allows %q: %v", text, g.v.texts[id], err)
		}
		text += g.v.texts[id]
	}
	return text, false
}

// choose picks a token that the mask allows; in haste, one that closes something.
func choose(v *Vocabulary, mask []uint32, r *rand.Rand, haste bool) (int32, bool) {
	var all, closing []int32
	for id := range int32(len(v.texts) - 1) {
		if mask[id>>5]>>(id&31)&1 == 0 {
			continue
		}
		all = append(all, id)
		if strings.ContainsAny(v.texts[id][:1], `"]}`) {
			closing = append(closing, id)
		}
	}
	if haste && len(closing) > 0 && r.IntN(8) > 0 {
		all = closing
	}
	if len(all) == 0 {
		return 0, false
	}
	return all[r.IntN(len(all))], true
}

// judge compiles a schema with the library that decides what is valid.
func judge(t testing.TB, schema string) *jsonschema.Schema {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", v); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkMask holds a mask against every token, tried one by one.
func checkMask(t *testing.T, m *Matcher, behind string) {
	t.Helper()
	v := m.g.v
	mask := make([]uint32, v.Words())
	if err := m.Mask(mask); err != nil {
		t.Fatal(err)
	}
	for id := range int32(len(v.texts)) {
		want := m.Clone().Accept(id) == nil
		if got := mask[id>>5]>>(id&31)&1 != 0; got != want {
			t.Fatalf("behind %q: token %q: the mask says %v, the grammar %v", behind, v.texts[id], got, want)
		}
	}
}

// TestRandomModels: what a random model writes under a schema's masks is valid, and
// every mask allows just what the grammar accepts.
func TestRandomModels(t *testing.T) {
	v := vocabularyOf(t)
	r := rand.New(rand.NewPCG(1, 2))
	for _, schema := range judged {
		g, err := JSONSchema(v, []byte(schema), SchemaOptions{Strict: true})
		if err != nil {
			t.Errorf("%s: %v", schema, err)
			continue
		}
		s := judge(t, schema)
		ended := 0
		for range 30 {
			text, ok := walk(t, g, r, 1+r.IntN(40))
			if !ok {
				continue
			}
			ended++
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
			if err == nil {
				err = s.Validate(value)
			}
			if err != nil {
				t.Fatalf("%s: %s: %v", schema, text, err)
			}
			checkPrefixes(t, g, text, r)
		}
		if ended == 0 {
			t.Errorf("%s: no random text ended", schema)
		}
	}
}

// checkPrefixes holds the masks at some places of a text against the grammar.
func checkPrefixes(t *testing.T, g *Grammar, text string, r *rand.Rand) {
	t.Helper()
	m, at := g.NewMatcher(), 0
	for range 3 {
		next := at + r.IntN(len(text)-at+1)
		if err := m.AcceptText(text[at:next]); err != nil {
			t.Fatal(err)
		}
		at = next
		checkMask(t, m, text[:at])
	}
}

// TestTokenizations: a valid text is accepted however it is cut into tokens.
func TestTokenizations(t *testing.T) {
	v := vocabularyOf(t)
	r := rand.New(rand.NewPCG(3, 4))
	for _, c := range schemaCases {
		g, err := JSONSchema(v, []byte(c.schema), SchemaOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range c.good {
			if !json.Valid([]byte(text)) || !utf8.ValidString(text) {
				t.Fatalf("%s is no JSON", text)
			}
			for range 5 {
				m := g.NewMatcher()
				for at := 0; at < len(text); {
					id := randomToken(v, text[at:], r)
					if err := m.Accept(id); err != nil {
						t.Fatalf("%s: %s at %d: %v", c.schema, text, at, err)
					}
					at += len(v.texts[id])
				}
				if !m.CanEnd() {
					t.Errorf("%s: %s may not end", c.schema, text)
				}
			}
		}
	}
}

// randomToken is one of the tokens that a text begins with.
func randomToken(v *Vocabulary, text string, r *rand.Rand) int32 {
	var all []int32
	for id, s := range v.texts {
		if s != "" && strings.HasPrefix(text, s) {
			all = append(all, int32(id))
		}
	}
	return all[r.IntN(len(all))]
}
