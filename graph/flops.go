package graph

// StepCounts is what a step computes: so many rows of one sequence behind Depth
// tokens, of which Outs want logits, each row with TopK experts.
type StepCounts struct{ Rows, Outs, Depth, TopK int }

// FLOPs is how many operations the products of a dispatch are, a multiplication and an
// addition counted as two. What is no product of matrices counts nothing; of attention,
// rows·keys and weights·values of the positions that each row sees.
func (d *Dispatch) FLOPs(s StepCounts) float64 { return opFLOPs(d.Kernel.Op, d.Params, s) }

func opFLOPs(op Op, params []uint32, s StepCounts) float64 {
	a := &axes{op: &ops[op], params: params}
	total := 0.0
	for _, p := range a.op.parts {
		inner, _ := ParseOp(p.op) // a test reads the table
		in := make([]uint32, len(p.params))
		for i, text := range p.params {
			in[i], _ = a.param(text, inner.Params()[i].Float) // what is not known here is no factor of a product
		}
		total += opFLOPs(inner, in, s)
	}
	for _, t := range a.op.cost {
		n := 1.0
		for _, f := range t.factors {
			n *= a.count(f, s)
		}
		total += n
	}
	return total
}

// count is a factor of a cost: a number, a parameter, or what the step says.
func (a *axes) count(name string, s StepCounts) float64 {
	rows := float64(s.Rows)
	switch name {
	case "rows": // that are active
		if word, ok := a.get("active"); ok && word == StepOuts {
			return float64(s.Outs)
		}
		return rows
	case "chosen": // experts of all rows
		return rows * float64(s.TopK)
	case "seen": // positions, by all rows
		return rows * (float64(s.Depth) + (rows+1)/2)
	}
	if v, ok := number(name); ok {
		return float64(v)
	}
	v, _ := a.get(name)
	return float64(v)
}
