package toolcall

import "strings"

// Calls is the form in which a model writes calls.
type Calls uint8

// The forms.
const (
	NoCalls Calls = iota // the template shows none
	XML                  // Qwen3-Coder's
	JSON                 // Qwen2.5's, Qwen3's and Hermes'
)

// Format is what a model's text may hold beside content.
type Format struct {
	Calls    Calls
	Thinking bool // blocks <think>...</think>
}

// FormatOf looks at a chat template for the form that it teaches the model.
func FormatOf(template string) Format {
	f := Format{Thinking: strings.Contains(template, "<think>")}
	switch {
	case strings.Contains(template, functionTag) && strings.Contains(template, parameterTag):
		f.Calls = XML
	case strings.Contains(template, callTag):
		f.Calls = JSON
	}
	return f
}

// Begin is the text with which a call of the named tool begins: a prompt that ends
// with it leaves the model no choice. The parser is given that text before what
// the model says.
func (f Format) Begin(name string) string {
	switch f.Calls {
	case XML:
		return callTag + "\n" + functionTag + name + ">\n"
	case JSON:
		return callTag + "\n{\"name\": " + quoted(name) + ", \"arguments\": "
	}
	return ""
}

// ThinkingIn is whether a prompt ends inside of a block of thinking, so that the
// model's text begins there: some templates open the block themselves.
func (f Format) ThinkingIn(prompt string) bool {
	return f.Thinking && strings.LastIndex(prompt, thinkTag) > strings.LastIndex(prompt, thinkEnd) &&
		strings.HasSuffix(strings.TrimRight(prompt, space), thinkTag)
}
