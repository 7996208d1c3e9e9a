package openai

import (
	"strings"
	"testing"
)

// parseLive reads a body as a server does.
func parseLive(kind Kind, body string) (*Request, *Error) {
	o, err := ReadObject([]byte(body), "body")
	if err != nil {
		return nil, err
	}
	return ParseLive(kind, o)
}

const (
	readFile  = `{"type":"function","function":{"name":"read_file","parameters":{"type":"object"}}}`
	writeFile = `{"type":"function","function":{"name":"write_file"}}`
)

func TestParseLive(t *testing.T) {
	r, err := parseLive(Text, `{"prompt":"x","n":3,"suffix":"y","misspelt_tokens":1,"max_token":5}`)
	if err != nil || r.Live.N != 3 || r.Live.Suffix != "y" || r.MaxTokens != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	r, err = parseLive(Chat, `{`+hi+`,"tools":[`+readFile+`,{"type":"web_search"}],"tool_choice":"required","parallel_tool_calls":false}`)
	if err != nil || len(r.Tools) != 1 || r.Live.Choice != (ToolChoice{true, "read_file"}) || !r.Live.OneCall || r.Live.N != 1 || !strings.Contains(string(r.Live.RawTools), "read_file") {
		t.Fatalf("%+v, %v", r, err)
	}
	r, err = parseLive(Chat, `{`+hi+`,"tools":[`+readFile+`,`+writeFile+`],"tool_choice":{"type":"function","function":{"name":"write_file"}}}`)
	if err != nil || r.Live.Choice.Name != "write_file" {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err = parseLive(Chat, `{`+hi+`,"tools":[`+readFile+`],"tool_choice":"none"}`); err != nil || r.Tools != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	for body, want := range map[string]string{
		`"n":0`:                      "n is 0, want a whole number from 1 to 64",
		`"n":"2"`:                    `n is "2"`,
		`"tool_choice":"required"`:   "tool_choice asks for a call and tools is empty",
		`"tool_choice":"sometimes"`:  `tool_choice is "sometimes", want "none"`,
		`"tool_choice":{"type":"x"}`: `tool_choice is {"type":"x"}, want`,
		`"tools":[` + readFile + `],"tool_choice":{"type":"function","function":{"name":"x"}}`: "tool_choice names \"x\", which is not among tools: want one of read_file",
		`"tools":7`:                            "tools is 7, want a list of objects",
		`"continue_final_message":true`:        "the last message is no text of the assistant",
		`"response_format":{"type":"grammar"}`: "response_format is",
	} {
		if _, err := parseLive(Chat, `{`+hi+`,`+body+`}`); err == nil || !strings.Contains(err.Message, want) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
	// A file of requests serves none of this.
	if _, err := parse(Text, `{"prompt":"x","n":3}`); err == nil {
		t.Error("n is served in a file of requests")
	}
}
