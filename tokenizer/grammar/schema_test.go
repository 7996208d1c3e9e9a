package grammar

import "testing"

// schemaCases are schemas with texts that they allow and do not.
var schemaCases = []struct {
	schema    string
	good, bad []string
}{
	{`{"type":"object"}`, []string{`{}`, `{"a":1}`, `{ "a": [1, 2, {"x": null}] }`, "{\n  \"a\": 1,\n  \"b\": \"x\\u0041\"\n}"}, []string{`[]`, `{"a"}`, `{,}`, `{"a":1,}`}},
	{`{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["b"],"additionalProperties":false}`,
		[]string{`{"b":"x"}`, `{"a":1,"b":""}`, `{"b":"","a":-12}`}, []string{`{}`, `{"a":1}`, `{"b":1}`, `{"b":"","b":""}`, `{"c":1,"b":""}`}},
	{`{"type":"string","pattern":"^a+\\d$"}`, []string{`"aa1"`, `"a9"`}, []string{`"a"`, `"ba1"`, `"a1b"`}},
	{`{"type":"string","pattern":"\\bfoo\\b"}`, []string{`"foo"`, `"a foo b"`}, []string{`"afoo"`, `"foob"`}},
	{`{"type":"string","pattern":"^(?!ab)[ab]{3}$"}`, []string{`"bab"`, `"aab"`}, []string{`"aba"`, `"aabb"`}},
	{`{"type":"string","minLength":2,"maxLength":3}`, []string{`"ab"`, `"é€😀"`}, []string{`"a"`, `"abcd"`}},
	{`{"type":"integer","minimum":-5,"maximum":120}`, []string{`-5`, `0`, `120`, `99`}, []string{`-6`, `121`, `1.0`}},
	{`{"type":"number","exclusiveMinimum":0.5,"maximum":10.25}`, []string{`0.51`, `10.25`, `10`, `7.125`}, []string{`0.5`, `10.26`, `11`}},
	{`{"properties":{"a\"b":{"type":"integer"},"c\\d":{"type":"null"}},"required":["a\"b"]}`, []string{`{"a\"b":1,"c\\d":null}`}, []string{`{"a\"b":""}`, `{"a":1}`}},
	{`{"type":"integer","multipleOf":7}`, []string{`-14`, `0`, `700`}, []string{`1`, `15`}},
	{`{"type":"array","items":{"enum":["x",1,null]},"minItems":1,"maxItems":2}`, []string{`["x"]`, `[1,null]`}, []string{`[]`, `[1,1,1]`, `["y"]`}},
	{`{"$defs":{"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"}},"additionalProperties":false}},"$ref":"#/$defs/n"}`,
		[]string{`{}`, `{"next":{"next":{}}}`}, []string{`{"next":1}`}},
	{`{"type":"string","format":"date"}`, []string{`"2024-02-29"`, `"2023-12-31"`}, []string{`"2023-02-29"`, `"2023-13-01"`}},
	{`{"type":"string","format":"email"}`, []string{`"a.b@example.com"`}, []string{`"a"`, `"@b"`}},
	{`{"type":"object","patternProperties":{"^s_":{"type":"string"},"_n$":{"type":"number"}},"additionalProperties":{"type":"boolean"},"minProperties":1}`,
		[]string{`{"s_a":"x","b":true}`, `{"a_n":1,"zz":false}`}, []string{`{"s_a":1,"b":true}`, `{}`, `{"s_n":1,"b":true}`}},
}

// TestJSONSchema: small cases by hand.
func TestJSONSchema(t *testing.T) {
	v := vocabularyOf(t)
	for _, c := range schemaCases {
		g, err := JSONSchema(v, []byte(c.schema), SchemaOptions{})
		if err != nil {
			t.Errorf("%s: %v", c.schema, err)
			continue
		}
		if len(g.warnings) > 0 {
			t.Errorf("%s: %v", c.schema, g.warnings)
		}
		for _, text := range c.good {
			m := g.NewMatcher()
			if err := m.AcceptText(text); err != nil || !m.CanEnd() {
				t.Errorf("%s: %s: %v", c.schema, text, err)
			}
		}
		for _, text := range c.bad {
			m := g.NewMatcher()
			if err := m.AcceptText(text); err == nil && m.CanEnd() {
				t.Errorf("%s: %s is accepted", c.schema, text)
			}
		}
	}
}
