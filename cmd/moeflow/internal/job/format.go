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
	JSONL  Format = "jsonl"  // objects of id and prompt, or of id and messages
	Text   Format = "text"   // each line is a prompt
)

// Formats are the formats that a user may ask for.
func Formats() []Format { return []Format{Auto, OpenAI, JSONL, Text} }

// detectBytes is how much of the first line Detect looks at.
const detectBytes = 1 << 20

// Detect tells the format by the first line that is not blank: an object with a
// key of OpenAI's requests, an object with an id, a prompt or messages, or, unless it
// begins like an object, plain text. Code may begin with a brace and JSON may be
// broken, so what begins like an object and has none of the keys is an error
// rather than a guess.
func Detect(line []byte) (Format, error) {
	line = bytes.TrimSpace(line[:min(len(line), detectBytes)])
	if !bytes.HasPrefix(line, []byte("{")) {
		return Text, nil
	}
	found := Format("")
	for _, key := range topKeys(line) {
		switch key {
		case "custom_id", "method", "url", "body":
			return OpenAI, nil
		case "id", "prompt", "messages":
			found = JSONL
		}
	}
	if found == "" {
		return "", fmt.Errorf(`the first line begins like a JSON object and has neither "custom_id" nor "prompt" nor "messages": say what the lines are with --format`)
	}
	return found, nil
}

// otherFiles are the beginnings of files that are no lines of text, with what makes
// lines of them.
var otherFiles = []struct{ magic, is, hint string }{
	{"\xff\xfe\x00\x00", "UTF-32 text", "iconv -f UTF-32 -t UTF-8"},
	{"\xff\xfe", "UTF-16 text", "iconv -f UTF-16 -t UTF-8"},
	{"\xfe\xff", "UTF-16 text", "iconv -f UTF-16 -t UTF-8"},
	{"\x1f\x8b", "compressed by gzip", "gunzip"},
	{"\x28\xb5\x2f\xfd", "compressed by zstd", "zstd -d"},
	{"\xfd7zXZ\x00", "compressed by xz", "unxz"},
	{"BZh", "compressed by bzip2", "bunzip2"},
	{"PK\x03\x04", "a zip archive", "unzip"},
	{"PAR1", "a Parquet file", "a program that writes it as lines of JSON"},
}

// checkText fails on what is no text in UTF-8, by the first line that is not blank,
// and on a list of JSON where lines are wanted. Only text may begin like a list.
func checkText(line []byte, want Format) error {
	for _, o := range otherFiles {
		if bytes.HasPrefix(line, []byte(o.magic)) && (o.magic != "BZh" || len(line) > 4 && line[4] == '1') {
			return fmt.Errorf("is %s, want lines of UTF-8: convert it with %s first", o.is, o.hint)
		}
	}
	if b := line[:min(len(line), 4)]; len(b) == 4 && (b[0] == 0) != (b[1] == 0) && (b[2] == 0) == (b[0] == 0) && (b[3] == 0) == (b[1] == 0) {
		order := "LE"
		if b[0] == 0 {
			order = "BE"
		}
		return fmt.Errorf("is UTF-16 text, want lines of UTF-8: convert it with iconv -f UTF-16%s -t UTF-8 first", order)
	}
	rest, list := bytes.CutPrefix(bytes.TrimSpace(line), []byte("["))
	rest = bytes.TrimSpace(rest)
	if list && want != Text && (len(rest) == 0 || rest[0] == '{') {
		return fmt.Errorf("is a list of JSON, want one object a line: convert it with jq -c '.[]' first, or say --format text")
	}
	return nil
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
