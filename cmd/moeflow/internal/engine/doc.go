// Package engine is the one place that joins model, device, scheduler and
// sampler: it opens a model file, compiles its graph for a set of step sizes,
// loads it onto a device and runs sequences through the flow.
package engine
