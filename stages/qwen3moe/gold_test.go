package qwen3moe

import (
	"archive/zip"
	"context"
	"encoding/binary"
	"io"
	"math"
	"testing"

	"moeflow/gguf"
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/stages/ref"
)

// words reads an array of 32-bit elements from the golden archive. An .npy file
// has 8 bytes of magic and version, two of the header's length, the header.
func words(t *testing.T, name string) []uint32 {
	t.Helper()
	z, err := zip.OpenReader("../../models/golden/golden.npz")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open(name + ".npy")
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	b = b[10+int(binary.LittleEndian.Uint16(b[8:])):]
	out := make([]uint32, len(b)/4)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return out
}

// compare gives the cosine of two rows of logits and whether their largest
// elements are at one place.
func compare(got []byte, want []uint32) (cosine float64, top bool) {
	var dot, gg, ww float64
	bestG, bestW := math.Inf(-1), math.Inf(-1)
	var atG, atW int
	for i := range want {
		g := float64(math.Float32frombits(binary.LittleEndian.Uint32(got[4*i:])))
		w := float64(math.Float32frombits(want[i]))
		dot, gg, ww = dot+g*w, gg+g*g, ww+w*w
		if g > bestG {
			bestG, atG = g, i
		}
		if w > bestW {
			bestW, atW = w, i
		}
	}
	return dot / math.Sqrt(gg*ww), atG == atW
}

// TestGolden runs the shipped model in plain Go: the graph itself is right, no
// shader involved.
func TestGolden(t *testing.T) {
	f, err := gguf.Open("../../models/tiny-go-q4_k_m.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := ReadConfig(f)
	if err != nil {
		t.Fatal(err)
	}
	const rows, vocab = 32, 4096
	layout := graph.StepLayout{Rows: rows, Outs: rows, Pages: 1}
	g, err := Build(f, c, Options{Layout: layout, KVType: quant.F16, Positions: 64, PageSize: 64, Slots: rows})
	if err != nil {
		t.Fatal(err)
	}
	p, err := graph.Compile(g, graph.Options{Kernels: anyKernel{}})
	if err != nil {
		t.Fatal(err)
	}
	weights := map[string][]byte{}
	for _, x := range f.Tensors() {
		weights[x.Name] = x.Data
	}
	progs, err := ref.Load([]*graph.Plan{p}, weights, 1)
	if err != nil {
		t.Fatal(err)
	}
	for n, prompt := range []string{"go", "chat"} {
		ids, exact := words(t, prompt+"_ids"), words(t, prompt+"_exact")
		step, outs := make([]graph.StepRow, len(ids)), make([]uint32, len(ids))
		for i, id := range ids {
			step[i], outs[i] = graph.StepRow{Token: id, Position: uint32(i), Slot: uint32(i)}, uint32(i)
		}
		buf := make([]uint32, layout.Words())
		layout.Fill(buf, step, outs, []uint32{0})
		logits := run(t, p, progs[0], graph.Ticket{Step: uint64(n + 1)}, buf)
		for i := range ids {
			cosine, top := compare(logits[4*vocab*i:], exact[vocab*i:vocab*(i+1)])
			if cosine < 0.99999 || !top {
				t.Errorf("%s, position %d: cosine %.7f, top-1 equal %v; wanted 0.99999 and true", prompt, i, cosine, top)
			}
		}
	}
}

// run computes one step and returns its logits.
func run(t *testing.T, p *graph.Plan, prog *ref.Program, tk graph.Ticket, step []uint32) []byte {
	t.Helper()
	in, err := prog.Input(0, "step")
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range step {
		binary.LittleEndian.PutUint32(in[4*i:], w)
	}
	if err := prog.Submit(0, tk); err != nil {
		t.Fatal(err)
	}
	if err := prog.Wait(context.Background(), tk); err != nil {
		t.Fatal(err)
	}
	b, err := prog.Read(0, p.Find(Logits))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
