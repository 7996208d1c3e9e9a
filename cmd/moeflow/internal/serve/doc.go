// Package serve answers requests over HTTP in the forms that clients of language
// models speak: OpenAI's chat completions, completions and responses, Anthropic's
// messages, and what vLLM and llama-server have beside them.
//
// A [Server] is an http.Handler. It answers 503 until [Server.Ready] gives it a
// [Model] and an [Engine], which may be anything that turns a prompt into a stream
// of tokens, so nothing here knows of a device. Each request has a goroutine of its
// own that reads its tokens and writes them to its client: a client that reads
// slowly waits alone, and one that goes away ends its request.
package serve
