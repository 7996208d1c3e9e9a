// Command clients talks to a server as programs do that use OpenAI's and Anthropic's
// Go libraries: a conversation with a tool that reads a file and one that writes one,
// streamed. It fails where the answers are not those of the script that the server
// follows.
//
//	clients http://127.0.0.1:8080
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for name, talk := range map[string]func(context.Context, string, *files) (string, error){
		"openai-go, chat": openAI, "openai-go, responses": answersOf, "anthropic-sdk-go": claude,
	} {
		f := files{"main.go": "package main\n"}
		text, err := talk(ctx, os.Args[1], &f)
		if err == nil && (text != "Done." || f["out.go"] != "package out\n\nvar s = \"a\"") {
			err = fmt.Errorf("it ends with %q and the files %q", text, f)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(1)
		}
		fmt.Println(name + ": ok")
	}
}

// files are what the tools read and write.
type files map[string]string

// call runs a tool.
func (f files) call(name, arguments string) string {
	var a struct{ Path, Content string }
	if err := json.Unmarshal([]byte(arguments), &a); err != nil {
		return "the arguments are no JSON: " + err.Error()
	}
	if name == "write_file" {
		f[a.Path] = a.Content
		return "written"
	}
	return f[a.Path]
}

// parameters are the schema of a tool with texts.
func parameters(names ...string) map[string]any {
	all := map[string]any{}
	for _, n := range names {
		all[n] = map[string]any{"type": "string"}
	}
	return map[string]any{"type": "object", "properties": all, "required": names}
}

const question = "Read main.go and write out.go."

func openAI(ctx context.Context, url string, f *files) (string, error) {
	c := openai.NewClient(openaioption.WithBaseURL(url+"/v1"), openaioption.WithAPIKey("none"))
	p := openai.ChatCompletionNewParams{Model: "any", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(question)},
		StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
		Tools: []openai.ChatCompletionToolUnionParam{
			openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{Name: "read_file", Parameters: parameters("path")}),
			openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{Name: "write_file", Parameters: parameters("path", "content")}),
		}}
	for range 5 {
		stream := c.Chat.Completions.NewStreaming(ctx, p)
		acc := openai.ChatCompletionAccumulator{}
		for stream.Next() {
			if !acc.AddChunk(stream.Current()) {
				return "", fmt.Errorf("the chunk %s does not fit those before", stream.Current().RawJSON())
			}
		}
		if err := stream.Err(); err != nil {
			return "", err
		}
		if acc.Usage.TotalTokens == 0 || len(acc.Choices) != 1 {
			return "", fmt.Errorf("usage %+v, %d choices", acc.Usage, len(acc.Choices))
		}
		m := acc.Choices[0].Message
		if len(m.ToolCalls) == 0 {
			return m.Content, nil
		}
		p.Messages = append(p.Messages, m.ToParam())
		for _, call := range m.ToolCalls {
			p.Messages = append(p.Messages, openai.ToolMessage(f.call(call.Function.Name, call.Function.Arguments), call.ID))
		}
	}
	return "", fmt.Errorf("no end")
}

func answersOf(ctx context.Context, url string, f *files) (string, error) {
	c := openai.NewClient(openaioption.WithBaseURL(url+"/v1"), openaioption.WithAPIKey("none"))
	tool := func(name string, names ...string) responses.ToolUnionParam {
		return responses.ToolUnionParam{OfFunction: &responses.FunctionToolParam{Name: name, Parameters: parameters(names...)}}
	}
	input := responses.ResponseInputParam{responses.ResponseInputItemParamOfMessage(question, responses.EasyInputMessageRoleUser)}
	for range 5 {
		stream := c.Responses.NewStreaming(ctx, responses.ResponseNewParams{Model: "any", Instructions: openai.String("Be brief."),
			Input: responses.ResponseNewParamsInputUnion{OfInputItemList: input},
			Tools: []responses.ToolUnionParam{tool("read_file", "path"), tool("write_file", "path", "content")}})
		var r responses.Response
		for stream.Next() {
			if e := stream.Current(); e.Type == "response.completed" {
				r = e.Response
			}
		}
		if err := stream.Err(); err != nil {
			return "", err
		}
		calls := 0
		for _, item := range r.Output {
			switch item.Type {
			case "message":
				input = append(input, responses.ResponseInputItemParamOfMessage(item.Content[0].Text, responses.EasyInputMessageRoleAssistant))
			case "function_call":
				calls++
				call := item.AsFunctionCall()
				result := responses.ResponseInputItemParamOfFunctionCallOutput(f.call(call.Name, call.Arguments))
				result.OfFunctionCallOutput.CallID = openai.String(call.CallID)
				input = append(input, responses.ResponseInputItemParamOfFunctionCall(call.Arguments, call.CallID, call.Name), result)
			}
		}
		if calls == 0 {
			return r.OutputText(), nil
		}
	}
	return "", fmt.Errorf("no end")
}

func claude(ctx context.Context, url string, f *files) (string, error) {
	c := anthropic.NewClient(anthropicoption.WithBaseURL(url), anthropicoption.WithAPIKey("none"))
	tool := func(name string, names ...string) anthropic.ToolUnionParam {
		p := parameters(names...)
		return anthropic.ToolUnionParam{OfTool: &anthropic.ToolParam{Name: name, InputSchema: anthropic.ToolInputSchemaParam{Properties: p["properties"], Required: names}}}
	}
	p := anthropic.MessageNewParams{Model: "any", MaxTokens: 1000, Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(question))},
		Tools: []anthropic.ToolUnionParam{tool("read_file", "path"), tool("write_file", "path", "content")}}
	for range 5 {
		stream := c.Messages.NewStreaming(ctx, p)
		m := anthropic.Message{}
		for stream.Next() {
			if err := m.Accumulate(stream.Current()); err != nil {
				return "", err
			}
		}
		if err := stream.Err(); err != nil {
			return "", err
		}
		p.Messages = append(p.Messages, m.ToParam())
		var results []anthropic.ContentBlockParamUnion
		text := ""
		for _, b := range m.Content {
			if b.Type == "text" {
				text += b.Text
			}
			if b.Type == "tool_use" {
				results = append(results, anthropic.NewToolResultBlock(b.ID, f.call(b.Name, string(b.Input)), false))
			}
		}
		if len(results) == 0 {
			return text, nil
		}
		p.Messages = append(p.Messages, anthropic.NewUserMessage(results...))
	}
	return "", fmt.Errorf("no end")
}
