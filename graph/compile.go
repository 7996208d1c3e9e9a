package graph

import (
	"fmt"
)

// Granularity chooses where the plan is cut into segments.
type Granularity string

const (
	PerStage  Granularity = "stage"  // every stage a segment
	PerLayer  Granularity = "layer"  // every layer a segment
	PerDevice Granularity = "device" // one segment a device
)

// Options are the choices of a compilation.
type Options struct {
	Kernels     Catalog
	Granularity Granularity // "" means PerDevice
	// MaxPush is the most bytes of push constants a dispatch may use; 0 means
	// 128, which every Vulkan device has.
	MaxPush int
	// Counters lets kernels that can (KernelInfo.Sync) wait for the dispatches
	// before them by themselves, where otherwise there would be a barrier. The
	// backend must start workgroups in the order of their dispatches.
	Counters bool
	// Apart is the kind of stage that is a segment of its own at every granularity;
	// "" is none.
	Apart string
	// NoFuse leaves every call as the stages emitted it: for tests.
	NoFuse bool
}

// unit is a graph on its way to a plan.
type unit struct {
	g       *Graph
	opts    Options
	tensors []Tensor
	nodes   []node
	calls   []Dispatch
	prepare []Dispatch
	segs    []Segment
	arena   uint64
	rules   map[string]int // how often each rule of fuse did something
	matches int            // of the rule at work
}

type pass struct {
	name string
	run  func(*unit) error
	why  string
}

// passes run in this order. The reason on each line says what it needs from the
// ones before it.
var passes = []pass{
	{"validate", validate, "names and edges are sound before any stage is asked"},
	{"infer", infer, "shapes flow along the edges in the order of the stages"},
	{"emit", emit, "every stage appends its calls, knowing its shapes"},
	{"fuse", fuse, "rewrites neighbouring calls while they still name plain ops"},
	{"lower", lower, "selects a kernel and a grid per edge type, after fusion settled the ops"},
	{"order", order, "independent calls come together, so that one barrier serves them"},
	{"segment", segment, "cuts are made on the final order"},
	{"place", place, "lifetimes are known once the order is"},
	{"fence", fence, "conflicts are seen on memory, so after place"},
	{"check", check, "the plan holds what the passes promise"},
}

// Compile turns a graph into a plan. An error names the pass and the stage or
// tensor at fault.
func Compile(g *Graph, opts Options) (*Plan, error) {
	u, err := compile(g, opts)
	if err != nil {
		return nil, err
	}
	return u.plan(), nil
}

// compile runs the passes.
func compile(g *Graph, opts Options) (*unit, error) {
	if opts.Granularity == "" {
		opts.Granularity = PerDevice
	}
	if opts.MaxPush == 0 {
		opts.MaxPush = 128
	}
	u := &unit{g: g, opts: opts, tensors: append([]Tensor(nil), g.tensors...), nodes: append([]node(nil), g.nodes...)}
	for i := range u.nodes {
		u.nodes[i].ins = nil
	}
	for _, p := range passes {
		err := p.run(u)
		if err == nil {
			err = u.sound()
		}
		if err != nil {
			return nil, fmt.Errorf("compile %s: %s: %w", g.Name, p.name, err)
		}
	}
	return u, nil
}

// sound verifies what must hold after every pass: each call has the arguments and
// parameters of its op's row, each used as the row says, absent only where that may be,
// and calls stand in the order of their stages. What only the finished plan can promise
// is the check pass's matter.
func (u *unit) sound() error {
	for _, calls := range [][]Dispatch{u.prepare, u.calls} {
		for i := range calls {
			d := &calls[i]
			op := d.Kernel.Op
			if op == OpNone || op >= opCount || len(d.Args) != len(ops[op].args) || len(d.Params) != len(ops[op].params) {
				return fmt.Errorf("call %d, %s, has %d arguments and %d parameters, which no row of the op table has", i, op, len(d.Args), len(d.Params))
			}
			for k, a := range d.Args {
				absent := a.Tensor == NoTensor && op.Optional(k)
				if !absent && (a.Tensor < 0 || int(a.Tensor) >= len(u.tensors)) || a.Access != op.Access(k) {
					return fmt.Errorf("call %d, %s, has tensor %d as %s", i, op, a.Tensor, op.ArgNames()[k])
				}
			}
			if i > 0 && d.Node < calls[i-1].Node {
				return fmt.Errorf("call %d, %s, of %s stands behind one of %s", i, op, u.nodes[d.Node].Name, u.nodes[calls[i-1].Node].Name)
			}
		}
	}
	return nil
}

func (u *unit) plan() *Plan {
	p := &Plan{Name: u.g.Name, Rows: u.g.Layout.Rows, Tensors: u.tensors, Prepare: u.prepare, Dispatches: u.calls,
		Segments: u.segs, ArenaBytes: u.arena, Rules: u.rules, Reads: append([]TensorID(nil), u.g.reads...)}
	for _, n := range u.nodes {
		p.Nodes = append(p.Nodes, PlanNode{Name: n.Name, Kind: n.Kind, Layer: n.Layer, In: n.ins, Out: n.outs})
	}
	return p
}

// size is a tensor's size in memory. Rows of a quantized type must be whole
// blocks.
func size(t *Tensor) (uint64, error) {
	if len(t.Shape) == 0 {
		return 0, fmt.Errorf("tensor %s has no shape", t.Name)
	}
	n, ok := t.Shape.Elements()
	if !ok || n == 0 {
		return 0, fmt.Errorf("tensor %s has the impossible shape %s", t.Name, t.Shape)
	}
	row, err := t.Type.RowBytes(t.Shape[0])
	if err != nil {
		return 0, fmt.Errorf("tensor %s: %w", t.Name, err)
	}
	rest, _ := Shape(t.Shape[1:]).Elements()
	bytes, ok := Shape{row, rest}.Elements()
	if !ok {
		return 0, fmt.Errorf("tensor %s of shape %s is too large", t.Name, t.Shape)
	}
	return bytes, nil
}
