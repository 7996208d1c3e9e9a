package serve

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/cmd/moeflow/internal/openai"
)

// apiError is what went wrong, in a form that each interface can write.
type apiError struct {
	status  int
	code    string // of OpenAI's form
	param   string // the field at fault, if one is
	message string
	retry   int // seconds after which to try again; 0: not said
}

func (e *apiError) Error() string { return e.message }

// codeLength is the code of a prompt that is too long; clients shorten the
// conversation when they see it.
const codeLength = "context_length_exceeded"

// kinds are the types of errors by status: OpenAI's, and Anthropic's.
var kinds = map[int][2]string{
	http.StatusBadRequest:            {"invalid_request_error", "invalid_request_error"},
	http.StatusUnauthorized:          {"authentication_error", "authentication_error"},
	http.StatusForbidden:             {"permission_error", "permission_error"},
	http.StatusNotFound:              {"not_found_error", "not_found_error"},
	http.StatusMethodNotAllowed:      {"invalid_request_error", "invalid_request_error"},
	http.StatusRequestEntityTooLarge: {"invalid_request_error", "request_too_large"},
	http.StatusMisdirectedRequest:    {"invalid_request_error", "invalid_request_error"},
	http.StatusTooManyRequests:       {"rate_limit_error", "rate_limit_error"},
	http.StatusInternalServerError:   {"server_error", "api_error"},
	http.StatusServiceUnavailable:    {"server_error", "overloaded_error"},
}

// openAI is the error in OpenAI's form.
func (e *apiError) openAI() any {
	body := map[string]any{"message": e.message, "type": kinds[e.status][0], "param": nil, "code": nil}
	if e.param != "" {
		body["param"] = e.param
	}
	if e.code != "" {
		body["code"] = e.code
	}
	return map[string]any{"error": body}
}

// anthropic is the error in Anthropic's form.
func (e *apiError) anthropic(id string) any {
	return map[string]any{"type": "error", "error": map[string]any{"type": kinds[e.status][1], "message": e.message}, "request_id": id}
}

// isAnthropic tells whether a path is one of Anthropic's interface.
func isAnthropic(path string) bool { return strings.HasPrefix(path, "/v1/messages") }

// fail answers a request with an error.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, e *apiError) {
	if e.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.retry))
	}
	body := e.openAI()
	if isAnthropic(r.URL.Path) {
		body = e.anthropic(requestID(r.Context()))
	}
	note(r.Context(), e)
	writeJSON(w, e.status, body)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	b, err := json.Marshal(v)
	if err != nil { // nothing that is written here can fail
		status, b = http.StatusInternalServerError, []byte(`{"error":{"message":"the answer is no JSON","type":"server_error"}}`)
	}
	w.WriteHeader(status)
	w.Write(append(b, '\n'))
}

func badRequest(code, param, message string) *apiError {
	return &apiError{status: http.StatusBadRequest, code: code, param: param, message: message}
}

// fieldName is a field at the beginning of a message, such as messages[0].role.
var fieldName = regexp.MustCompile(`^[a-z_]+(\[\d+\])?(\.[a-zA-Z_]+(\[\d+\])?)* `)

// fromOpenAI is an error of a body.
func fromOpenAI(e *openai.Error) *apiError {
	return badRequest(e.Code, strings.TrimSpace(fieldName.FindString(e.Message)), e.Message)
}

// fromEngine is an error of an engine, or of a request that the engine refused.
func fromEngine(err error) *apiError {
	bad := new(engine.PromptError)
	switch {
	case errors.As(err, &bad):
		return badRequest(openai.CodePrompt, "", bad.Error())
	case errors.Is(err, generate.ErrFull):
		return &apiError{status: http.StatusTooManyRequests, code: "queue_full", message: err.Error() + ": try again later", retry: 1}
	case errors.Is(err, generate.ErrClosed), errors.Is(err, context.Canceled):
		return shuttingDown()
	}
	return &apiError{status: http.StatusInternalServerError, code: "engine_error", message: "the engine failed: " + err.Error(), retry: 5}
}

func shuttingDown() *apiError {
	return &apiError{status: http.StatusServiceUnavailable, code: "shutting_down", message: "the server is shutting down", retry: 5}
}
