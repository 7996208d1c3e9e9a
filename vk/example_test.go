package vk_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"math"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/vk"
)

// A plan of one dispatch, y = silu(gate)·up, on whatever device there is.
func Example() {
	tensor := func(name string, role graph.Role, typ quant.Type, n uint64) graph.Tensor {
		return graph.Tensor{Name: name, Role: role, Type: typ, Shape: graph.Shape{n, 1}, Bytes: 4 * n}
	}
	layout := graph.StepLayout{Rows: 1}
	plan := &graph.Plan{Name: "unit", Rows: 1, Tensors: []graph.Tensor{
		tensor("step", graph.Input, quant.U32, uint64(layout.Words())),
		tensor("gate", graph.Input, quant.F32, 3), tensor("up", graph.Input, quant.F32, 3), tensor("y", graph.Output, quant.F32, 3)},
		Dispatches: []graph.Dispatch{{Kernel: graph.Kernel{Op: graph.OpSwiGLU, Type: quant.F32},
			Args: []graph.Arg{{Tensor: 0}, {Tensor: 1}, {Tensor: 2}, {Tensor: 3}}, Params: []uint32{3}, Workgroups: [3]uint32{1, 1, 1}}},
		Segments: []graph.Segment{{Name: "all", First: 0, Last: 1}}, Reads: []graph.TensorID{3}}

	run, err := vk.Open(vk.Options{Device: "auto"})
	if err != nil {
		log.Fatal(err)
	}
	defer run.Close()
	progs, err := run.Load([]*graph.Plan{plan}, 1)
	if err != nil {
		log.Fatal(err)
	}
	words := make([]uint32, layout.Words())
	layout.Fill(words, make([]graph.StepRow, 1), nil, nil)
	for name, values := range map[string][]uint32{"step": words, "gate": bits(-1, 0, 1), "up": bits(1, 2, 3)} {
		in, err := progs[0].Input(0, name)
		if err != nil {
			log.Fatal(err)
		}
		for i, v := range values {
			binary.LittleEndian.PutUint32(in[4*i:], v)
		}
	}
	step := graph.Ticket{Step: 1, Read: 1}
	if err := progs[0].Submit(0, step); err != nil {
		log.Fatal(err)
	}
	if err := progs[0].Wait(context.Background(), step); err != nil {
		log.Fatal(err)
	}
	y, err := progs[0].Read(0, 3)
	if err != nil {
		log.Fatal(err)
	}
	for ; len(y) > 0; y = y[4:] {
		fmt.Printf("%.4f\n", math.Float32frombits(binary.LittleEndian.Uint32(y)))
	}
	// Output:
	// -0.2689
	// 0.0000
	// 2.1932
}

func bits(fs ...float32) []uint32 {
	var out []uint32
	for _, f := range fs {
		out = append(out, math.Float32bits(f))
	}
	return out
}
