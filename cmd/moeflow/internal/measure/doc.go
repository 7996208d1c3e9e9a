// Package measure times the steps of an engine and looks at their logits: prompt
// and decode speed, the time of every kernel, what a step reads and computes,
// and the logits of every position of a text. Nothing else may use the engine
// meanwhile.
package measure
