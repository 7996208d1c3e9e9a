package graph

import (
	"fmt"

	"moeflow/gguf/quant"
)

// Stage describes one computation of the model. It never performs it and never
// sees a device.
type Stage interface {
	// Infer checks the shapes and types of the edges that the stage reads and
	// sets those of its outputs. An error names the tensor and what was wanted.
	Infer(s *Scope) error
	// Lower appends the calls that compute the outputs. It runs after Infer.
	Lower(e *Emitter)
}

// Node is a stage at its place in the graph.
type Node struct {
	Name  string // blk.0.attention: unique
	Kind  string // attention
	Layer int    // -1 outside layers
	Stage Stage
	Out   []string // names of the outputs, made into edges by Graph.Add
}

type node struct {
	Node
	outs []TensorID
	ins  []TensorID // found by infer: what the stage asked its Scope for
}

// Graph is stages joined by edges, before compilation.
type Graph struct {
	Name    string
	Layout  StepLayout // the bucket: rows, outputs and page numbers of a step
	tensors []Tensor
	nodes   []node
	reads   []TensorID
}

// New makes an empty graph for a step of the given layout. Its first edge is
// the step buffer.
func New(name string, layout StepLayout) *Graph {
	g := &Graph{Name: name, Layout: layout}
	g.Tensor(Tensor{Name: "step", Shape: Shape{uint64(layout.Words())}, Type: quant.U32, Role: Input})
	return g
}

// Step is the edge of the step buffer.
func (g *Graph) Step() TensorID { return 0 }

// Tensor adds an edge that no stage produces: an input, a weight or state.
func (g *Graph) Tensor(t Tensor) TensorID {
	g.tensors = append(g.tensors, t)
	return TensorID(len(g.tensors) - 1)
}

// Add appends a stage and returns its output edges, whose shapes Infer will
// set. Stages are added in an order in which they can run.
func (g *Graph) Add(n Node) []TensorID {
	outs := make([]TensorID, len(n.Out))
	for i, name := range n.Out {
		outs[i] = g.Tensor(Tensor{Name: n.Name + "/" + name})
	}
	g.nodes = append(g.nodes, node{Node: n, outs: outs})
	return outs
}

// Readable marks a State or Output edge as one that the host may read back.
func (g *Graph) Readable(id TensorID) { g.reads = append(g.reads, id) }

// Weights lists the weights that must come from outside, in the order added.
func (g *Graph) Weights() []Tensor {
	var out []Tensor
	for _, t := range g.tensors {
		if t.Role == Weight && t.Data == nil {
			out = append(out, t)
		}
	}
	return out
}

// Scope is what Infer sees: the edges of one stage.
type Scope struct {
	u    *unit
	node *node
	err  error
}

// Rows is the row count of the bucket, Outs its most output rows.
func (s *Scope) Rows() uint64 { return uint64(s.u.g.Layout.Rows) }

// Outs is the most output rows of a step.
func (s *Scope) Outs() uint64 { return uint64(s.u.g.Layout.Outs) }

// In returns an edge that the stage reads. NoTensor gives nil.
func (s *Scope) In(id TensorID) *Tensor {
	if id == NoTensor {
		return nil
	}
	s.node.addIn(id)
	return &s.u.tensors[id]
}

// Want returns an edge that the stage reads and records an error if its shape
// is not the wanted one.
func (s *Scope) Want(id TensorID, shape ...uint64) *Tensor {
	t := s.In(id)
	if t != nil && !t.Shape.Equal(shape) && s.err == nil {
		s.err = fmt.Errorf("tensor %s has shape %s, wanted %s", t.Name, t.Shape, Shape(shape))
	}
	return t
}

// WantType records an error if the edge's type is none of the wanted ones.
func (s *Scope) WantType(id TensorID, types ...quant.Type) {
	t := s.In(id)
	if t == nil || s.err != nil {
		return
	}
	for _, w := range types {
		if t.Type == w {
			return
		}
	}
	s.err = fmt.Errorf("tensor %s is %s, wanted one of %v", t.Name, t.Type, types)
}

// Fail records an error of the stage's own.
func (s *Scope) Fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

// Err is the first error recorded.
func (s *Scope) Err() error { return s.err }

// Out sets the shape and type of output i, and its role where it is not an
// Activation.
func (s *Scope) Out(i int, role Role, typ quant.Type, shape ...uint64) {
	t := &s.u.tensors[s.node.outs[i]]
	t.Shape, t.Type, t.Role = shape, typ, role
}

func (n *node) addIn(id TensorID) {
	for _, have := range n.ins {
		if have == id {
			return
		}
	}
	n.ins = append(n.ins, id)
}
