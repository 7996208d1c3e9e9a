// Package batch decides which tokens make the next step. It is pure: no clock,
// no goroutine, and the same calls give the same steps.
//
// A sequence joins with the ids of its prompt and waits, first come first
// served, until the kv cache has room for all it may become; from then on it
// cannot run out. Each step takes one row from every sequence that generates
// (decode) and fills up with pieces of prompts (prefill), oldest first.
package batch
