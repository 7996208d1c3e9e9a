// Package engine runs steps of a model on a device: it compiles the model's graph
// for a set of step sizes, loads the plans onto a device that the caller opens,
// and sends steps through the flow. What the steps are of is its user's matter,
// and so is what is done with what they compute.
package engine
