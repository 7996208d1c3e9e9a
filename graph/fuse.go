package graph

// fuse applies every rule once, in order, and notes how often each did something.
func fuse(u *unit) error {
	if u.opts.NoFuse {
		return nil
	}
	u.rules = map[string]int{}
	for _, r := range rules {
		u.matches = 0
		u.calls = r.apply(u, u.calls)
		u.rules[r.name] = u.matches
	}
	return u.sizeAll()
}

// without is the calls that are not dropped, in the same memory.
func without(calls []Dispatch, drop []bool) []Dispatch {
	kept := calls[:0]
	for i := range calls {
		if !drop[i] {
			kept = append(kept, calls[i])
		}
	}
	return kept
}

// become gives a call its op and arguments, each accessed as the op says.
func (d *Dispatch) become(op Op, args ...TensorID) {
	d.Kernel.Op = op
	for i, id := range args {
		d.Args = append(d.Args, Arg{id, op.Access(i)})
	}
}

// with is a call of another op with the same arguments but one.
func (d Dispatch) with(op Op, arg int, id TensorID) Dispatch {
	d.Kernel.Op = op
	d.Args = append([]Arg(nil), d.Args...)
	d.Args[arg].Tensor = id
	return d
}

// touches tells how a call uses a tensor.
func touches(d *Dispatch, id TensorID) (reads, writes bool) {
	for _, a := range d.Args {
		if a.Tensor == id {
			reads = reads || a.Access&Read != 0
			writes = writes || a.Access&Write != 0
		}
	}
	return reads, writes
}

// readers lists the calls that read what call i writes to a tensor.
func readers(calls []Dispatch, i int, id TensorID) []int {
	var out []int
	for j := i + 1; j < len(calls); j++ {
		r, w := touches(&calls[j], id)
		if r {
			out = append(out, j)
		}
		if w {
			break
		}
	}
	return out
}

// producer finds the last call before i that writes the tensor, or -1.
func producer(calls []Dispatch, i int, id TensorID) int {
	for j := i - 1; j >= 0; j-- {
		for _, a := range calls[j].Args {
			if a.Tensor == id && a.Access&Write != 0 {
				return j
			}
		}
	}
	return -1
}
