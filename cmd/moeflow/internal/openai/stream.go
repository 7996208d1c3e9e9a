package openai

// Stream makes the chunks of a streamed response: Token as the tokens come, End at
// the end, and Usage if the request asks for it.
type Stream struct {
	settings *Settings
	request  *Request
	answer   *Answer
	id       string
	created  int64
	role     bool           // a chunk with the role was made
	probs    []TokenLogProb // of the tokens that no chunk has yet
	told     int            // tokens before these
}

// Stream begins the stream of an answer. The arguments are those of Body.
func (s *Settings) Stream(r *Request, id string, created int64, a *Answer) *Stream {
	return &Stream{settings: s, request: r, answer: a, id: id, created: created}
}

// Token takes a token of the answer, with its log probabilities if the request asks
// for them. It gives the next chunk, nil if no text has become certain, and tells
// whether the answer ends before or in this token.
func (st *Stream) Token(id int32, p TokenLogProb) (chunk *Body, ends bool) {
	ends = st.answer.Add(id)
	if st.request.LogProbs >= 0 {
		st.probs = append(st.probs, p)
	}
	return st.next(), ends
}

// next is a chunk of the text that has become certain.
func (st *Stream) next() *Body {
	text := st.answer.Next()
	if text == "" {
		return nil
	}
	b := st.chunk(text)
	n := 0
	for n < len(st.probs) && st.answer.starts[st.told+n] < st.answer.given {
		n++
	}
	if st.request.LogProbs >= 0 {
		b.Choices[0].LogProbs = st.logProbs(st.probs[:n])
	}
	st.probs, st.told = st.probs[n:], st.told+n
	return b
}

func (st *Stream) logProbs(probs []TokenLogProb) any {
	if st.request.Kind == Chat {
		return newChatLogProbs(st.settings.Tokenizer, probs)
	}
	return newTextLogProbs(st.settings.Tokenizer, probs, st.answer, st.told)
}

// chunk is one with a text, and with the role if it is the first one of a chat.
func (st *Stream) chunk(text string) *Body {
	c := Choice{}
	b := &Body{ID: "cmpl-" + st.id, Object: "text_completion", Created: st.created, Model: st.settings.Model}
	if st.request.Kind == Chat {
		b.ID, b.Object = "chatcmpl-"+st.id, "chat.completion.chunk"
		c.Delta = &Delta{Content: &text}
		if !st.role {
			c.Delta.Role, st.role = "assistant", true
		}
	} else {
		c.Text = &text
	}
	b.Choices = []Choice{c}
	return b
}

// End gives the last chunks: what is left of the text, if anything is, and the
// reason why the answer ends. finish is why the model ended, as in Result.
func (st *Stream) End(finish string) []*Body {
	var out []*Body
	st.answer.Finish(nil)
	if b := st.next(); b != nil {
		out = append(out, b)
	}
	if st.answer.Stopped() {
		finish = "stop"
	}
	last := st.chunk("")
	if last.Choices[0].Finish = &finish; last.Choices[0].Delta != nil && last.Choices[0].Delta.Role == "" {
		last.Choices[0].Delta = &Delta{}
	}
	return append(out, last)
}

// Usage is the chunk behind the last one, for requests with IncludeUsage.
func (st *Stream) Usage(u *Usage) *Body {
	b := st.chunk("")
	b.Choices, b.Usage = []Choice{}, u
	return b
}
