package serve

import (
	"regexp"
	"strings"

	"moeflow/cmd/moeflow/internal/openai"
	"moeflow/stages/sample"
	"moeflow/tokenizer/grammar"
)

// formed compiles the form that the answer has to have.
func (t *turn) formed() *openai.Error {
	l, v := &t.r.Live, t.m.Vocabulary
	if v == nil {
		return &openai.Error{Code: openai.CodeUnsupported, Message: "response_format is not served with this model"}
	}
	var err error
	if l.Schema == nil {
		t.form, err = grammar.JSONObject(v)
	} else {
		t.form, err = grammar.JSONSchema(v, l.Schema, grammar.SchemaOptions{Strict: l.Strict})
	}
	if err != nil {
		return &openai.Error{Code: openai.CodeValue, Message: "response_format is not served as it is: " + err.Error()}
	}
	return nil
}

// mustCall has the prompt begin the call that is asked for. Where several tools will
// do, the names are a form that the answer has to have.
func (t *turn) mustCall() *openai.Error {
	name := t.r.Live.Choice.Name
	if t.opening = t.m.Format.Begin(name); t.opening == "" {
		return &openai.Error{Code: openai.CodeUnsupported, Message: "tool_choice asks for a call, and the model's chat template has no form for calls"}
	}
	if name != "" {
		return nil
	}
	if t.m.Vocabulary == nil {
		return &openai.Error{Code: openai.CodeUnsupported, Message: `tool_choice is "required", which is not served with several tools of this model: name one`}
	}
	const place = "N"
	whole := t.m.Format.Begin(place)
	at := strings.LastIndex(whole, place)
	var names []string
	for _, n := range t.r.Live.Names() {
		names = append(names, regexp.QuoteMeta(n))
	}
	var err error
	t.opening = whole[:at]
	if t.form, err = grammar.Regexp(t.m.Vocabulary, "(?:"+strings.Join(names, "|")+")"+whole[at+len(place):]+`[\s\S]*`); err != nil {
		return &openai.Error{Code: openai.CodeValue, Message: "tool_choice is \"required\", and the names of the tools are no form: " + err.Error()}
	}
	return nil
}

// allow gives the tokens that may come next in an answer of the form. Where a bound of
// the grammar is reached, the answer ends.
func (t *turn) allow() func([]int32) sample.Mask {
	m, words, n := t.form.NewMatcher(), t.m.Vocabulary.Words(), 0
	return func(answer []int32) sample.Mask {
		mask := make(sample.Mask, words)
		var err error
		for ; n < len(answer) && err == nil; n++ {
			err = m.Accept(answer[n])
		}
		if err == nil {
			err = m.Mask(mask)
		}
		if err != nil {
			clear(mask)
			for _, id := range t.m.Settings.Tokenizer.EOGs() {
				mask.Allow(id)
			}
		}
		return mask
	}
}

// NewVocabulary prepares a model's tokens for answers in JSON. size is how many the
// model has, at least as many as the tokenizer; control tokens are no text.
func NewVocabulary(s *openai.Settings, size int) (*grammar.Vocabulary, error) {
	texts := make([]string, size)
	for id := range s.Tokenizer.VocabSize() {
		if s.Tokenizer.Decode([]int32{int32(id)}, false) != "" {
			texts[id] = s.Tokenizer.TokenText(int32(id))
		}
	}
	return grammar.NewVocabulary(texts, s.Tokenizer.EOGs())
}
