package ref_test

import (
	"encoding/binary"
	"fmt"
	"math"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/stages/ref"
)

// One dispatch: the gated unit of a row of two elements.
func Example() {
	layout := graph.StepLayout{Rows: 1, Outs: 1, Pages: 1}
	words := make([]uint32, layout.Words())
	layout.Fill(words, []graph.StepRow{{}}, []uint32{0}, []uint32{0})

	var step, gate, up []byte
	for _, w := range words {
		step = binary.LittleEndian.AppendUint32(step, w)
	}
	for i, f := range []float32{0, 1} {
		gate = binary.LittleEndian.AppendUint32(gate, math.Float32bits(f))
		up = binary.LittleEndian.AppendUint32(up, math.Float32bits(float32(i+2)))
	}
	row := graph.Shape{2, 1}
	plan := &graph.Plan{
		Tensors: []graph.Tensor{
			{Name: "step", Shape: graph.Shape{uint64(len(words))}, Type: quant.U32, Role: graph.Input},
			{Name: "gate", Shape: row, Type: quant.F32}, {Name: "up", Shape: row, Type: quant.F32},
			{Name: "y", Shape: row, Type: quant.F32}},
		Dispatches: []graph.Dispatch{{
			Kernel: graph.Kernel{Op: graph.OpSwiGLU, Type: quant.F32},
			Args:   []graph.Arg{{Tensor: 0}, {Tensor: 1}, {Tensor: 2}, {Tensor: 3}},
			Params: []uint32{2},
		}},
	}
	run, err := ref.New(plan, map[string][]byte{"step": step, "gate": gate, "up": up})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := run.Run(0, 1); err != nil {
		fmt.Println(err)
		return
	}
	y, _ := run.Floats(3)
	fmt.Printf("%.4f\n", y)
	// Output: [0.0000 2.1932]
}
