package openai

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"moeflow/tokenizer/chat"
)

// Bounds of what a request may ask for.
const (
	MaxTokens    = 1 << 24 // as run.max_tokens
	MaxLogProbs  = 20      // likeliest tokens of each position
	maxStops     = 16
	maxStopIDs   = 128
	maxStopBytes = 1024
	maxPenalty   = 100
	maxBias      = 1024 // tokens with a bias
)

// Request is a request, read. What it leaves nil or 0 is for [Settings] to say.
type Request struct {
	Kind  Kind
	Model string

	// One of these three is there.
	Messages []chat.Message
	Text     string
	IDs      []int32

	Tools              []any
	Variables          map[string]any // of the chat template
	NoGenerationPrompt bool           // the prompt does not end with the beginning of an answer

	MaxTokens int
	Sampling  Sampling
	IgnoreEOS *bool
	Stop      []string // texts that end the answer
	StopIDs   []int32  // tokens that do
	KeepStop  bool     // what ended the answer is its end
	Special   bool     // control tokens are part of the answer's text
	LogProbs  int      // -1: none; else how many likeliest tokens beside the one taken

	Stream, IncludeUsage bool
	Live                 Live
}

// Parse reads a request of a kind. Fields that change no answer are ignored, and
// all that change one are read or are errors.
func Parse(kind Kind, o *Object) (*Request, *Error) {
	r := &Request{Kind: kind, LogProbs: -1}
	names := slices.Sorted(maps.Keys(o.m)) // so that the first error is the same in every run
	for _, name := range names {
		o.refuse(kind, name)
	}
	if raw, ok := o.Get("model"); ok && json.Unmarshal(raw, &r.Model) != nil {
		r.Model = "" // whatever it is, the answer is the same
	}
	for _, name := range names {
		_, ok := o.Get(name)
		if f, _ := o.field(name); ok && f.read != nil && f.kinds&kind != 0 && o.Err == nil {
			f.read(o, r)
		}
	}
	need := "prompt"
	if kind == Chat {
		need = "messages"
	}
	_, ok := o.Get(need)
	if o.Missing(need, ok) {
		return nil, o.Err
	}
	if o.live {
		r.Live.settle(o, r)
	}
	if o.Err != nil {
		return nil, o.Err
	}
	return r, nil
}

// refuse fails on a field that would change the answer and is not served.
func (o *Object) refuse(kind Kind, name string) {
	raw, ok := o.Get(name)
	f, known := o.field(name)
	if !ok || o.Err != nil || harmless[name] && f.read == nil {
		return
	}
	switch {
	case !known && o.live:
	case !known:
		if n := nearest(name, namesOf(kind)); n != "" && !harmless[n] {
			o.Fail(CodeUnknown, "%s is not a known field, the nearest is %q", Shortened(name), n)
		}
	case f.read != nil && f.kinds&kind != 0 || f.takes(raw):
	case f.instead != "":
		o.Fail(CodeUnsupported, "%s is not supported: give %s", name, f.instead)
	case f.kinds&kind == 0:
		o.Fail(CodeUnsupported, "%s is a field of %s, this is a request of %s: leave it out", name, f.kinds, kind)
	default:
		o.Fail(CodeUnsupported, "%s is %s, which is not supported%s", name, Shortened(compact(raw)), f.advice())
	}
}

func namesOf(kind Kind) []string {
	names := slices.Collect(maps.Keys(harmless))
	for name, f := range fields {
		if f.kinds&kind != 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// advice ends the message of a field that is not served.
func (f *field) advice() string {
	if len(f.plain) > 0 {
		return ": leave it out or make it " + strings.Join(f.plain, " or ")
	}
	return ": leave it out"
}

// takes tells whether a value of a field that is not served asks for nothing.
func (f *field) takes(raw json.RawMessage) bool {
	var v, plain any
	if f.read != nil || json.Unmarshal(raw, &v) != nil {
		return false
	}
	for _, p := range f.plain {
		if json.Unmarshal([]byte(p), &plain) == nil && reflect.DeepEqual(v, plain) {
			return true
		}
	}
	return false
}

func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

// is tells whether a flag is there and has a value.
func (o *Object) is(name string, v bool) bool {
	b := o.flag(name)
	return b != nil && *b == v
}

// readMaxTokens reads how many tokens there may be, under both of OpenAI's names.
func readMaxTokens(o *Object, r *Request) {
	a, b := o.whole("max_tokens", 1, MaxTokens), o.whole("max_completion_tokens", 1, MaxTokens)
	switch {
	case a != nil && b != nil && *a != *b:
		o.Fail(CodeValue, "max_tokens is %d and max_completion_tokens is %d: give one", *a, *b)
	case b != nil:
		r.MaxTokens = int(*b)
	case a != nil:
		r.MaxTokens = int(*a)
	}
}

func readStop(o *Object, r *Request) {
	r.Stop = o.texts("stop")
	if len(r.Stop) > maxStops {
		o.Fail(CodeValue, "stop has %d strings, want at most %d", len(r.Stop), maxStops)
	}
	for _, s := range r.Stop {
		if s == "" || len(s) > maxStopBytes {
			o.Fail(CodeValue, "stop has a string of %d bytes, want 1 to %d", len(s), maxStopBytes)
		}
	}
}

func readStopIDs(o *Object, r *Request) {
	raw, _ := o.Get("stop_token_ids")
	if r.StopIDs = o.ids("stop_token_ids", raw); len(r.StopIDs) > maxStopIDs {
		o.Fail(CodeValue, "stop_token_ids has %d tokens, want at most %d", len(r.StopIDs), maxStopIDs)
	}
}

// readLogProbs reads a number in a text completion, and two fields in a chat.
func readLogProbs(o *Object, r *Request) {
	if r.Kind == Text {
		if n := o.whole("logprobs", 0, MaxLogProbs); n != nil {
			r.LogProbs = int(*n)
		}
		return
	}
	on, top := o.is("logprobs", true), o.whole("top_logprobs", 0, MaxLogProbs)
	switch {
	case on && top != nil:
		r.LogProbs = int(*top)
	case on:
		r.LogProbs = 0
	case top != nil && *top > 0:
		o.Fail(CodeValue, "top_logprobs is %d and logprobs is not true", *top)
	}
}

// readOptions refuses ollama's object of parameters. A list is none of those: files of
// questions have the possible answers under that name.
func readOptions(o *Object, r *Request) {
	raw, _ := o.Get("options")
	if kindOf(raw) == "an object" && compact(raw) != "{}" {
		o.Fail(CodeUnsupported, "options is not supported: give its fields beside the others")
	}
}

// readAddSpecial takes what is done anyway: a text begins as the model file says,
// and a chat template writes such tokens itself.
func readAddSpecial(o *Object, r *Request) {
	if on := o.flag("add_special_tokens"); on != nil && *on != (r.Kind == Text) {
		o.Fail(CodeUnsupported, "add_special_tokens is %v, which is not supported in a request of %s: leave it out", *on, r.Kind)
	}
}

func readStreamOptions(o *Object, r *Request) {
	raw, _ := o.Get("stream_options")
	options := o.object("stream_options", raw)
	r.IncludeUsage = options.is("include_usage", true)
	if o.Err == nil {
		o.Err = options.Err
	}
}
