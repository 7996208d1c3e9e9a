package ref

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/graph/flow"
)

var _ flow.Backend = (*Program)(nil)

// countPlan embeds the token that the step before sampled; its table makes the
// next token's logit the largest, so that the sampled tokens count up.
func countPlan(name string) *graph.Plan {
	l := graph.StepLayout{Rows: 1, Outs: 1, Pages: 1}
	p := &graph.Plan{Name: name, Rows: 1, Tensors: []graph.Tensor{
		{Name: "step", Role: graph.Input, Type: quant.U32, Shape: graph.Shape{uint64(l.Words())}},
		{Name: "sampled", Role: graph.State, Type: quant.U32, Shape: graph.Shape{1}},
		{Name: "table", Role: graph.Weight, Type: quant.F32, Shape: graph.Shape{4, 4}},
		{Name: "logits", Role: graph.Output, Type: quant.F32, Shape: graph.Shape{4, 1}}}}
	arg := func(op graph.Op, ids ...graph.TensorID) (out []graph.Arg) {
		for i, id := range ids {
			out = append(out, graph.Arg{Tensor: id, Access: op.Access(i)})
		}
		return out
	}
	p.Dispatches = []graph.Dispatch{
		{Kernel: graph.Kernel{Op: graph.OpEmbed}, Args: arg(graph.OpEmbed, 0, 1, 2, 3), Params: []uint32{4}},
		{Kernel: graph.Kernel{Op: graph.OpArgMax}, Args: arg(graph.OpArgMax, 0, 3, 1), Params: []uint32{4}}}
	p.Segments = []graph.Segment{{First: 0, Last: 1}, {First: 1, Last: 2}}
	p.Reads = []graph.TensorID{1, 3}
	return p
}

func TestBackend(t *testing.T) {
	table := make([]float32, 16)
	for token := range 4 {
		table[token*4+(token+1)%4] = 1
	}
	progs, err := Load([]*graph.Plan{countPlan("a"), countPlan("b")}, map[string][]byte{"table": bytesOf(table)}, 2)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	l := graph.StepLayout{Rows: 1, Outs: 1, Pages: 1}
	for i := range 6 {
		// Plans and slots change from step to step; the sampled token is shared.
		p, tick := progs[i%2], graph.Ticket{Step: uint64(i + 1), Slot: i / 2 % 2, Plan: i % 2}
		in, err := p.Input(tick.Slot, "step")
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
		if err := p.Wait(ctx, tick); err != nil {
			t.Fatal(err)
		}
		got, err := p.Read(tick.Slot, 1)
		if err != nil {
			t.Fatal(err)
		}
		if token := binary.LittleEndian.Uint32(got); token != uint32(i+1)%4 {
			t.Errorf("step %d sampled %d, wanted %d", i+1, token, (i+1)%4)
		}
	}
}

func TestBackendErrors(t *testing.T) {
	if _, err := Load([]*graph.Plan{countPlan("a")}, nil, 1); err == nil {
		t.Error("a missing weight was accepted")
	}
	weights := map[string][]byte{"table": make([]byte, 64)}
	other := countPlan("b")
	other.Tensors[1].Shape = graph.Shape{2}
	if _, err := Load([]*graph.Plan{countPlan("a"), other}, weights, 1); err == nil {
		t.Error("plans that disagree about a state tensor were accepted")
	}
	progs, err := Load([]*graph.Plan{countPlan("a")}, weights, 1)
	if err != nil {
		t.Fatal(err)
	}
	p, tick := progs[0], graph.Ticket{Step: 1}
	if err := p.Submit(1, tick); err == nil {
		t.Error("the second segment was accepted before the first")
	}
	if err := p.Submit(0, tick); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(context.Background(), tick); err == nil {
		t.Error("half a step was waited for")
	}
	if err := p.Submit(1, tick); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Wait(ctx, tick); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled wait returned %v", err)
	}
	if _, err := p.Input(0, "logits"); err == nil {
		t.Error("an output was given as input")
	}
	if _, err := p.Read(1, 0); err == nil {
		t.Error("a slot that does not exist was read")
	}
}
