package ref

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
)

// edge is a tensor of a hand-made plan with its contents.
type edge struct {
	name  string
	role  graph.Role
	shape graph.Shape
	typ   quant.Type
	data  any // []float32, []uint32, []byte or nil
}

func f32s(x ...float32) []float32 { return x }

func bytesOf(data any) []byte {
	var out []byte
	switch d := data.(type) {
	case []float32:
		for _, f := range d {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(f))
		}
	case []uint32:
		for _, w := range d {
			out = binary.LittleEndian.AppendUint32(out, w)
		}
	case []byte:
		out = append(out, d...)
	}
	return out
}

// stepEdge is a step with the given rows, outputs and pages.
func stepEdge(rows []graph.StepRow, outs, pages []uint32) edge {
	l := graph.StepLayout{Rows: len(rows), Outs: len(outs), Pages: len(pages)}
	words := make([]uint32, l.Words())
	l.Fill(words, rows, outs, pages)
	return edge{"step", graph.Input, graph.Shape{uint64(len(words))}, quant.U32, words}
}

// onePlan is a plan of one dispatch whose arguments are the edges in order; an
// edge without a name is absent.
func onePlan(t *testing.T, op graph.Op, edges []edge, params ...uint32) *Run {
	t.Helper()
	p := &graph.Plan{Name: "hand"}
	inputs := map[string][]byte{}
	d := graph.Dispatch{Kernel: graph.Kernel{Op: op}, Params: params}
	for i, e := range edges {
		if e.name == "" {
			d.Args = append(d.Args, graph.Arg{Tensor: graph.NoTensor})
			continue
		}
		d.Args = append(d.Args, graph.Arg{Tensor: graph.TensorID(len(p.Tensors)), Access: op.Access(i)})
		p.Tensors = append(p.Tensors, graph.Tensor{Name: e.name, Shape: e.shape, Type: e.typ, Role: e.role})
		if e.data != nil {
			inputs[e.name] = bytesOf(e.data)
		}
	}
	p.Dispatches = []graph.Dispatch{d}
	r, err := New(p, inputs)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustRun(t *testing.T, r *Run) {
	t.Helper()
	if err := r.Run(0, 1); err != nil {
		t.Fatal(err)
	}
}

func near(t *testing.T, r *Run, name string, want ...float64) {
	t.Helper()
	got, err := r.Floats(r.plan.Find(name))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%s has %d elements, wanted %d", name, len(got), len(want))
	}
	for i := range got {
		if math.Abs(got[i]-want[i]) > 1e-6*(1+math.Abs(want[i])) {
			t.Errorf("%s[%d] = %v, wanted %v", name, i, got[i], want[i])
		}
	}
}

func bits(f float32) uint32 { return math.Float32bits(f) }

func act(name string, data any, shape ...uint64) edge {
	return edge{name, graph.Activation, shape, quant.F32, data}
}

func weight(name string, data any, shape ...uint64) edge {
	return edge{name, graph.Weight, shape, quant.F32, data}
}

func index(name string, data any, shape ...uint64) edge {
	return edge{name, graph.Activation, shape, quant.U32, data}
}

var twoRows = stepEdge([]graph.StepRow{{Token: 2}, {Token: graph.FromSampled | 1}}, []uint32{1}, []uint32{0})

func TestEmbed(t *testing.T) {
	r := onePlan(t, graph.OpEmbed, []edge{twoRows, index("sampled", []uint32{9, 0}, 2),
		weight("table", f32s(1, 2, 3, 4, 5, 6), 2, 3), act("x", nil, 2, 3)}, 2)
	mustRun(t, r)
	near(t, r, "x", 5, 6, 1, 2, 0, 0)
}

func TestRMSNorm(t *testing.T) {
	r := onePlan(t, graph.OpRMSNorm, []edge{twoRows, act("x", f32s(3, 4, 1, 1, 9, 9), 2, 3),
		weight("w", f32s(1, 2), 2), act("y", nil, 2, 3)}, 2, graph.StepRows, bits(0))
	mustRun(t, r)
	s := math.Sqrt(12.5)
	near(t, r, "y", 3/s, 8/s, 1, 2, 0, 0)
	// The other word of the header: one output row.
	r = onePlan(t, graph.OpRMSNorm, []edge{twoRows, act("x", f32s(3, 4, 1, 1), 2, 2),
		weight("w", f32s(1, 2), 2), act("y", nil, 2, 2)}, 2, graph.StepOuts, bits(12.5))
	mustRun(t, r)
	near(t, r, "y", 3/5.0, 8/5.0, 0, 0)
}

func TestLinear(t *testing.T) {
	w := weight("w", f32s(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 5, 2)
	x := act("x", f32s(1, 0, 0, 0, 1, 1, 1, 1, 1, 1), 5, 2)
	r := onePlan(t, graph.OpLinear, []edge{twoRows, w, x, {}, act("y", nil, 2, 2)}, 5, 2, graph.StepRows)
	mustRun(t, r)
	near(t, r, "y", 6, 16, 15, 40)
	r = onePlan(t, graph.OpLinear, []edge{twoRows, w, x, act("res", f32s(1, 2, 3, 4), 2, 2), act("y", nil, 2, 2)},
		5, 2, graph.StepRows)
	mustRun(t, r)
	near(t, r, "y", 7, 18, 18, 44)
}

func TestLinearQuantized(t *testing.T) {
	// One Q8_0 block: d = 0.5, q = 0..31, so the sum with ones is 0.5·496.
	block := binary.LittleEndian.AppendUint16(nil, quant.F32ToF16(0.5))
	ones := make([]float32, 32)
	for i := range 32 {
		block, ones[i] = append(block, byte(i)), 1
	}
	one := stepEdge([]graph.StepRow{{}}, []uint32{0}, []uint32{0})
	r := onePlan(t, graph.OpLinear, []edge{one, {"w", graph.Weight, graph.Shape{32, 1}, quant.Q8_0, block},
		act("x", ones, 32, 1), {}, act("y", nil, 1, 1)}, 32, 1, graph.StepRows)
	mustRun(t, r)
	near(t, r, "y", 248)
}

func cacheEdge(name string, typ quant.Type, data any, shape ...uint64) edge {
	return edge{name, graph.State, shape, typ, data}
}

func TestRopeStore(t *testing.T) {
	// One query and one key head of 4, of which 2 are rotated by a quarter turn
	// a position; position 1 lies in page 2, slot 1.
	st := stepEdge([]graph.StepRow{{Position: 1, Pages: 1}}, []uint32{0}, []uint32{7, 2})
	ones := weight("q_norm", f32s(1, 1, 1, 2), 4)
	r := onePlan(t, graph.OpRopeStore, []edge{st, act("q", f32s(1, 1, 1, 1), 4, 1), act("k", f32s(1, 2, 3, 4), 4, 1),
		act("v", f32s(5, 6, 7, 8), 4, 1), ones, {}, weight("freqs", f32s(0.25, 0), 1, 2),
		cacheEdge("kc", quant.F32, nil, 4, 6), cacheEdge("vc", quant.F16, nil, 4, 6)},
		1, 1, 4, 2, 2, bits(0))
	mustRun(t, r)
	near(t, r, "q", -1, 1, 1, 2)
	wantK, wantV := make([]float64, 24), make([]float64, 24)
	copy(wantK[20:], []float64{-2, 1, 3, 4})
	copy(wantV[20:], []float64{5, 6, 7, 8})
	near(t, r, "kc", wantK...)
	near(t, r, "vc", wantV...)
}

func TestRopeLargePosition(t *testing.T) {
	// 0.3 turns a position as two floats: after 262143 positions the angle is
	// 0.9 turns, which one float would miss by far.
	hi := float32(0.3)
	lo := float32(0.3 - float64(hi))
	head := []float64{1, 0}
	rotate(head, []float64{float64(hi), float64(lo)}, 1, 262143)
	for i, want := range []float64{math.Cos(2 * math.Pi * 0.9), math.Sin(2 * math.Pi * 0.9)} {
		if math.Abs(head[i]-want) > 1e-8 {
			t.Errorf("element %d is %v, wanted %v", i, head[i], want)
		}
	}
}

func TestEncodeQ8(t *testing.T) {
	x := make([]float64, 32)
	x[0], x[1], x[2], x[3] = 127, -63.5, 0.4, -127
	out := make([]byte, 34)
	encodeQ8_0(out, x)
	want := []byte{0, 0x3c, 127, 256 - 64, 0, 256 - 127}
	if string(out[:6]) != string(want) {
		t.Errorf("got % x, wanted % x", out[:6], want)
	}
}

func TestAttention(t *testing.T) {
	// Positions 0 and 1 in pages 1 and 0 of one slot each. Two query heads
	// share the kv head; scores are 0 and ln 3 for the first, equal for the
	// second.
	st := stepEdge([]graph.StepRow{{Position: 1}}, []uint32{0}, []uint32{1, 0})
	ln3 := float32(math.Log(3))
	r := onePlan(t, graph.OpAttention, []edge{st, act("q", f32s(2, 0, 0, 0), 4, 1),
		cacheEdge("kc", quant.F32, f32s(ln3, 1, 0, 1), 2, 2), cacheEdge("vc", quant.F32, f32s(4, 8, 0, 4), 2, 2),
		act("y", nil, 4, 1)}, 2, 1, 2, 1, bits(0.5))
	mustRun(t, r)
	near(t, r, "y", 3, 7, 2, 6)
}

func TestTopK(t *testing.T) {
	nan := float32(math.NaN())
	ln := func(x float64) float32 { return float32(math.Log(x)) }
	edges := []edge{twoRows, act("logits", f32s(ln(1), ln(4), ln(4), ln(1), nan, 0, nan, 0), 4, 2),
		index("ids", nil, 2, 2), act("weights", nil, 2, 2)}
	r := onePlan(t, graph.OpTopK, edges, 4, 2, 0, bits(1))
	mustRun(t, r)
	near(t, r, "weights", 0.4, 0.4, 0.5, 0.5)
	if got := r.Words(2); got[0] != 1 || got[1] != 2 || got[2] != 1 || got[3] != 3 {
		t.Errorf("ids %v", got)
	}
	r = onePlan(t, graph.OpTopK, edges, 4, 2, 1, bits(3))
	mustRun(t, r)
	near(t, r, "weights", 1.5, 1.5, 1.5, 1.5)
}

func TestExperts(t *testing.T) {
	one := stepEdge([]graph.StepRow{{}}, []uint32{0}, []uint32{0})
	w := weight("w", f32s(1, 1, 2, 2, 3, 3, 4, 4), 2, 2, 2) // expert 1: rows {3,3}, {4,4}
	ids := index("ids", []uint32{1, 0}, 2, 1)
	x := act("x", f32s(1, 2), 2, 1)
	r := onePlan(t, graph.OpExpertLinear, []edge{one, w, x, ids, act("y", nil, 2, 2, 1)}, 2, 2, 2)
	mustRun(t, r)
	near(t, r, "y", 9, 12, 3, 6)

	up := weight("up", f32s(0, 1, 0, 1, 1, 0, 1, 0), 2, 2, 2)
	r = onePlan(t, graph.OpExpertGateUp, []edge{one, w, up, x, ids, act("y", nil, 2, 2, 1)}, 2, 2, 2)
	mustRun(t, r)
	near(t, r, "y", silu(9), silu(12), 2*silu(3), 2*silu(6))

	h := act("h", f32s(1, 0, 0, 1), 2, 2, 1)
	r = onePlan(t, graph.OpExpertDown, []edge{one, w, h, ids, act("weights", f32s(10, 100), 2, 1),
		act("res", f32s(0.5, 0.25), 2, 1), act("y", nil, 2, 1)}, 2, 2, 2)
	mustRun(t, r)
	near(t, r, "y", 130.5, 240.25)
}

func TestSwiGLU(t *testing.T) {
	one := stepEdge([]graph.StepRow{{}}, []uint32{0}, []uint32{0})
	r := onePlan(t, graph.OpSwiGLU, []edge{one, act("gate", f32s(0, 1, -1000), 3, 1), act("up", f32s(5, 2, 1), 3, 1),
		act("y", nil, 3, 1)}, 3)
	mustRun(t, r)
	near(t, r, "y", 0, 2/(1+math.Exp(-1)), 0)
}

func TestGatherArgMax(t *testing.T) {
	r := onePlan(t, graph.OpGather, []edge{twoRows, act("x", f32s(1, 2, 3, 4), 2, 2), act("y", nil, 2, 1)}, 2)
	mustRun(t, r)
	near(t, r, "y", 3, 4)

	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		logits []float32
		want   uint32
	}{{f32s(1, 3, 3), 1}, {f32s(-inf, -3, -2), 2}, {f32s(1, nan, 2), graph.NoToken}, {f32s(nan, -inf, -inf), graph.NoToken},
		{f32s(inf, 1, 2), graph.NoToken}, {f32s(-inf, -inf, -inf), graph.NoToken}} {
		r := onePlan(t, graph.OpArgMax, []edge{twoRows, act("logits", c.logits, 3, 1), index("sampled", nil, 1)}, 3)
		mustRun(t, r)
		if got := r.Words(2)[0]; got != c.want {
			t.Errorf("argmax of %v is %d, wanted %d", c.logits, got, c.want)
		}
		r = onePlan(t, graph.OpArgMaxPartial, []edge{twoRows, act("logits", c.logits, 3, 1), index("shares", nil, 2, 1, 1)}, 3)
		mustRun(t, r)
		r = onePlan(t, graph.OpArgMaxFinal, []edge{twoRows, index("shares", r.Words(2), 2, 1, 1), index("sampled", nil, 1)}, 3)
		mustRun(t, r)
		if got := r.Words(2)[0]; got != c.want {
			t.Errorf("argmax by shares of %v is %d, wanted %d", c.logits, got, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	bad := stepEdge([]graph.StepRow{{Token: 3, Position: 5}}, []uint32{1}, []uint32{0})
	x := act("x", f32s(1, 2), 2, 1)
	w3 := weight("w", f32s(1, 2, 3, 4), 2, 2, 1)
	for name, r := range map[string]*Run{
		"no row 3": onePlan(t, graph.OpEmbed, []edge{bad, index("s", nil, 1), weight("table", f32s(1, 2), 2, 1), x}, 2),
		"row 1 of": onePlan(t, graph.OpGather, []edge{bad, x, act("y", nil, 2, 1)}, 2),
		"expert 7": onePlan(t, graph.OpExpertLinear, []edge{bad, w3, x, index("ids", []uint32{7}, 1, 1), act("y", nil, 2, 1, 1)}, 2, 2, 1),
		"beyond": onePlan(t, graph.OpAttention, []edge{bad, x, cacheEdge("kc", quant.F32, nil, 2, 1),
			cacheEdge("vc", quant.F32, nil, 2, 1), act("y", nil, 2, 1)}, 1, 1, 2, 1, bits(1)),
	} {
		if err := r.Run(0, 1); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, wanted one with %q", err, name)
		}
	}
	p := &graph.Plan{Tensors: []graph.Tensor{{Name: "w", Role: graph.Weight, Type: quant.F32, Shape: graph.Shape{2}}}}
	if _, err := New(p, nil); err == nil {
		t.Error("a missing weight was accepted")
	}
	if _, err := New(p, map[string][]byte{"w": make([]byte, 7)}); err == nil {
		t.Error("a weight of the wrong size was accepted")
	}
}
