package export

import (
	"hash/fnv"
	"slices"
	"strings"

	"moeflow/graph"
)

// colours are of the types by name: plain floats and integers grey to blue,
// quantized ones from warm (few bits) to green and violet. All are legible on
// light and on dark ground.
var colours = map[string]string{
	"F32": "#7b8794", "F16": "#4c8fd6", "BF16": "#3fa7b5", "U32": "#a08a6b", "I32": "#8d7a5e",
	"Q2_K": "#c2185b", "Q3_K": "#d9488b", "Q4_0": "#e0672f", "Q4_1": "#c9853d", "Q4_K": "#e8912d",
	"Q5_0": "#b59d1e", "Q5_1": "#93a11f", "Q5_K": "#7fa82e", "Q6_K": "#2fa36b", "Q8_0": "#8a63d2", "Q8_K": "#a78bda",
}

// spare are the colours of types that the table does not name.
var spare = []string{"#d0605e", "#5e7fd0", "#5ea36a", "#b86fc4", "#4fa3a0", "#b07f45"}

func colourOf(typ string) string {
	if c, ok := colours[typ]; ok {
		return c
	}
	h := fnv.New32a()
	h.Write([]byte(typ))
	return spare[h.Sum32()%uint32(len(spare))]
}

// legendOf lists the types of the tensors that the plan's dispatches use, those
// with the most bytes of weights first.
func legendOf(p *graph.Plan) []*legend {
	of, seen := map[string]*legend{}, map[graph.TensorID]bool{}
	var all []*legend
	for i := range p.Dispatches {
		for _, a := range p.Dispatches[i].Args {
			if a.Tensor == graph.NoTensor || seen[a.Tensor] {
				continue
			}
			seen[a.Tensor] = true
			t := &p.Tensors[a.Tensor]
			l := of[t.Type.String()]
			if l == nil {
				l = &legend{Type: t.Type.String(), Colour: colourOf(t.Type.String())}
				of[l.Type], all = l, append(all, l)
			}
			if t.Role == graph.Weight {
				l.Weights++
				l.Bytes += t.Bytes
			}
		}
	}
	slices.SortFunc(all, func(a, b *legend) int {
		switch {
		case a.Bytes > b.Bytes:
			return -1
		case a.Bytes < b.Bytes:
			return 1
		}
		return strings.Compare(a.Type, b.Type)
	})
	return all
}
