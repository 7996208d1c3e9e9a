// Package grammar tells which tokens may come next if a text is to follow a JSON
// schema, a regular expression or another grammar: a mask with one bit per token.
//
// A grammar is a pushdown automaton over bytes. Its cells (cell.go) are places in a
// rule, or in a pattern, whose states are Brzozowski's derivatives (derive.go); both
// are made when a text first reaches them, so that compiling is quick and a schema
// costs what is used of it. All stacks that a text can stand at are one node of a
// graph in which equal parts are shared (node.go). Over Earley's parser this has the
// advantage that equal situations are the same pointer wherever they come by in a
// text: what is worked out about one serves all that follow.
//
// A mask (mask.go) is found by walking a trie of the vocabulary's bytes. What one
// cell alone says of the tokens, whatever lies below it on the stack, is kept: which
// it takes, and a trie of what is left of those that leave it on their way. The mask
// of a situation is put together from these, and kept as well. Most tokens are plain
// characters, which the inside of a JSON string takes without a walk.
//
// All that is worked out for a text of others is bounded (limits.go); a bound that
// is reached is an error.
package grammar
