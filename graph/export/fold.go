package export

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"moeflow/graph"
)

// folding says which layer, node and dispatch each one is drawn as: itself, or
// its like in the first of the equal layers.
type folding struct {
	layers   []int         // layers of the plan, in order
	first    map[int]int   // layer → the layer it is drawn as
	alike    map[int][]int // that layer → all drawn as it
	node     []int         // by node of the plan
	dispatch []int         // by dispatch
}

// fold finds equal layers: those whose stages have the same kernels, grids and
// parameters, but for the layer's own number, over tensors of the same types and shapes. Barriers do not count:
// they follow from where memory was placed, and may differ at the borders.
func fold(p *graph.Plan, unfold bool) *folding {
	f := &folding{first: map[int]int{}, alike: map[int][]int{}}
	nodes, calls := map[int][]int{}, map[int][]int{}
	for i, n := range p.Nodes {
		f.node = append(f.node, i)
		if n.Layer >= 0 && nodes[n.Layer] == nil {
			f.layers = append(f.layers, n.Layer)
		}
		nodes[n.Layer] = append(nodes[n.Layer], i)
	}
	for i := range p.Dispatches {
		f.dispatch = append(f.dispatch, i)
		l := p.Nodes[p.Dispatches[i].Node].Layer
		calls[l] = append(calls[l], i)
	}
	seen := map[string]int{}
	for _, l := range f.layers {
		key := strconv.Itoa(l)
		if !unfold {
			key = signature(p, nodes[l], calls[l])
		}
		r, ok := seen[key]
		if !ok {
			r, seen[key] = l, l
		}
		f.first[l] = r
		f.alike[r] = append(f.alike[r], l)
		for i, n := range nodes[l] {
			f.node[n] = nodes[r][i]
		}
		for i, d := range calls[l] {
			f.dispatch[d] = calls[r][i]
		}
	}
	return f
}

// signature is equal for layers that fold. Tensors are numbered in order of
// first use, so that their wiring is compared and their names are not.
func signature(p *graph.Plan, nodes, calls []int) string {
	var b strings.Builder
	for _, n := range nodes {
		fmt.Fprintf(&b, "%s %s;", p.Nodes[n].Kind, starred(p.Nodes[n].Name, p.Nodes[n].Layer))
	}
	local := map[graph.TensorID]int{}
	for _, i := range calls {
		d := &p.Dispatches[i]
		fmt.Fprintf(&b, "%d %s %v %v", slices.Index(nodes, d.Node), d.Kernel, d.Workgroups, d.Work)
		for k, v := range d.Params {
			if namesLayer(p, d, k) {
				b.WriteString(" *")
				continue
			}
			fmt.Fprintf(&b, " %d", v)
		}
		for _, a := range d.Args {
			if a.Tensor == graph.NoTensor {
				b.WriteString(" -")
				continue
			}
			if _, ok := local[a.Tensor]; !ok {
				local[a.Tensor] = len(local)
			}
			t := &p.Tensors[a.Tensor]
			fmt.Fprintf(&b, " %d %d %s %v %s", local[a.Tensor], a.Access, t.Type, t.Shape, t.Role)
		}
		b.WriteByte(';')
	}
	return b.String()
}

// namesLayer tells whether parameter k of a dispatch only says which layer it
// belongs to, as names do.
func namesLayer(p *graph.Plan, d *graph.Dispatch, k int) bool {
	names := d.Kernel.Op.Params()
	return k < len(names) && names[k].Name == "layer" && p.Nodes[d.Node].Layer == int(d.Params[k])
}

// starred replaces the number of a layer in a name by a star: blk.3.attn_q
// becomes blk.*.attn_q for layer 3. Only a whole part between dots counts.
func starred(name string, layer int) string {
	if layer < 0 {
		return name
	}
	parts, n := strings.Split(name, "."), strconv.Itoa(layer)
	for i := range parts {
		if parts[i] == n {
			parts[i] = "*"
			return strings.Join(parts, ".")
		}
	}
	return name
}

// short leaves out what the surrounding frame says: the layer, and that a
// weight is one.
func short(name string) string {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[i+1:]
	}
	parts := strings.Split(strings.TrimSuffix(name, ".weight"), ".")
	for i, p := range parts[:len(parts)-1] {
		if _, err := strconv.Atoi(p); err == nil || p == "*" {
			return strings.Join(parts[i+1:], ".")
		}
	}
	return strings.Join(parts, ".")
}
