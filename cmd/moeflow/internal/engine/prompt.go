package engine

import "fmt"

// PromptError is what is wrong with a prompt itself: computing the prompt again
// gives the same error. All other errors are failures of the engine.
type PromptError struct{ Err error }

func (e *PromptError) Error() string { return e.Err.Error() }
func (e *PromptError) Unwrap() error { return e.Err }

// CheckPrompt tells what is wrong with a prompt before any of it is computed.
func (e *Engine) CheckPrompt(ids []int32) error {
	if len(ids) == 0 {
		return &PromptError{fmt.Errorf("the prompt is empty")}
	}
	if len(ids) > e.Context {
		return &PromptError{fmt.Errorf("the prompt has %d tokens, the context holds %d: raise context.length or shorten it", len(ids), e.Context)}
	}
	for i, id := range ids {
		if id < 0 || int(id) >= e.Model.Vocab {
			return &PromptError{fmt.Errorf("token %d of the prompt is %d, the vocabulary has 0 to %d", i, id, e.Model.Vocab-1)}
		}
	}
	return nil
}
