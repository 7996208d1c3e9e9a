package export

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"moeflow/graph"
)

// builder makes a view of a plan, one dispatch after the other.
type builder struct {
	p      *graph.Plan
	o      Options
	f      *folding
	v      *view
	boxes  map[string]*box
	groups map[string]*group
	writer map[graph.TensorID]int // the dispatch that wrote it last
	edges  map[string]*edge
	at     []*box // by dispatch
	starts map[int]bool
	inputs map[graph.TensorID]*box // where each is read first
	segOf  []string                // by dispatch
}

// newView reads a plan. The options are sound.
func newView(p *graph.Plan, o Options) *view {
	v := &view{Title: o.Title, Plan: p.Name, Rows: p.Rows, Level: o.Level, Folded: !o.Unfold || o.Level == levelModel,
		Device: o.Device, Dispatches: len(p.Dispatches), Barriers: p.Barriers(), Segments: len(p.Segments),
		ArenaBytes: p.ArenaBytes, Nodes: []*box{}, Edges: []*edge{}, Legend: legendOf(p), profiled: o.Profile != nil}
	if v.Title == "" {
		v.Title = p.Name
	}
	b := &builder{p: p, o: o, f: fold(p, o.Unfold), v: v, boxes: map[string]*box{}, groups: map[string]*group{},
		writer: map[graph.TensorID]int{}, edges: map[string]*edge{}, starts: map[int]bool{}, inputs: map[graph.TensorID]*box{}, segOf: make([]string, len(p.Dispatches))}
	for _, s := range p.Segments {
		b.starts[s.First] = true
		for i := s.First; i < s.Last && i < len(b.segOf); i++ {
			b.segOf[i] = s.Name
		}
	}
	for i := range p.Dispatches {
		b.dispatch(i)
	}
	for _, x := range v.Nodes {
		x.Segment = segmentText(x.segments)
	}
	b.costs()
	return v
}

// dispatch adds dispatch i to its box, and its arguments to edges and ports.
func (b *builder) dispatch(i int) {
	x := b.boxOf(i)
	b.at = append(b.at, x)
	x.Parts = append(x.Parts, i)
	d := &b.p.Dispatches[i]
	if d.Barrier {
		x.Barriers++
	}
	if d.Wait > 0 && d.Wait != b.p.Dispatches[max(0, i-1)].Wait {
		b.v.Waits++
	}
	if s := b.segOf[i]; !slices.Contains(x.segments, s) {
		x.segments = append(x.segments, s)
	}
	if b.f.dispatch[i] == i || b.o.Level == levelModel {
		b.addKernel(x, d)
	}
	for j, a := range d.Args {
		if a.Tensor != graph.NoTensor && a.Access&graph.Read != 0 && !d.Kernel.Op.Scratch(j) {
			b.read(i, j, x)
		}
	}
	for j, a := range d.Args {
		if a.Tensor == graph.NoTensor || a.Access&graph.Write == 0 {
			continue
		}
		b.writer[a.Tensor] = i
		if r := b.p.Tensors[a.Tensor].Role; r == graph.Output || r == graph.State {
			b.addPort(i, j, x, graph.Write)
		}
	}
}

// read joins an argument to the dispatch that wrote it. State that an earlier
// stage wrote is no edge of this step's flow: the stage finds it in memory,
// like what the steps before left there.
func (b *builder) read(i, j int, x *box) {
	id := b.p.Dispatches[i].Args[j].Tensor
	w, ok := b.writer[id]
	if ok && b.p.Tensors[id].Role == graph.State && b.p.Dispatches[w].Node != b.p.Dispatches[i].Node {
		ok = false
	}
	if !ok {
		b.addPort(i, j, x, graph.Read)
		return
	}
	from, wl, rl := b.at[w], b.layer(w), b.layer(i)
	if from == x && (wl == rl || b.o.Level == levelModel) {
		return
	}
	name := b.name(id, w)
	t := b.tensor(id, name)
	key := fmt.Sprintf("%s %s %s %s %v", from.ID, x.ID, name, t.Type, t.Shape)
	e := b.edges[key]
	if e == nil {
		e = &edge{ID: fmt.Sprintf("e%d", len(b.v.Edges)), From: from.ID, To: x.ID, tensor: t}
		e.Back = x.order <= from.order
		b.edges[key] = e
		b.v.Edges = append(b.v.Edges, e)
	}
	// A dispatch may read a tensor twice, and a stage in several dispatches;
	// either is one edge. What counts is the layers.
	if k := fmt.Sprintf("%s %d %d", key, wl, rl); b.edges[k] == nil {
		b.edges[k] = e
		e.Count++
	}
	e.Moved += b.moved(i, j)
}

func (b *builder) layer(dispatch int) int { return b.p.Nodes[b.p.Dispatches[dispatch].Node].Layer }

// folded tells whether a dispatch's layer is drawn together with others.
func (b *builder) folded(dispatch int) bool {
	l := b.layer(dispatch)
	return l >= 0 && (len(b.f.alike[b.f.first[l]]) > 1 || b.o.Level == levelModel)
}

// name is a tensor's name as seen from a dispatch: with a star for the layer
// where that stands for several.
func (b *builder) name(id graph.TensorID, dispatch int) string {
	n := b.p.Tensors[id].Name
	if b.folded(dispatch) {
		return starred(n, b.layer(dispatch))
	}
	return n
}

func (b *builder) tensor(id graph.TensorID, name string) tensor {
	t := &b.p.Tensors[id]
	return tensor{Name: name, Type: t.Type.String(), Shape: t.Shape, Bytes: t.Bytes, Role: t.Role.String(), short: short(name)}
}

func (b *builder) moved(i, j int) uint64 {
	if f := b.o.Profile; f != nil && f.Args != nil && f.Args[i] != nil {
		return f.Args[i][j]
	}
	return 0
}

// addPort adds argument j of dispatch i to its box as a tensor from outside. At
// level model, tensors of one type and role are one line.
func (b *builder) addPort(i, j int, x *box, access graph.Access) {
	id := b.p.Dispatches[i].Args[j].Tensor
	t := b.tensor(id, b.name(id, i))
	q := &port{tensor: t, ids: map[graph.TensorID]bool{}}
	if b.p.Tensors[id].Role == graph.Input {
		at, ok := b.inputs[id]
		if !ok {
			at, b.inputs[id] = x, x
		}
		q.again = at != x
	}
	if x.Kind == "layers" {
		q.tensor = tensor{Name: t.Role, Type: t.Type, Role: t.Role, short: t.Role}
	}
	k := slices.IndexFunc(x.Ports, func(o *port) bool {
		return o.Name == q.Name && o.Type == q.Type && o.Shape.Equal(q.Shape)
	})
	if k < 0 {
		k = len(x.Ports)
		x.Ports = append(x.Ports, q)
	}
	q = x.Ports[k]
	q.Access = accessText(q.Access, access)
	if !q.ids[id] {
		q.ids[id] = true
		q.Count++
		q.Total += t.Bytes
		if x.Kind == "layers" {
			q.Bytes = q.Total
		}
	}
	// An argument that is read and written comes here twice, once a direction.
	if b.p.Dispatches[i].Args[j].Access == access || access == graph.Read {
		q.Moved += b.moved(i, j)
	}
}

// accessText adds an access to one that is written r, w or rw.
func accessText(have string, a graph.Access) string {
	read := a&graph.Read != 0 || have == "r" || have == "rw"
	write := a&graph.Write != 0 || have == "w" || have == "rw"
	switch {
	case read && write:
		return "rw"
	case write:
		return "w"
	}
	return "r"
}

func (b *builder) addKernel(x *box, d *graph.Dispatch) {
	name := d.Kernel.String()
	for _, k := range x.Kernels {
		// At level model grids differ too much to be listed.
		if k.Name == name && (k.Groups == d.Workgroups || b.o.Level == levelModel) {
			k.Count++
			return
		}
	}
	x.Kernels = append(x.Kernels, &kernel{Name: name, Groups: d.Workgroups, Count: 1})
}

// params names the parameters of a dispatch that is drawn for so many like it.
func (b *builder) params(d *graph.Dispatch, count int) []param {
	var out []param
	for i, q := range d.Kernel.Op.Params() {
		if i >= len(d.Params) {
			break
		}
		if count > 1 && namesLayer(b.p, d, i) {
			continue
		}
		v := float64(d.Params[i])
		if q.Float {
			// Rounded through its own text: 1e-06, not 9.999999974752427e-07.
			f := math.Float32frombits(d.Params[i])
			fmt.Sscan(fmt.Sprint(f), &v)
		}
		out = append(out, param{q.Name, v})
	}
	return out
}

// segmentText names the segments of a box: the first, and how many more.
func segmentText(names []string) string {
	if len(names) <= 1 {
		return strings.Join(names, "")
	}
	return fmt.Sprintf("%s and %d more", names[0], len(names)-1)
}

// costs lays the profile over the boxes.
func (b *builder) costs() {
	f := b.o.Profile
	if f == nil {
		return
	}
	b.v.Bandwidth = f.Bandwidth
	most := 0.0
	for _, x := range b.v.Nodes {
		x.Cost = &cost{}
	}
	for i, ns := range f.Nanoseconds {
		c := b.at[i].Cost
		c.Time += ns
		b.v.Time += ns
		most = max(most, c.Time)
		if f.Bytes != nil {
			c.Bytes += f.Bytes[i]
		}
	}
	for _, x := range b.v.Nodes {
		c := x.Cost
		if b.v.Time > 0 {
			c.Share = c.Time / b.v.Time
			c.Heat = c.Time / most
		}
		if c.Time > 0 {
			c.GBs = float64(c.Bytes) / c.Time
		}
		if f.Bandwidth > 0 {
			c.Bandwidth = c.GBs * 1e9 / f.Bandwidth
		}
	}
}
