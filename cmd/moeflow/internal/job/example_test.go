package job_test

import (
	"fmt"

	"moeflow/cmd/moeflow/internal/job"
)

func Example() {
	line := []byte(`{"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"prompt": "func main", "max_tokens": 8}}`)
	format, err := job.Detect(line)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, bad := job.Parse(format, job.Line{Number: 1, Text: line})
	fmt.Println(format, p.CustomID, p.Text, p.MaxTokens, bad == nil)
	_, bad = job.Parse(format, job.Line{Number: 2, Text: []byte(`{"custom_id": "b"}`)})
	fmt.Println(bad)
	// Output:
	// openai a func main 8 true
	// missing_required_parameter: method is missing
}
