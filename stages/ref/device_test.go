package ref

import (
	"context"
	"encoding/binary"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/graph/backend"
)

var _ backend.Device = (*Device)(nil)

// TestDevice: what a step's ticket asked for stays as that step left it, though a
// later step in another slot changes the state; every dispatch is timed, in order.
func TestDevice(t *testing.T) {
	table := make([]float32, 16)
	for token := range 4 {
		table[token*4+(token+1)%4] = 1
	}
	d := NewDevice()
	var done, all uint64
	weights := []backend.Weight{{Name: "table", Data: bytesOf(table), Type: quant.F32}}
	if err := d.Upload(weights, func(n, m uint64) { done, all = n, m }); err != nil || done != 64 || all != 64 {
		t.Fatalf("uploaded %d of %d bytes, %v", done, all, err)
	}
	if err := d.Upload(weights, nil); err == nil {
		t.Error("a weight was uploaded twice")
	}
	progs, err := d.Load([]*graph.Plan{countPlan("a")}, 2)
	if err != nil {
		t.Fatal(err)
	}
	p, timed := progs[0], progs[0].(backend.Timed)
	if _, err := timed.Ticks(0); err == nil {
		t.Error("a slot that ran nothing has times")
	}
	clock, err := timed.Clock()
	if err != nil {
		t.Fatal(err)
	}
	l := graph.StepLayout{Rows: 1, Outs: 1, Pages: 1}
	last := clock.Host
	for i := range 2 {
		tick := graph.Ticket{Step: uint64(i + 1), Slot: i, Read: 1}
		in, err := p.Input(i, "step")
		if err != nil {
			t.Fatal(err)
		}
		words := make([]uint32, l.Words())
		l.Fill(words, []graph.StepRow{{Token: graph.FromSampled}}, []uint32{0}, []uint32{0})
		copy(in, bytesOf(words))
		for seg := range 2 {
			if err := p.Submit(seg, tick); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Wait(context.Background(), tick); err != nil {
			t.Fatal(err)
		}
		ticks, err := timed.Ticks(i)
		if err != nil || len(ticks) != 2 {
			t.Fatalf("%d times of two dispatches, %v", len(ticks), err)
		}
		for _, x := range ticks {
			if clock.At(x.Begin).Before(last) || x.End < x.Begin {
				t.Errorf("step %d: a dispatch from %v to %v, behind %v", i+1, clock.At(x.Begin), clock.At(x.End), last)
			}
			last = clock.At(x.End)
		}
		if n, err := timed.Progress(tick); n != 0 || err != nil {
			t.Errorf("%d segments of a step are done that is over, %v", n, err)
		}
	}
	for i := range 2 {
		got, err := p.Read(i, 1)
		if err != nil {
			t.Fatal(err)
		}
		if token := binary.LittleEndian.Uint32(got); token != uint32(i+1) {
			t.Errorf("slot %d sampled %d, wanted %d", i, token, i+1)
		}
	}
}
