package job

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"moeflow/cmd/moeflow/internal/openai"
)

// resultLine is a line of results. The record comes last: see resume.go.
type resultLine struct {
	ID       string       `json:"id"`
	CustomID *string      `json:"custom_id"`
	Response *response    `json:"response"`
	Error    *resultError `json:"error"`
	Record   record       `json:"moeflow"`
}

type resultError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Line    int    `json:"line"`
}

type response struct {
	Status    int          `json:"status_code"`
	RequestID string       `json:"request_id"`
	Body      *openai.Body `json:"body"`
}

// encodeLine writes a result as one line with its end.
func encodeLine(r *resultLine) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(r)
	return b.Bytes(), err
}

// resultHead is what every line of results begins with.
const resultHead = `{"id":"batch_req_`

func resultID(line int) string { return "batch_req_" + strconv.Itoa(line) }

// errorLine is the result of a line that could not be used.
func errorLine(e *LineError, rec record) *resultLine {
	r := &resultLine{ID: resultID(rec.Line), Record: rec,
		Error: &resultError{e.Code, strings.ReplaceAll(e.Message, "\n", " "), rec.Line}}
	if e.CustomID != "" {
		r.CustomID = &e.CustomID
	}
	return r
}

// answerLine is the result of a prompt that was answered. No time is in it, so that
// two runs give the same bytes: created is 0.
func answerLine(s *Settings, it *item, res Result) *resultLine {
	name := strconv.Itoa(it.record.Line)
	b := s.Body(it.prompt, name, 0, it.answer, openai.Result{IDs: res.IDs, Finish: res.Finish, LogProbs: res.LogProbs,
		Usage: openai.NewUsage(res.Prompt, res.Reused, len(res.IDs))})
	return &resultLine{ID: resultID(it.record.Line), CustomID: &it.customID, Record: it.record, Response: &response{200, "req_" + name, b}}
}
