package engine_test

import (
	"encoding/binary"
	"fmt"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/graph/backend"
	"moeflow/stages/ref"
)

// One step by hand, on the reference in Go: three tokens of a sequence, and the
// token that follows.
func Example() {
	m, err := model.Open("../../../../models/tiny-go-q4_k_m.gguf")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	e, err := engine.Open(m, engine.Options{
		Load:  engine.Load{Open: func(bool) (backend.Device, error) { return ref.NewDevice(), nil }},
		Plans: engine.Plans{KVType: quant.F16, Context: 64},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer e.Close()
	s := engine.Step{Plan: e.Bucket(3), Outs: []uint32{2}, Read: engine.ReadSampled}
	for i, id := range m.Tokenizer.Encode("func main", false) {
		s.Rows = append(s.Rows, graph.StepRow{Token: uint32(id), Position: uint32(i)})
	}
	s.Outs[0] = uint32(len(s.Rows) - 1)
	sequence := e.NewSequence()
	if err := e.Pool.Append(sequence, len(s.Rows)); err != nil {
		fmt.Println(err)
		return
	}
	s.Pages = e.Pool.Table(sequence)
	if err := e.Enqueue(&s); err != nil {
		fmt.Println(err)
		return
	}
	t, err := e.Next()
	if err != nil {
		fmt.Println(err)
		return
	}
	sampled, err := e.Sampled(t)
	fmt.Printf("%q %v\n", m.Tokenizer.Decode([]int32{int32(binary.LittleEndian.Uint32(sampled))}, false), err)
	// Output: "()" <nil>
}
