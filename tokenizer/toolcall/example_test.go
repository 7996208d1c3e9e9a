package toolcall_test

import (
	"fmt"

	"moeflow/tokenizer/toolcall"
)

func Example() {
	tools, err := toolcall.ParseTools([]byte(`[{"type": "function", "function": {"name": "read_file", "parameters": {
		"type": "object", "properties": {"path": {"type": "string"}, "lines": {"type": "integer"}}}}}]`))
	if err != nil {
		fmt.Println(err)
		return
	}
	template := "... <tool_call>\n<function=example>\n<parameter=example> ..." // the model's
	p := toolcall.New(toolcall.Options{Format: toolcall.FormatOf(template), Tools: tools})
	show := func(events []toolcall.Event) {
		for _, e := range events {
			switch e.Kind {
			case toolcall.Content:
				fmt.Printf("content %q\n", e.Text)
			case toolcall.Start:
				fmt.Printf("call %d: %s %s\n", e.Index, e.ID, e.Name)
			case toolcall.Arguments:
				fmt.Printf("arguments %s\n", e.Text)
			case toolcall.End:
				fmt.Println("end")
			}
		}
	}
	for _, token := range []string{"I look", ".\n<tool", "_call>\n<function=read_file>", "\n<parameter=path>\nsrc", "/main.go\n", "</parameter>\n",
		"<parameter=lines>\n20\n</parameter>\n</function>", "\n</tool_call>"} {
		show(p.Feed(token))
	}
	show(p.Finish())
	// Output:
	// content "I look"
	// content "."
	// call 0: call_0 read_file
	// arguments {"path":"src
	// arguments /main.go
	// arguments ","lines":20}
	// end
}
