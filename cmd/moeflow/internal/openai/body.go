package openai

// Body is a chat.completion or a text_completion, or a chunk of one.
type Body struct {
	ID      string   `json:"id"`
	Object  string   `json:"object"`
	Created int64    `json:"created"` // seconds of Unix time
	Model   string   `json:"model"`
	Choices []Choice `json:"choices"`
	Usage   *Usage   `json:"usage,omitempty"`
	Timings any      `json:"timings,omitempty"` // of servers
}

// Choice is the answer, or the next piece of it. Message, Delta and Text exclude
// each other.
type Choice struct {
	Index    int      `json:"index"`
	Message  *Message `json:"message,omitempty"`
	Delta    *Delta   `json:"delta,omitempty"`
	Text     *string  `json:"text,omitempty"`
	LogProbs any      `json:"logprobs"`      // *ChatLogProbs, *TextLogProbs or nil
	Finish   *string  `json:"finish_reason"` // "stop", "length" or "tool_calls"; nil within a stream
}

// Message is the turn of the model in a chat.
type Message struct {
	Role      string     `json:"role"`
	Content   string     `json:"content"`
	Reasoning string     `json:"reasoning_content,omitempty"`
	ToolCalls []ToolCall `json:"tool_calls,omitempty"`
}

// ToolCall is a call of a function, or a piece of one: then Index tells which, and
// the first piece has the ID, the type and the name.
type ToolCall struct {
	Index    *int     `json:"index,omitempty"`
	ID       string   `json:"id,omitempty"`
	Type     string   `json:"type,omitempty"` // "function"
	Function Function `json:"function"`
}

// Function is what is called with which arguments, a JSON object.
type Function struct {
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments"`
}

// Delta is a piece of that turn. The first one has the role.
type Delta struct {
	Role      string     `json:"role,omitempty"`
	Content   *string    `json:"content,omitempty"`
	Reasoning *string    `json:"reasoning_content,omitempty"`
	ToolCalls []ToolCall `json:"tool_calls,omitempty"`
}

// Usage counts tokens.
type Usage struct {
	Prompt     int           `json:"prompt_tokens"`
	Completion int           `json:"completion_tokens"`
	Total      int           `json:"total_tokens"`
	Details    PromptDetails `json:"prompt_tokens_details"`
}

// PromptDetails says how many tokens of the prompt were not computed again.
type PromptDetails struct {
	Cached int `json:"cached_tokens"`
}

// NewUsage counts the tokens of a prompt, of which some were not computed again,
// and of its answer.
func NewUsage(prompt, cached, completion int) *Usage {
	return &Usage{prompt, completion, prompt + completion, PromptDetails{cached}}
}

// Result is what came of a request.
type Result struct {
	IDs      []int32 // of the answer
	Finish   string  // why the model ended: "stop" or "length"
	LogProbs []TokenLogProb
	Usage    *Usage
}

// Body is the whole response to a request. id is its own name, without the kind.
func (s *Settings) Body(r *Request, id string, created int64, a *Answer, res Result) *Body {
	text, n := a.Finish(res.IDs)
	c := Choice{Finish: &res.Finish}
	if a.Stopped() {
		stop := "stop"
		c.Finish = &stop
	}
	b := &Body{Created: created, Model: s.Model, Usage: res.Usage}
	if r.Kind == Chat {
		b.ID, b.Object = "chatcmpl-"+id, "chat.completion"
		c.Message = &Message{Role: "assistant", Content: text}
	} else {
		b.ID, b.Object = "cmpl-"+id, "text_completion"
		c.Text = &text
	}
	if r.LogProbs >= 0 {
		probs := res.LogProbs[:min(n, len(res.LogProbs))]
		if r.Kind == Chat {
			c.LogProbs = newChatLogProbs(s.Tokenizer, probs)
		} else {
			c.LogProbs = newTextLogProbs(s.Tokenizer, probs, a, 0)
		}
	}
	b.Choices = []Choice{c}
	return b
}
