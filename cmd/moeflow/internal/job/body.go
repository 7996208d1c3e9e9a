package job

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"moeflow/tokenizer/chat"
)

// Bounds of what a prompt may ask for.
const (
	maxTokens   = 1 << 24 // as run.max_tokens
	maxTop      = 20      // likeliest tokens of each position
	maxStops    = 16
	maxStopSize = 1024 // bytes
)

// plain are fields that are fine as long as they ask for nothing: the values
// that change no result. Other fields that are not known are left alone, as
// OpenAI's service leaves them alone.
var plain = map[string][]string{
	"n": {"1"}, "best_of": {"1"}, "stream": {"false"}, "echo": {"false"}, "suffix": {`""`},
	"frequency_penalty": {"0", "0.0"}, "presence_penalty": {"0", "0.0"}, "logit_bias": {"{}"},
	"functions": {"[]"}, "function_call": {`"none"`, `"auto"`}, "tool_choice": {`"auto"`, `"none"`},
	"response_format": {`{"type":"text"}`}, "modalities": {`["text"]`}, "audio": {}, "prediction": {},
	"web_search_options": {},
}

// plainOrder makes the first error the same in every run.
var plainOrder = []string{"n", "best_of", "stream", "echo", "suffix", "frequency_penalty", "presence_penalty",
	"logit_bias", "functions", "function_call", "tool_choice", "response_format", "modalities", "audio",
	"prediction", "web_search_options"}

// refuse fails on what would change the result and cannot be had.
func (f *fields) refuse() {
	for _, name := range plainOrder {
		raw, ok := f.get(name)
		if !ok {
			continue
		}
		var b bytes.Buffer
		fine := false
		if json.Compact(&b, raw) == nil {
			for _, v := range plain[name] {
				fine = fine || b.String() == v
			}
		}
		if !fine {
			f.fail(codeNo, "%s is %s, which is not supported%s", name, shortened(b.String()), instead(name))
			return
		}
	}
}

func instead(name string) string {
	if allowed := plain[name]; len(allowed) > 0 {
		return ": leave it out or make it " + strings.Join(allowed, " or ")
	}
	return ": leave it out"
}

// sampling reads what says how tokens are picked, and when the answer ends.
// Beside OpenAI's fields these are top_k, min_p, repeat_penalty and ignore_eos.
func (f *fields) sampling(p *Prompt, isChat bool) {
	p.Temperature = f.number("temperature", 0, 100)
	p.TopP = f.number("top_p", 0, 1)
	if p.TopP != nil && *p.TopP == 0 {
		*p.TopP = math.SmallestNonzeroFloat32 // OpenAI allows 0: the likeliest token alone
	}
	p.MinP = f.number("min_p", 0, 1)
	if p.RepeatPenalty = f.number("repeat_penalty", 0, 100); p.RepeatPenalty != nil && *p.RepeatPenalty == 0 {
		f.fail(codeValue, "repeat_penalty is 0, want more; 1 is off")
	}
	if k := f.whole("top_k", 0, math.MaxInt32); k != nil {
		n := int(*k)
		p.TopK = &n
	}
	if s := f.whole("seed", math.MinInt64, math.MaxInt64); s != nil {
		n := uint64(*s)
		p.Seed = &n
	}
	p.IgnoreEOS = f.flag("ignore_eos")
	f.most(p)
	f.stops(p)
	if isChat {
		f.chatLogProbs(p)
	} else if n := f.whole("logprobs", 0, maxTop); n != nil {
		p.LogProbs = int(*n)
	}
}

// most reads how many tokens there may be, under both of OpenAI's names.
func (f *fields) most(p *Prompt) {
	a, b := f.whole("max_tokens", 1, maxTokens), f.whole("max_completion_tokens", 1, maxTokens)
	switch {
	case a != nil && b != nil && *a != *b:
		f.fail(codeValue, "max_tokens is %d and max_completion_tokens is %d: give one", *a, *b)
	case b != nil:
		p.MaxTokens = int(*b)
	case a != nil:
		p.MaxTokens = int(*a)
	}
}

func (f *fields) stops(p *Prompt) {
	raw, ok := f.get("stop")
	if !ok {
		return
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		p.Stop = []string{one}
	} else if !allStrings(raw, &p.Stop) {
		f.wrong("stop", raw, "a string or a list of strings")
		return
	}
	if len(p.Stop) > maxStops {
		f.fail(codeValue, "stop has %d strings, want at most %d", len(p.Stop), maxStops)
	}
	for _, s := range p.Stop {
		if s == "" || len(s) > maxStopSize {
			f.fail(codeValue, "stop has a string of %d bytes, want 1 to %d", len(s), maxStopSize)
		}
	}
}

// allStrings reads a list of strings; null is none.
func allStrings(raw json.RawMessage, to *[]string) bool {
	var list []*string
	if json.Unmarshal(raw, &list) != nil {
		return false
	}
	for _, s := range list {
		if s == nil {
			return false
		}
		*to = append(*to, *s)
	}
	return true
}

func (f *fields) chatLogProbs(p *Prompt) {
	on, top := f.flag("logprobs"), f.whole("top_logprobs", 0, maxTop)
	switch wanted := on != nil && *on; {
	case wanted && top != nil:
		p.LogProbs = int(*top)
	case wanted:
		p.LogProbs = 0
	case top != nil && *top > 0:
		f.fail(codeValue, "top_logprobs is %d and logprobs is not true", *top)
	}
}

// prompt reads the text, or the tokens, that are continued. A list of one prompt
// is that prompt, and longer ones are refused: a line has one result.
func (f *fields) prompt(p *Prompt) {
	raw, ok := f.get("prompt")
	if !ok {
		if _, chats := f.get("messages"); chats {
			f.fail(codeMissing, `prompt is missing; messages are for "/v1/chat/completions"`)
		}
		f.missing("prompt", false)
		return
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 && kindOf(list[0]) != "a number" {
		if len(list) > 1 {
			f.fail(codeNo, "prompt is a list of %d, want one: give each a line of its own", len(list))
			return
		}
		raw = list[0]
	}
	switch kindOf(raw) {
	case "a string":
		if json.Unmarshal(raw, &p.Text) != nil {
			f.wrong("prompt", raw, "a string")
		}
		if p.Text == "" {
			f.fail(codePrompt, "prompt is empty")
		}
	case "a list":
		if json.Unmarshal(raw, &p.IDs) != nil {
			f.wrong("prompt", raw, "a list of token ids")
		} else if len(p.IDs) == 0 {
			f.fail(codePrompt, "prompt is empty")
		}
	default:
		f.wrong("prompt", raw, "a string or a list of token ids")
	}
}

// messages reads a conversation and its tools.
func (f *fields) messages(p *Prompt) {
	raw, ok := f.get("messages")
	if f.missing("messages", ok) {
		return
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		f.wrong("messages", raw, "a list of objects")
		return
	}
	if len(list) == 0 {
		f.fail(codePrompt, "messages is empty")
	}
	for i, raw := range list {
		if f.err != nil {
			return
		}
		m := &fields{at: fmt.Sprintf("%smessages[%d].", f.at, i)}
		p.Messages = append(p.Messages, m.message(raw))
		f.err = m.err
	}
	// Under tool_choice "none" the model is told of no tools.
	choice, _ := f.get("tool_choice")
	if tools, ok := f.get("tools"); ok && string(choice) != `"none"` {
		list, err := chat.ParseTools(tools)
		if err != nil {
			f.fail(codeValue, "%v", err)
		}
		p.Tools = list
	}
}

// message reads one turn. The parts of a content that is a list are joined by
// line ends; only text can be had.
func (m *fields) message(raw json.RawMessage) chat.Message {
	if json.Unmarshal(raw, &m.m) != nil || m.m == nil {
		m.at = strings.TrimSuffix(m.at, ".")
		m.fail(codeValue, " is %s, want an object", kindOf(raw))
		return nil
	}
	out := chat.Message{}
	role, ok := m.text("role")
	if m.missing("role", ok) {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(m.m)) {
		v, err := chat.DecodeJSON(m.m[name])
		if err != nil {
			m.fail(codeValue, "%s: %v", shortened(name), err)
			return nil
		}
		out[name] = v
	}
	out["role"] = role
	content, ok := m.get("content")
	switch {
	case !ok:
		_, calls := m.get("tool_calls")
		if !calls {
			m.missing("content", false)
		}
		out["content"] = ""
	case kindOf(content) == "a string":
	case kindOf(content) == "a list":
		out["content"] = m.parts(content)
	default:
		m.wrong("content", content, "a string or a list of parts")
	}
	return out
}

func (m *fields) parts(raw json.RawMessage) string {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		m.wrong("content", raw, "a list of parts")
		return ""
	}
	var texts []string
	for i, raw := range list {
		p := &fields{at: fmt.Sprintf("%scontent[%d].", m.at, i)}
		if json.Unmarshal(raw, &p.m) != nil || p.m == nil {
			p.wrong("part", raw, "an object")
		} else if kind, _ := p.text("type"); kind != "text" {
			p.fail(codeNo, "type is %s, which is not supported: want \"text\"", quoted(kind))
		}
		text, ok := p.text("text")
		p.missing("text", ok)
		if m.err == nil {
			m.err = p.err
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "\n")
}
