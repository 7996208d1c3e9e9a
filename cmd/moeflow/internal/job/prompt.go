package job

import (
	"fmt"

	"moeflow/tokenizer/chat"
)

// Prompt is a line of prompts, read. Of what it leaves nil the job's own value
// counts.
type Prompt struct {
	CustomID string
	Chat     bool // answered as a chat completion rather than a text completion

	// One of these three is there.
	Messages []chat.Message
	Text     string
	IDs      []int32

	Tools         []any
	MaxTokens     int // 0: the job's
	Temperature   *float64
	TopK          *int
	TopP          *float64
	MinP          *float64
	RepeatPenalty *float64
	Seed          *uint64
	Stop          []string
	IgnoreEOS     *bool
	LogProbs      int // -1: none; else how many likeliest tokens beside the one taken
}

// LineError is what is wrong with one line: the error of its result.
type LineError struct {
	Code    string // one of the codes below
	Message string // one line
	// CustomID is that of the prompt if it could be read and is its own.
	CustomID string
}

// Codes of errors. Scripts compare them, so they do not change.
const (
	codeEncoding  = "invalid_utf8"
	codeLong      = "line_too_long"
	codeJSON      = "invalid_json_line"
	codeMissing   = "missing_required_parameter"
	codeDuplicate = "duplicate_custom_id"
	codeMethod    = "invalid_method"
	codeURL       = "invalid_url"
	codeValue     = "invalid_value"
	codeNo        = "unsupported_parameter"
	codeTemplate  = "chat_template"
	codePrompt    = "invalid_prompt"
	codeEngine    = "engine_error" // not the prompt's fault: a resumed job computes it again
)

func (e *LineError) Error() string { return e.Code + ": " + e.Message }

func lineErrorf(code, format string, args ...any) *LineError {
	return &LineError{Code: code, Message: fmt.Sprintf(format, args...)}
}
