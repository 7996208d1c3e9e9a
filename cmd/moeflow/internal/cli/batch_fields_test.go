package cli

import (
	"fmt"
	"strings"
	"testing"
)

// TestBatchFields: fields of other services, as their clients write them, on the
// shipped model.
func TestBatchFields(t *testing.T) {
	const greedy = `"max_tokens":12.0,"temperature":0,"ignore_eos":true,"logit_bias":{"320":-100}`
	lines := []string{
		`{"prompt":"func main() {",` + greedy + `,"skip_special_tokens":false}`,
		`{"prompt":"func main() {",` + greedy + `,"stop":"<|endoftext|>"}`,
		`{"prompt":"func main() {","max_tokens":24,"temperature":0,"stop_token_ids":[320]}`,
		`{"prompt":"func main() {","max_tokens":24,"temperature":0,"repetition_penalty":1.9}`,
		`{"prompt":"func main() {","max_tokens":24,"temperature":0,"repeat_penalty":1.9}`,
		`{"prompt":"func main() {","max_tokens":24,"temperature":0,"top_k":-1}`,
		`{"prompt":"func main() {","max_tokens":24,"temperature":0}`,
		`{"prompt":"func main() {","max_tokens":24,"temperature":0,"presence_penalty":2,"frequency_penalty":2}`,
		`{"prompt":"func main() {","min_tokens":5}`,
		`{"prompt":"func main() {","temprature":0}`,
	}
	got := batchResults(t, ok(t, moeflowWith(t, strings.Join(lines, "\n"), "batch", "-")))
	// Token 320 is likeliest at first; without it the text ends, and then goes on.
	for line, want := range map[int]string{1: "length: }\n<|endoftext|>", 2: "stop: }\n", 3: "stop: ", 9: "error unsupported_parameter", 10: "error unknown_parameter"} {
		if text := got[line].text(); !strings.HasPrefix(text, want) || line > 1 && text != want {
			t.Errorf("line %d: %q, want %q", line, text, want)
		}
	}
	if a, b := got[4].text(), got[5].text(); a != b || a == got[7].text() {
		t.Errorf("with penalties %q and %q, without %q", a, b, got[7].text())
	}
	if a, b := got[6].text(), got[7].text(); a != b || got[8].text() == b {
		t.Errorf("without top_k %q and %q, with penalties %q", a, b, got[8].text())
	}
}

// TestBatchPartsOfCharacters: where the likeliest tokens are parts of characters,
// each keeps a name of its own, and its bytes.
func TestBatchPartsOfCharacters(t *testing.T) {
	var lines []string
	for seed := range 6 {
		lines = append(lines, fmt.Sprintf(`{"prompt":"s := \"\u65e5\u672c\u8a9e \u65e5\u672c\u8a9e \u65e5","max_tokens":6,"temperature":2.5,"seed":%d,"logprobs":5}`, seed))
	}
	parts := 0
	for line, r := range batchResults(t, ok(t, moeflowWith(t, strings.Join(lines, "\n"), "batch", "-", "--ignore-eos"))) {
		p := r.Response.Body.Choices[0].LogProbs
		for i, top := range p.Top {
			// The token that was taken is there too where it is not among the five.
			if v, there := top[p.Tokens[i]]; !there || v != p.Probs[i] || len(top) < 5 || len(top) > 6 {
				t.Errorf("line %d, token %d: %q is %v in %v", line, i, p.Tokens[i], p.Probs[i], top)
			}
			for name := range top {
				if strings.HasPrefix(name, `bytes:\x`) {
					parts++
				}
			}
		}
	}
	if parts == 0 {
		t.Error("no token is a part of a character: the test shows nothing")
	}
}
