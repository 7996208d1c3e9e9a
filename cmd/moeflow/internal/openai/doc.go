// Package openai reads requests as clients of OpenAI's API write them, and writes
// the answers in its forms.
//
// [Parse] reads the body of a chat completion or of a text completion into a
// [Request], and [Settings] turns that into tokens and sampling parameters. An
// [Answer] collects the tokens of the answer up to a stop string; [Settings.Body]
// makes the whole response of them and [Settings.Stream] the chunks of a stream.
//
// Every field that a client may send is in a table (fields.go): it is served, or
// taken only with values that ask for nothing, or it changes no answer and is
// ignored. All others are refused by name where they look like a misspelt one of
// these, and are ignored where they do not, so that no field that would change an
// answer is passed over in silence. Beside OpenAI's own the table has the fields
// of vLLM, llama.cpp, SGLang, Text Generation Inference and ollama.
package openai
