package job

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"moeflow/tokenizer"
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
	Status    int    `json:"status_code"`
	RequestID string `json:"request_id"`
	Body      body   `json:"body"`
}

// body is a chat.completion or a text_completion. No time is in it, so that two
// runs give the same bytes: created is 0.
type body struct {
	ID      string   `json:"id"`
	Object  string   `json:"object"`
	Created int      `json:"created"`
	Model   string   `json:"model"`
	Choices []choice `json:"choices"`
	Usage   usage    `json:"usage"`
}

type choice struct {
	Index    int      `json:"index"`
	Message  *message `json:"message,omitempty"`
	Text     *string  `json:"text,omitempty"`
	LogProbs any      `json:"logprobs"`
	Finish   string   `json:"finish_reason"`
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type usage struct {
	Prompt     int           `json:"prompt_tokens"`
	Completion int           `json:"completion_tokens"`
	Total      int           `json:"total_tokens"`
	Details    promptDetails `json:"prompt_tokens_details"`
}

type promptDetails struct {
	Cached int `json:"cached_tokens"`
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

// answerLine is the result of a prompt that was answered.
func answerLine(s *Settings, it *item, res Result, rec record) *resultLine {
	text, n := it.answer.finish(res.IDs)
	name := strconv.Itoa(rec.Line)
	c := choice{Finish: res.Finish}
	if it.answer.cut >= 0 {
		c.Finish = "stop"
	}
	b := body{ID: "cmpl-" + name, Object: "text_completion", Model: s.Model,
		Usage: usage{res.Prompt, len(res.IDs), res.Prompt + len(res.IDs), promptDetails{res.Reused}}}
	if it.chat {
		b.ID, b.Object = "chatcmpl-"+name, "chat.completion"
		c.Message = &message{"assistant", text}
	} else {
		c.Text = &text
	}
	if it.logProbs {
		probs := res.LogProbs[:min(n, len(res.LogProbs))]
		if it.chat {
			c.LogProbs = chatLogProbs(s.Tokenizer, probs)
		} else {
			c.LogProbs = textLogProbs(s.Tokenizer, probs, it.answer)
		}
	}
	b.Choices = []choice{c}
	return &resultLine{ID: resultID(rec.Line), CustomID: &it.customID, Record: rec,
		Response: &response{200, "req_" + name, b}}
}

// chatToken is a token in the logprobs of a chat completion.
type chatToken struct {
	Token   string  `json:"token"`
	LogProb float32 `json:"logprob"`
	Bytes   []int   `json:"bytes"`
}

type chatProb struct {
	chatToken
	Top []chatToken `json:"top_logprobs"`
}

type chatProbs struct {
	Content []chatProb `json:"content"`
}

func chatLogProbs(t *tokenizer.Tokenizer, probs []TokenLogProb) chatProbs {
	out := chatProbs{[]chatProb{}}
	for _, p := range probs {
		top := make([]chatToken, 0, len(p.Top))
		for _, q := range p.Top {
			top = append(top, newChatToken(t, q))
		}
		out.Content = append(out.Content, chatProb{newChatToken(t, p.LogProb), top})
	}
	return out
}

func newChatToken(t *tokenizer.Tokenizer, p LogProb) chatToken {
	text := t.TokenText(p.ID)
	b := make([]int, len(text))
	for i := range b {
		b[i] = int(text[i])
	}
	return chatToken{Token: strings.ToValidUTF8(text, "\ufffd"), LogProb: finite(p.LogProb), Bytes: b}
}

// finite is the logarithm of a probability as JSON can hold it: OpenAI writes
// -9999 for what cannot happen.
func finite(v float32) float32 {
	if f := float64(v); math.IsInf(f, 0) || math.IsNaN(f) {
		return -9999
	}
	return v
}

// textProbs are the logprobs of a text completion.
type textProbs struct {
	Tokens  []string             `json:"tokens"`
	Probs   []float32            `json:"token_logprobs"`
	Top     []map[string]float32 `json:"top_logprobs"`
	Offsets []int                `json:"text_offset"` // in characters of the answer
}

func textLogProbs(t *tokenizer.Tokenizer, probs []TokenLogProb, a *answer) textProbs {
	out := textProbs{[]string{}, []float32{}, []map[string]float32{}, []int{}}
	runes, at := 0, 0
	for i, p := range probs {
		runes, at = runes+utf8.RuneCount(a.text[at:a.starts[i]]), a.starts[i]
		out.Tokens = append(out.Tokens, strings.ToValidUTF8(t.TokenText(p.ID), "\ufffd"))
		out.Probs = append(out.Probs, finite(p.LogProb.LogProb))
		top := map[string]float32{}
		for _, q := range append([]LogProb{p.LogProb}, p.Top...) {
			name := strings.ToValidUTF8(t.TokenText(q.ID), "\ufffd")
			if _, taken := top[name]; !taken { // the likelier of two that look alike
				top[name] = finite(q.LogProb)
			}
		}
		out.Top = append(out.Top, top)
		out.Offsets = append(out.Offsets, runes)
	}
	return out
}
