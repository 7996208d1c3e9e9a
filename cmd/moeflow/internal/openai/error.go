package openai

import "fmt"

// Error is what is wrong with a request.
type Error struct {
	Code    string
	Message string // one line; it begins with the field at fault, such as messages[0].role, where there is one
}

// Codes of errors. Scripts compare them, so they do not change.
const (
	CodeJSON        = "invalid_json"
	CodeMissing     = "missing_required_parameter"
	CodeValue       = "invalid_value"
	CodeUnsupported = "unsupported_parameter" // a field that would change the answer, and is not served
	CodeUnknown     = "unknown_parameter"     // a field that looks like a misspelt one
	CodeTemplate    = "chat_template"
	CodePrompt      = "invalid_prompt"
)

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func errorf(code, format string, args ...any) *Error {
	return &Error{code, fmt.Sprintf(format, args...)}
}
