// Package generate continues prompts on an engine. One loop serves all: requests
// join and leave at every step, from any goroutine, and each has a context and a
// stream of events of its own. A single request is a batch of one: its steps have
// the plans of one row. A file of prompts is many requests at once.
package generate
