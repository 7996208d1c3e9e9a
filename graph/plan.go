package graph

// Plan is a compiled graph: data that a backend runs. All slices are in
// execution order and a backend changes nothing in it.
type Plan struct {
	Name    string
	Rows    int // the bucket's row count
	Tensors []Tensor
	Nodes   []PlanNode
	// Prepare fills the Derived tensors, which depend on weights alone. A backend runs it
	// once, when the plan is loaded; several plans may fill one tensor alike.
	Prepare    []Dispatch
	Dispatches []Dispatch
	Segments   []Segment
	ArenaBytes uint64 // memory for all Activation tensors
	// Rules tells how often each rule of fuse did something: see Rules.
	Rules map[string]int
	// Reads lists the tensors (State or Output) that the host may read back
	// after a step; a Ticket's Read says which of them this step copies.
	Reads []TensorID
}

// Ticket is what travels through a flow's channels: one step of one slot. A
// slot is a private copy of a plan's inputs, activations and read-backs, so
// that several steps can be in flight.
type Ticket struct {
	Step uint64 // counts up from 1 over a runtime's life
	Slot int
	Plan int    // index of the plan among those loaded together
	Read uint64 // bit i: copy Plan.Reads[i] to the host when the step is done
}

// PlanNode is a stage as it appears in the plan.
type PlanNode struct {
	Name  string // blk.0.attention
	Kind  string // attention
	Layer int    // -1 outside layers
	In    []TensorID
	Out   []TensorID
}

// Arg is one argument of a dispatch.
type Arg struct {
	Tensor TensorID // NoTensor: absent, address 0
	Access Access
}

// Dispatch is one kernel launch.
type Dispatch struct {
	Node       int // index into Plan.Nodes
	Kernel     Kernel
	Args       []Arg
	Params     []uint32  // float parameters as their bits
	Work       [3]uint32 // what there is to compute, in the op's own axes
	Rows       uint32    // the last of those axes: rows of activations
	Workgroups [3]uint32 // workgroups: Work divided by the kernel's tile, rounded up
	// Barrier asks for an execution and memory barrier over all earlier
	// dispatches before this one, set by fence.
	Barrier bool
	// Signals tells that the kernel uses the segment's counter (KernelInfo.Sync): each
	// of its workgroups adds one when it is done. SignalsSide tells that each also adds one
	// to the second counter (KernelInfo.SignalsSide). Before the kernel reads what earlier
	// dispatches of the segment wrote, Wait workgroups must have reported, and before
	// it reads its early arguments (KernelInfo.Early), Early workgroups: at most Wait,
	// or, with EarlySide, so many on the second counter.
	Signals     bool
	SignalsSide bool
	Wait        uint32
	Early       uint32
	EarlySide   bool
}

// WorkgroupCount is how many workgroups the dispatch has.
func (d *Dispatch) WorkgroupCount() uint64 {
	return uint64(d.Workgroups[0]) * uint64(d.Workgroups[1]) * uint64(d.Workgroups[2])
}

// Segment is a run of dispatches that one goroutine submits at once.
type Segment struct {
	Name        string
	Nodes       []int // indices into Plan.Nodes
	First, Last int   // dispatches First <= i < Last
}

// Find returns the id of the tensor with this name, or NoTensor.
func (p *Plan) Find(name string) TensorID {
	for i := range p.Tensors {
		if p.Tensors[i].Name == name {
			return TensorID(i)
		}
	}
	return NoTensor
}

// Barriers counts the barriers of the plan, leaving out the one that starts it.
func (p *Plan) Barriers() int {
	n := 0
	for i := range p.Dispatches {
		if p.Dispatches[i].Barrier {
			n++
		}
	}
	return n
}
