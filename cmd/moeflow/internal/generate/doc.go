// Package generate continues prompts on an engine: one at a time on a sequence
// that keeps what was computed, or many at once.
package generate
