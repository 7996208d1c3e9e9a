package export

import "moeflow/graph"

// view is a plan as all formats draw it, and what the JSON format writes. Boxes
// stand in the order in which they first run.
type view struct {
	Title      string    `json:"title"`
	Plan       string    `json:"plan"`
	Rows       int       `json:"rows"` // of the step that the plan computes
	Level      string    `json:"level"`
	Folded     bool      `json:"folded"` // equal layers are one
	Device     string    `json:"device,omitempty"`
	Dispatches int       `json:"dispatches"`
	Barriers   int       `json:"barriers"`
	Waits      int       `json:"counter_waits,omitempty"` // groups of dispatches that wait by themselves
	Segments   int       `json:"segments"`
	ArenaBytes uint64    `json:"arena_bytes"`
	Time       float64   `json:"nanoseconds,omitempty"` // of all dispatches
	Bandwidth  float64   `json:"bandwidth,omitempty"`   // bytes a second
	Groups     []*group  `json:"groups,omitempty"`
	Nodes      []*box    `json:"nodes"`
	Edges      []*edge   `json:"edges"`
	Legend     []*legend `json:"legend"`
	profiled   bool
}

// group is a frame around boxes: equal layers, or a stage among dispatches.
type group struct {
	ID     string `json:"id"`
	Name   string `json:"name"` // layers 0-5,8
	Parent string `json:"parent,omitempty"`
	Layers []int  `json:"layers,omitempty"`
	Count  int    `json:"count"` // how many layers it stands for
	up     *group // of Parent
}

// box is a node: a dispatch, a stage, a layer or all layers.
type box struct {
	ID      string `json:"id"`
	Name    string `json:"name"` // blk.0.attention; blk.*.attention where it stands for several
	Kind    string `json:"kind"` // attention; the op at level dispatch; layer; layers
	Group   string `json:"group,omitempty"`
	Layers  []int  `json:"layers,omitempty"`
	Count   int    `json:"count"` // how many equal parts of the plan it stands for
	Segment string `json:"segment"`
	Device  string `json:"device,omitempty"`
	// Kernels are those of one of the equal parts; at level model, of all.
	Kernels []*kernel `json:"kernels"`
	Params  []param   `json:"params,omitempty"` // level dispatch
	// Barrier tells that a dispatch waits for all before it, Starts that it is
	// the first of its segment, which waits too. Level dispatch, first of the
	// equal layers; Barriers counts those inside all parts.
	Barrier  bool    `json:"barrier,omitempty"`
	Starts   bool    `json:"starts_segment,omitempty"`
	Wait     uint32  `json:"waits_for,omitempty"` // workgroups: graph.Dispatch.Wait
	Barriers int     `json:"barriers"`
	Ports    []*port `json:"tensors"`
	Cost     *cost   `json:"profile,omitempty"`

	// Parts are the dispatches of the plan that the box stands for.
	Parts []int `json:"dispatches"`

	segments []string
	order    int    // place in view.Nodes
	frame    *group // of Group
}

// kernel is one kind of launch inside a box.
type kernel struct {
	Name   string    `json:"name"` // linear[Q4_K]
	Groups [3]uint32 `json:"groups"`
	Count  int       `json:"count"`
}

// param is a number that a kernel takes.
type param struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// tensor is what an edge carries.
type tensor struct {
	Name  string      `json:"name"` // blk.*.attn_q.weight where several are equal
	Type  string      `json:"type"`
	Shape graph.Shape `json:"shape,omitempty"` // fastest axis first
	Bytes uint64      `json:"bytes"`           // of one of them
	Role  string      `json:"role"`
	Moved uint64      `json:"traffic,omitempty"` // bytes a step, all of them together
	short string      // the name without the part that the frame says already
}

// port is an edge with one end outside the plan's stages: a weight, the kv
// cache, an input, or what the host reads.
type port struct {
	tensor
	Access string `json:"access"` // r, w, rw
	Count  int    `json:"count"`  // different tensors
	Total  uint64 `json:"total_bytes"`
	again  bool   // an input that an earlier box reads as well
	ids    map[graph.TensorID]bool
}

// edge is a tensor that one box writes and another reads.
type edge struct {
	ID   string `json:"id"`
	From string `json:"from"`
	To   string `json:"to"`
	tensor
	Count int `json:"count"` // how often it is in the plan
	// Back marks an edge against the order of boxes: from one of the equal
	// layers to the next.
	Back bool `json:"back,omitempty"`
}

// legend is one element type and how much of the model's weights have it.
type legend struct {
	Type    string `json:"type"`
	Colour  string `json:"colour"`
	Weights int    `json:"weights"`
	Bytes   uint64 `json:"weight_bytes"`
}

// cost is what the profile says of a box, all equal parts together.
type cost struct {
	Time      float64 `json:"nanoseconds"`
	Share     float64 `json:"time_share"` // of the whole step, 0 to 1
	Bytes     uint64  `json:"bytes,omitempty"`
	GBs       float64 `json:"gb_per_s,omitempty"`        // 10⁹ bytes a second
	Bandwidth float64 `json:"bandwidth_share,omitempty"` // of the device's, 0 to 1
	Heat      float64 `json:"heat"`                      // time against the costliest box, 0 to 1
}
