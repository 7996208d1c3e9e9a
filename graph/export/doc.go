// Package export writes a graph.Plan as DOT, SVG, Mermaid, JSON, HTML and text.
//
// What is drawn is the compiled plan, not a drawing of the model: the boxes are
// the dispatches that a backend will launch, gathered by stage or by layer, and
// the edges are the tensors that one of them writes and another reads. Layers
// whose kernels, edge types and shapes agree fold into one box with a ×N.
//
// A plan becomes one view (see view.go) whatever the format; each format is a
// small writer of that view. Equal plans give equal bytes.
package export
