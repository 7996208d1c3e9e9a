// Package ref computes every Op in plain Go, slowly, in float64: what the
// shaders must agree with.
//
// It runs the dispatches of a graph.Plan one after the other. Every tensor has
// memory of its own, so a plan whose activations wrongly share memory shows as
// a difference. Weights and the kv cache are kept as bytes of their own type
// and decoded where they are read: what is compared is arithmetic, not rounding
// into a type.
package ref
