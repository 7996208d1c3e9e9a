package shaders_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/vk"
	"moeflow/vk/shaders"
)

// benchOnly narrows the benchmark to kernels whose name contains one of these.
var benchOnly = flag.String("kernels", "", "time only the kernels whose name contains one of these, separated by commas")

var benchRows = flag.Int("rows", 512, "rows of the benchmark's step")

var benchDepth = flag.Int("depth", 0, "positions before the rows of the benchmark's step")

// timed is one dispatch of the shapes of Qwen3-Coder-30B-A3B.
type timed struct {
	name   string
	op     graph.Op
	typ    quant.Type
	flops  float64 // useful ones, a row
	copies int     // tensors to take turns with, so that weights do not stay in a cache
	build  func(b *planBuilder, copy int)
}

// planBuilder collects the dispatches of a benchmark.
type planBuilder struct {
	p    graph.Plan
	rows uint64
	ids  map[string]graph.TensorID
	k    graph.Kernel
}

func (b *planBuilder) tensor(name string, role graph.Role, typ quant.Type, shape ...uint64) graph.TensorID {
	if id, ok := b.ids[name]; ok {
		return id
	}
	n, _ := graph.Shape(shape[1:]).Elements()
	row, err := typ.RowBytes(shape[0])
	if err != nil {
		panic(err) // the benchmark itself is unsound
	}
	t := graph.Tensor{Name: name, Shape: shape, Type: typ, Role: role, Bytes: vk.StoredBytes(typ, n*row)}
	b.ids[name] = graph.TensorID(len(b.p.Tensors))
	b.p.Tensors = append(b.p.Tensors, t)
	return b.ids[name]
}

func (b *planBuilder) state(name string, typ quant.Type, shape ...uint64) graph.TensorID {
	return b.tensor(b.k.String()+name, graph.State, typ, shape...)
}

func (b *planBuilder) call(k graph.Kernel, args []graph.TensorID, work []uint64, params ...uint32) {
	info, _, _ := shaders.Info(k)
	d := graph.Dispatch{Kernel: k, Params: params, Work: [3]uint32{1, 1, 1}, Workgroups: [3]uint32{1, 1, 1}, Barrier: true, Rows: uint32(b.rows)}
	for i, w := range work {
		d.Work[i] = uint32(w)
		if info.Tile[i] > 0 {
			d.Workgroups[i] = (d.Work[i] + info.Tile[i] - 1) / info.Tile[i]
		}
	}
	if info.MaxWorkgroups > 0 {
		d.Workgroups[0] = min(d.Workgroups[0], info.MaxWorkgroups)
	}
	for i, a := range args {
		if slices.Contains(info.F16, i) {
			b.p.Tensors[a].Type = quant.F16
		}
		d.Args = append(d.Args, graph.Arg{Tensor: a, Access: k.Op.Access(i)})
	}
	b.p.Dispatches = append(b.p.Dispatches, d)
}

func (b *planBuilder) linear(copy int, k, n uint64, res bool) {
	r, w := graph.NoTensor, b.state(fmt.Sprint("w", n, k, copy), b.k.Type, k, n)
	if res {
		r = b.state("res", quant.F32, n, b.rows)
	}
	b.call(b.k, []graph.TensorID{0, w, b.state(fmt.Sprint("x", k), quant.F32, k, b.rows), r, b.state(fmt.Sprint("y", n), quant.F32, n, b.rows)},
		[]uint64{n, b.rows}, uint32(k), uint32(n), graph.StepRows)
}

// groups makes the list of places once.
func (b *planBuilder) groups() (graph.TensorID, graph.Groups) {
	l := graph.NewGroups(128, 8, b.rows)
	_, made := b.ids["groups"]
	ids := b.tensor("ids", graph.Input, quant.U32, 8, b.rows)
	g := b.tensor("groups", graph.State, quant.U32, l.Words())
	if !made {
		b.call(graph.Kernel{Op: graph.OpMoESort, Type: quant.U32}, []graph.TensorID{0, ids, g}, []uint64{128}, 128, 8, graph.GroupTile, uint32(l.Tiles))
	}
	return g, l
}

func (b *planBuilder) attention(int) {
	kv := uint64((*benchDepth + int(b.rows) + 63) / 64 * 64)
	q, y := b.state("q", quant.F32, 4096, b.rows), b.state("y", quant.F32, 4096, b.rows)
	kc, vc := b.state("k_cache", b.k.Type, 512, kv), b.state("v_cache", b.k.Type, 512, kv)
	b.call(b.k, []graph.TensorID{0, q, kc, vc, y}, []uint64{32, b.rows}, 32, 4, 128, 64, math.Float32bits(float32(1/math.Sqrt(128))))
}

var benchShapes = []timed{
	{"q", graph.OpLinear, quant.Q4_K, 2 * 2048 * 4096, 16, func(b *planBuilder, i int) { b.linear(i, 2048, 4096, false) }},
	{"v", graph.OpLinear, quant.Q6_K, 2 * 2048 * 512, 16, func(b *planBuilder, i int) { b.linear(i, 2048, 512, false) }},
	{"o", graph.OpLinear, quant.Q4_K, 2 * 2048 * 4096, 16, func(b *planBuilder, i int) { b.linear(i, 4096, 2048, true) }},
	{"router", graph.OpLinear, quant.F32, 2 * 2048 * 128, 16, func(b *planBuilder, i int) { b.linear(i, 2048, 128, false) }},
	{"gate+up", graph.OpGroupedGEMMSwiGLU, quant.Q4_K, 2 * 8 * 2 * 2048 * 768, 4, func(b *planBuilder, i int) {
		g, l := b.groups()
		gate, up := b.state(fmt.Sprint("gate", i), b.k.Type, 2048, 768, 128), b.state(fmt.Sprint("up", i), b.k.Type, 2048, 768, 128)
		b.call(b.k, []graph.TensorID{0, gate, up, b.state("x", quant.F32, 2048, b.rows), g, b.state("h", quant.F32, 768, 8, b.rows)},
			[]uint64{768, l.Tiles}, 2048, 768, uint32(l.Tiles), 8)
	}},
	{"norm+gate+up", graph.OpExpertNormSwiGLU, quant.Q4_K, 2 * 8 * 2 * 2048 * 768, 4, func(b *planBuilder, i int) {
		g, l := b.groups()
		gate, up := b.state(fmt.Sprint("gate", i), b.k.Type, 2048, 768, 128), b.state(fmt.Sprint("up", i), b.k.Type, 2048, 768, 128)
		b.call(b.k, []graph.TensorID{0, b.state("x", quant.F32, 2048, b.rows), b.state("norm", quant.F32, 2048), gate, up, g, b.state("h", quant.F32, 768, 8, b.rows)},
			[]uint64{768, l.Tiles}, 2048, 768, uint32(l.Tiles), 8, math.Float32bits(1e-6))
	}},
	{"down", graph.OpGroupedGEMM, quant.Q6_K, 2 * 8 * 2048 * 768, 4, benchDown},
	{"down", graph.OpGroupedGEMM, quant.Q4_K, 2 * 8 * 2048 * 768, 4, benchDown},
	{"down+combine", graph.OpExpertDownGroup, quant.Q4_K, 2 * 8 * 2048 * 768, 4, benchDownGroup},
	{"down+combine", graph.OpExpertDownGroup, quant.Q6_K, 2 * 8 * 2048 * 768, 4, benchDownGroup},
	{"norm+q", graph.OpNormLinear, quant.Q4_K, 2 * 2048 * 4096, 16, func(b *planBuilder, i int) {
		b.call(b.k, []graph.TensorID{0, b.state("x", quant.F32, 2048, b.rows), b.state("norm", quant.F32, 2048), b.state(fmt.Sprint("w", i), b.k.Type, 2048, 4096),
			b.state("y", quant.F32, 4096, b.rows)}, []uint64{4096, b.rows}, 2048, 4096, graph.StepRows, math.Float32bits(1e-6))
	}},
	{"combine", graph.OpExpertCombine, quant.F32, 0, 1, func(b *planBuilder, _ int) {
		b.call(b.k, []graph.TensorID{0, b.state("slots", quant.F32, 2048, 8, b.rows), b.state("weights", quant.F32, 8, b.rows),
			b.state("res", quant.F32, 2048, b.rows), b.state("y", quant.F32, 2048, b.rows)}, []uint64{2048, b.rows}, 2048, 8)
	}},
	{"attention", graph.OpAttention, quant.F16, 0, 1, (*planBuilder).attention},
	{"attention", graph.OpAttention, quant.Q8_0, 0, 1, (*planBuilder).attention},
	{"norm", graph.OpRMSNorm, quant.F32, 0, 1, func(b *planBuilder, _ int) {
		b.call(b.k, []graph.TensorID{0, b.state("x", quant.F32, 2048, b.rows), b.state("w", quant.F32, 2048), b.state("y", quant.F32, 2048, b.rows)},
			[]uint64{2048, b.rows}, 2048, graph.StepRows, math.Float32bits(1e-6))
	}},
	{"top_k", graph.OpTopK, quant.F32, 0, 1, func(b *planBuilder, _ int) {
		b.call(b.k, []graph.TensorID{0, b.state("logits", quant.F32, 128, b.rows), b.state("ids", quant.U32, 8, b.rows), b.state("weights", quant.F32, 8, b.rows)},
			[]uint64{128, b.rows}, 128, 8, 1, math.Float32bits(1))
	}},
	{"rope", graph.OpRopeStore, quant.F16, 0, 1, func(b *planBuilder, _ int) {
		kv := uint64((*benchDepth + int(b.rows) + 63) / 64 * 64)
		f := func(name string, shape ...uint64) graph.TensorID { return b.state(name, quant.F32, shape...) }
		b.call(b.k, []graph.TensorID{0, f("q", 4096, b.rows), f("k", 512, b.rows), f("v", 512, b.rows), f("q_norm", 128), f("k_norm", 128), f("freqs", 64, 2),
			b.state("k_cache", b.k.Type, 512, kv), b.state("v_cache", b.k.Type, 512, kv)}, []uint64{40, b.rows}, 32, 4, 128, 128, 64, math.Float32bits(1e-6))
	}},
	{"group", graph.OpMoESort, quant.U32, 0, 1, func(b *planBuilder, _ int) {
		l := graph.NewGroups(128, 8, b.rows)
		b.call(b.k, []graph.TensorID{0, b.tensor("ids", graph.Input, quant.U32, 8, b.rows), b.state("g", quant.U32, l.Words())}, []uint64{128}, 128, 8, graph.GroupTile, uint32(l.Tiles))
	}},
}

func benchDown(b *planBuilder, i int) {
	g, l := b.groups()
	b.call(b.k, []graph.TensorID{0, b.state(fmt.Sprint("w", i), b.k.Type, 768, 2048, 128), b.state("h", quant.F32, 768, 8, b.rows), g,
		b.state("y", quant.F32, 2048, 8, b.rows)}, []uint64{2048, l.Tiles}, 768, 2048, uint32(l.Tiles), 1)
}

// BenchmarkKernels times the kernels of a prefill step, on zeros: each variant
// that the device can run, one dispatch after another with a barrier between.
func BenchmarkKernels(b *testing.B) {
	for _, s := range benchShapes {
		for _, k := range shaders.All() {
			info, needs, _ := shaders.Info(k)
			if k.Op != s.op || k.Type != s.typ || !wanted(s.name+" "+k.String(), *benchOnly) || info.Rows[1] != 0 && info.Rows[1] < uint32(*benchRows) {
				continue
			}
			b.Run(fmt.Sprintf("%s/%s", s.name, k), func(b *testing.B) { benchKernel(b, s, k, needs) })
		}
	}
}

func wanted(name, list string) bool {
	return list == "" || slices.ContainsFunc(strings.Split(list, ","), func(s string) bool { return strings.Contains(name, s) })
}

func benchKernel(b *testing.B, s timed, k graph.Kernel, needs []string) {
	run, err := vk.Open(vk.Options{Timestamps: true})
	if err != nil {
		b.Fatal(err)
	}
	defer run.Close()
	if info := run.Info(); !subset(needs, info.Capabilities()) {
		b.Skipf("the device lacks one of %v", needs)
	}
	const reps = 12
	rows := *benchRows
	layout := graph.StepLayout{Rows: rows, Outs: 1, Pages: (*benchDepth + rows + 63) / 64}
	pb := &planBuilder{rows: uint64(rows), ids: map[string]graph.TensorID{}, k: k}
	pb.p.Nodes = []graph.PlanNode{{Name: "node", Layer: -1}}
	pb.tensor("step", graph.Input, quant.U32, uint64(layout.Words()))
	for i := range reps {
		s.build(pb, i%s.copies)
	}
	pb.p.Segments = []graph.Segment{{Name: "all", Nodes: []int{0}, Last: len(pb.p.Dispatches)}}
	progs, err := run.Load([]*graph.Plan{&pb.p}, 1)
	if err != nil {
		b.Fatal(err)
	}
	fillStep(b, progs[0], layout)
	var us []float64
	for step := uint64(1); b.Loop(); step++ {
		tick := graph.Ticket{Step: step}
		if err := progs[0].Submit(0, tick); err != nil {
			b.Fatal(err)
		}
		if err := progs[0].Wait(context.Background(), tick); err != nil {
			b.Fatal(err)
		}
		times, err := progs[0].Times(0)
		if err != nil {
			b.Fatal(err)
		}
		for i, t := range times {
			if pb.p.Dispatches[i].Kernel == k && i > 1 {
				us = append(us, float64(t.Nanoseconds())/1e3)
			}
		}
	}
	slices.Sort(us)
	median := us[len(us)/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median, "µs")
	if s.flops > 0 {
		b.ReportMetric(s.flops*float64(rows)/median/1e6, "TFLOP/s")
	}
}

// fillStep writes a step of one sequence and, where there are any, ids.
func fillStep(b *testing.B, p *vk.Program, l graph.StepLayout) {
	mem, err := p.Input(0, "step")
	if err != nil {
		b.Fatal(err)
	}
	list, pages := make([]graph.StepRow, l.Rows), make([]uint32, l.Pages)
	for i := range list {
		list[i].Position = uint32(*benchDepth + i)
	}
	for i := range pages {
		pages[i] = uint32(i)
	}
	words := make([]uint32, l.Words())
	l.Fill(words, list, []uint32{0}, pages)
	copy(mem, u32Bytes(words))
	if ids, err := p.Input(0, "ids"); err == nil {
		s := newSource("ids")
		var chosen []uint32
		for range l.Rows {
			for _, e := range s.Perm(128)[:8] {
				chosen = append(chosen, uint32(e))
			}
		}
		copy(ids, u32Bytes(chosen))
	}
}

func benchDownGroup(b *planBuilder, i int) {
	g, l := b.groups()
	b.call(b.k, []graph.TensorID{0, b.state(fmt.Sprint("w", i), b.k.Type, 768, 2048, 128), b.state("h", quant.F32, 768, 8, b.rows), g,
		b.state("weights", quant.F32, 8, b.rows), b.state("res", quant.F32, 2048, b.rows), b.state("y", quant.F32, 2048, b.rows)}, []uint64{2048}, 768, 2048, uint32(l.Tiles), 8)
}
