package openai

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"moeflow/stages/sample"
	"moeflow/tokenizer"
	"moeflow/tokenizer/chat"
)

// Tokens of the tests' vocabulary beside the 256 bytes.
const (
	endID = 256 + iota // control, ends a text
	sepID              // control
	abID
	abcID
)

func testTokenizer(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	c := tokenizer.Config{Model: "gpt2", Pre: "qwen2", BOS: -1, EOS: endID, EOT: -1, Merges: []string{"a b", "ab c"}}
	next := rune(256)
	for b := range 256 {
		r := rune(b)
		if !(b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae) {
			r, next = next, next+1
		}
		c.Tokens = append(c.Tokens, string(r))
	}
	c.Tokens = append(c.Tokens, "<|im_end|>", "<|sep|>", "ab", "abc")
	c.Types = slices.Repeat([]int32{1}, len(c.Tokens))
	c.Types[endID], c.Types[sepID] = 3, 3
	tok, err := tokenizer.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func testSettings(t testing.TB) *Settings {
	t.Helper()
	tmpl, err := chat.New(`{% if x %}[{{ x }}]{% endif %}{% for m in messages %}{{ m.role }}: {{ m.content }}
{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}`, chat.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &Settings{Model: "test", Tokenizer: testTokenizer(t), Template: tmpl, Sampling: sample.Greedy(), MaxTokens: 100}
}

// TestStops: what ends an answer, however its text is cut into tokens.
func TestStops(t *testing.T) {
	tok := testTokenizer(t)
	for _, c := range []struct {
		text    string // special tokens in it are tokens
		r       Request
		want    string
		tokens  int // with a part in the answer
		stopped bool
	}{
		{"xab", Request{}, "xab", 2, false},
		{"xab>", Request{Stop: []string{"b>"}}, "xa", 2, true},
		{"x\u00e9>y", Request{Stop: []string{"\u00e9"}}, "x", 1, true},
		{"abcd", Request{Stop: []string{"bcd", "c"}}, "ab", 1, true},
		{"abcd", Request{Stop: []string{"c", "bc"}}, "a", 1, true},
		{"aab>", Request{Stop: []string{"aab>"}}, "", 0, true},
		{"abcd", Request{Stop: []string{"c"}, KeepStop: true}, "abc", 1, true},
		{"x<|sep|>y", Request{}, "xy", 3, false},
		{"x<|sep|>y", Request{Special: true}, "x<|sep|>y", 3, false},
		{"x<|sep|>y", Request{Stop: []string{"<|sep|>"}}, "x", 1, true},
		{"x<|sep|>y", Request{Stop: []string{"<|sep|>"}, KeepStop: true}, "x", 2, true},
		{"x<|sep|>y", Request{Stop: []string{"<|sep|>"}, KeepStop: true, Special: true}, "x<|sep|>", 2, true},
		{"a<|sep|>b<|im_end|>c", Request{Stop: []string{"<|im_end|>"}}, "ab", 3, true},
		{"a<|sep|>b<|im_end|>c", Request{Stop: []string{"b<|im_end|>"}}, "a", 2, true},
		{"x<|sep|>sep", Request{Stop: []string{"<|im_end|>", "sep"}}, "x", 2, true}, // not within the token
		{"x<|sep|>sep", Request{Stop: []string{"sep"}}, "x", 1, true},
		{"x<|sep|>y", Request{StopIDs: []int32{sepID}}, "x", 1, true},
		{"xyz", Request{StopIDs: []int32{'y'}}, "x", 1, true},
		{"xyz", Request{StopIDs: []int32{'y'}, KeepStop: true}, "xy", 2, true},
		{"xyz", Request{StopIDs: []int32{'z'}, Stop: []string{"y"}}, "x", 1, true},
		{"\xc3y", Request{StopIDs: []int32{'y'}}, "\ufffd", 1, true},
		{"\xc3", Request{}, "\ufffd", 1, false},
	} {
		ids := tok.Encode(c.text, true)
		a := NewAnswer(tok, &c.r)
		n := 0
		for n < len(ids) && !a.Add(ids[n]) {
			n++
		}
		text, tokens := a.Finish(ids)
		if text != c.want || tokens != c.tokens || a.Stopped() != c.stopped || c.stopped == (n == len(ids)) || a.Ends() != (c.r.Stop != nil || c.r.StopIDs != nil) {
			t.Errorf("%q with %+v: %q of %d tokens, stopped %v, after %d", c.text, c.r, text, tokens, a.Stopped(), n)
		}
		b := NewAnswer(tok, &c.r) // that saw nothing before
		if again, k := b.Finish(ids); again != text || k != tokens {
			t.Errorf("%q: %q of %d at once", c.text, again, k)
		}
	}
}

// TestBody: both kinds of response, as JSON.
func TestBody(t *testing.T) {
	s := testSettings(t)
	ids := s.Tokenizer.Encode("x\u65e5y", false)
	var probs []TokenLogProb
	for _, id := range ids {
		// Candidates that are parts of characters, and one that is the token itself.
		probs = append(probs, TokenLogProb{LogProb{id, -0.5}, []LogProb{{id, -0.5}, {0xe6, -1}, {0x97, -2}, {0xff, -3}, {abID, -4}}})
	}
	res := Result{IDs: ids, Finish: "length", LogProbs: probs, Usage: NewUsage(7, 3, len(ids))}
	encode := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	r := &Request{Kind: Text, LogProbs: 5, Stop: []string{"y"}}
	got := encode(s.Body(r, "1", 5, NewAnswer(s.Tokenizer, r), res))
	want := "{\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":5,\"model\":\"test\",\"choices\":[{\"index\":0,\"text\":\"x\u65e5\",\"logprobs\":{\"tokens\":[\"x\",\"bytes:\\\\xe6\",\"bytes:\\\\x97\",\"bytes:\\\\xa5\"]," +
		`"token_logprobs":[-0.5,-0.5,-0.5,-0.5],"top_logprobs":[{"ab":-4,"bytes:\\x97":-2,"bytes:\\xe6":-1,"bytes:\\xff":-3,"x":-0.5},` +
		`{"ab":-4,"bytes:\\x97":-2,"bytes:\\xe6":-0.5,"bytes:\\xff":-3},{"ab":-4,"bytes:\\x97":-0.5,"bytes:\\xe6":-1,"bytes:\\xff":-3},` +
		`{"ab":-4,"bytes:\\x97":-2,"bytes:\\xa5":-0.5,"bytes:\\xe6":-1,"bytes:\\xff":-3}],"text_offset":[0,1,1,1]},"finish_reason":"stop"}],` +
		`"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":3}}}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	r = &Request{Kind: Chat, LogProbs: 1}
	res.LogProbs, res.IDs = []TokenLogProb{{LogProb{0xe6, -0.25}, []LogProb{{abcID, -1}}}}, []int32{0xe6}
	got = encode(s.Body(r, "1", 0, NewAnswer(s.Tokenizer, r), res))
	want = "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":0,\"model\":\"test\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"\ufffd\"}," +
		`"logprobs":{"content":[{"token":"bytes:\\xe6","logprob":-0.25,"bytes":[230],"top_logprobs":[{"token":"abc","logprob":-1,"bytes":[97,98,99]}]}]},"finish_reason":"length"}],` +
		`"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":3}}}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// FuzzAnswer: any tokens with any stops give the same text in a stream as at once,
// of whole characters, and no stop string is in it.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("some text"), "e t", "x", uint8(0))
	f.Add([]byte("a\x00\x01b\x02\x03"), "<|sep|>", "b", uint8(1))
	f.Add([]byte("x\xe6\x97\xa5y"), "\u65e5", "y", uint8(7))
	f.Add([]byte("\xc3abab"), "abc", "bab", uint8(2))
	s := testSettings(f)
	f.Fuzz(func(t *testing.T, data []byte, stop, other string, how uint8) {
		r := &Request{Kind: Text, LogProbs: -1, KeepStop: how&1 != 0, Special: how&2 != 0}
		if how&4 != 0 {
			r.Kind, r.LogProbs = Chat, 0
		}
		if how&8 != 0 {
			r.StopIDs = []int32{'e', sepID}
		}
		for _, stop := range []string{stop, other} {
			if stop != "" && utf8.ValidString(stop) {
				r.Stop = append(r.Stop, stop)
			}
		}
		var ids []int32
		for _, b := range data { // a few bytes stand for the other tokens
			if id := int32(b); b < 4 {
				ids = append(ids, endID+id)
			} else {
				ids = append(ids, id)
			}
		}
		a := NewAnswer(s.Tokenizer, r)
		st := s.Stream(r, "1", 0, a)
		text, told := "", 0
		take := func(b *Body) {
			c := b.Choices[0]
			if p, ok := c.LogProbs.(ChatLogProbs); ok {
				told += len(p.Content)
			}
			switch {
			case c.Text != nil:
				text += *c.Text
			case c.Delta.Content != nil:
				text += *c.Delta.Content
			}
		}
		used := len(ids)
		for i, id := range ids {
			b, ends := st.Token(id, TokenLogProb{LogProb: LogProb{id, -1}})
			if b != nil {
				take(b)
			}
			if ends {
				used = i + 1
				break
			}
		}
		for _, b := range st.End("length") {
			take(b)
		}
		whole, n := NewAnswer(s.Tokenizer, r).Finish(ids[:used])
		if text != whole || !utf8.ValidString(text) || r.LogProbs >= 0 && told > n {
			t.Errorf("%v with %+v: %q in a stream with %d probabilities, %q of %d tokens at once", ids, r, text, told, whole, n)
		}
		for _, stop := range r.Stop {
			if !r.KeepStop && a.hidden == nil && strings.Contains(whole, stop) {
				t.Errorf("%q has the stop string %q", whole, stop)
			}
		}
	})
}

func ExampleSettings_Stream() {
	s := testSettings(&testing.T{})
	r := &Request{Kind: Chat, LogProbs: -1, Stop: []string{"de"}}
	stream := s.Stream(r, "7", 0, NewAnswer(s.Tokenizer, r))
	show := func(b *Body) {
		line, err := json.Marshal(b.Choices[0])
		fmt.Println(string(line), err)
	}
	for _, id := range s.Tokenizer.Encode("abcdxde", false) {
		chunk, ends := stream.Token(id, TokenLogProb{})
		if chunk != nil {
			show(chunk)
		}
		if ends {
			break
		}
	}
	for _, chunk := range stream.End("stop") {
		show(chunk)
	}
	// Output:
	// {"index":0,"delta":{"role":"assistant","content":"abc"},"logprobs":null,"finish_reason":null} <nil>
	// {"index":0,"delta":{"content":"dx"},"logprobs":null,"finish_reason":null} <nil>
	// {"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"} <nil>
}
