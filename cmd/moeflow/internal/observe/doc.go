// Package observe holds what looks on while an engine works: a writer of traces,
// the state of the moment for a live page, and counts of how often each expert
// is chosen. Each is one of the engine's observers.
package observe
