package export

import (
	"fmt"
	"strconv"

	"moeflow/graph"
)

// boxOf finds or makes the box of dispatch i, and its groups. Equal layers were
// folded before, so the box is that of the dispatch that i is drawn as.
func (b *builder) boxOf(i int) *box {
	n := &b.p.Nodes[b.p.Dispatches[i].Node]
	first, in := b.f.first[n.Layer], n.Layer >= 0
	var key string
	switch {
	case b.o.Level == levelDispatch:
		key = "d" + strconv.Itoa(b.f.dispatch[i])
	case in && b.o.Level == levelModel:
		key = "layers"
	case in && b.o.Level == levelLayer:
		key = "l" + strconv.Itoa(first)
	default:
		key = "s" + strconv.Itoa(b.f.node[b.p.Dispatches[i].Node])
	}
	x := b.boxes[key]
	if x == nil {
		x = b.newBox(i, n)
		x.order = len(b.v.Nodes)
		b.boxes[key] = x
		b.v.Nodes = append(b.v.Nodes, x)
	}
	return x
}

func (b *builder) newBox(i int, n *graph.PlanNode) *box {
	d := &b.p.Dispatches[i]
	x := &box{ID: fmt.Sprintf("n%d", len(b.v.Nodes)), Name: n.Name, Kind: n.Kind, Count: 1, Device: b.o.Device, Ports: []*port{}}
	in := n.Layer >= 0
	if in {
		x.Layers = b.f.alike[b.f.first[n.Layer]]
		if b.o.Level == levelModel {
			x.Layers = b.f.layers
		}
		x.Count = len(x.Layers)
		if x.Count > 1 {
			x.Name = starred(n.Name, n.Layer)
		}
	}
	switch b.o.Level {
	case levelModel, levelLayer:
		if in {
			x.Name = layersText(x.Layers)
			x.Kind = map[string]string{levelModel: "layers", levelLayer: "layer"}[b.o.Level]
		}
	case levelStage:
		x.frame = b.layerGroup(x)
	case levelDispatch:
		x.frame = b.group(x.Name, b.layerGroup(x), x)
		x.Kind, x.Params = d.Kernel.Op.String(), b.params(d, x.Count)
		x.Barrier, x.Starts, x.Wait = d.Barrier, b.starts[i], d.Wait
	}
	if x.frame != nil {
		x.Group = x.frame.ID
	}
	return x
}

// layerGroup is the frame of a box's layers, or nil outside layers.
func (b *builder) layerGroup(x *box) *group {
	if x.Layers == nil {
		return nil
	}
	return b.group(layersText(x.Layers), nil, x)
}

// group finds or makes the frame of this name inside another. Stages of two
// kinds of layers have one name between them.
func (b *builder) group(name string, up *group, x *box) *group {
	g := &group{Name: name, up: up, Layers: x.Layers, Count: x.Count}
	if up != nil {
		g.Parent = up.ID
	}
	key := g.Parent + " " + name
	if b.groups[key] == nil {
		g.ID = fmt.Sprintf("g%d", len(b.v.Groups))
		b.groups[key] = g
		b.v.Groups = append(b.v.Groups, g)
	}
	return b.groups[key]
}
