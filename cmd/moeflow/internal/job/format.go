package job

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Format is what the lines of a file of prompts are.
type Format string

const (
	Auto   Format = "auto"   // look at the first line that is not blank
	OpenAI Format = "openai" // requests of OpenAI's batch format
	JSONL  Format = "jsonl"  // objects of id and prompt
	Text   Format = "text"   // each line is a prompt
)

// Formats are the formats that a user may ask for.
func Formats() []Format { return []Format{Auto, OpenAI, JSONL, Text} }

// detectBytes is how much of the first line Detect looks at.
const detectBytes = 1 << 20

// Detect tells the format by the first line that is not blank: an object with a
// key of OpenAI's requests, an object with an id or a prompt, or, unless it
// begins like an object, plain text. Code may begin with a brace and JSON may be
// broken, so what begins like an object and has none of the keys is an error
// rather than a guess.
func Detect(line []byte) (Format, error) {
	line = bytes.TrimSpace(line[:min(len(line), detectBytes)])
	if bytes.HasPrefix(line, []byte("\xff\xfe")) || bytes.HasPrefix(line, []byte("\xfe\xff")) {
		return "", fmt.Errorf("the text is UTF-16, want UTF-8")
	}
	if !bytes.HasPrefix(line, []byte("{")) {
		return Text, nil
	}
	found := Format("")
	for _, key := range topKeys(line) {
		switch key {
		case "custom_id", "method", "url", "body":
			return OpenAI, nil
		case "id", "prompt":
			found = JSONL
		}
	}
	if found == "" {
		return "", fmt.Errorf(`the first line begins like a JSON object and has neither "custom_id" nor "prompt": say what the lines are with --format`)
	}
	return found, nil
}

// topKeys are the keys of a JSON object, as far as it is there and whole.
func topKeys(object []byte) []string {
	var keys []string
	d := json.NewDecoder(bytes.NewReader(object))
	depth, isKey := 0, true
	for {
		t, err := d.Token()
		if err != nil {
			return keys
		}
		switch v := t.(type) {
		case json.Delim:
			if v == '{' || v == '[' {
				depth++
			} else {
				depth--
			}
			if depth == 0 {
				return keys
			}
			isKey = depth == 1
			continue
		case string:
			if depth == 1 && isKey {
				keys, isKey = append(keys, v), false
				continue
			}
		}
		isKey = depth == 1
	}
}
